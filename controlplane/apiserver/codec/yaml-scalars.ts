/**
 * What scalars of YAML mean: as go-yaml 2 reads YAML 1.1, which is how Kubernetes reads its bodies. `yes`, `on` and `y` are true, `010` is 8,
 * `1_000` is 1000; times and numbers of base 60 are text. Pure.
 */
import { badRequest } from '../http/errors';

/** An integer beyond what is safe is a bigint: at most 64 bits, with a sign or without. */
export type Resolved =
  | { tag: 'str'; value: string }
  | { tag: 'bool'; value: boolean }
  | { tag: 'null'; value: null }
  | { tag: 'int'; value: number | bigint }
  | { tag: 'float'; value: number };

const PREFIX = 'tag:yaml.org,2002:';
const RESOLVED_TAGS = new Set(['bool', 'int', 'float', 'null', 'timestamp']);
const INF = { tag: 'float', value: Infinity } as const;

const WORDS = new Map<string, Resolved>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, { tag: 'bool', value: true }] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, { tag: 'bool', value: false }] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, { tag: 'null', value: null }] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, { tag: 'float', value: NaN }] as const),
  ...['.inf', '.Inf', '.INF'].flatMap((word) => [[word, INF], [`+${word}`, INF], [`-${word}`, { tag: 'float', value: -Infinity }]] as const),
]);

/** @param tag in full, '!' or '' @param isPlain whether it stands without quotes @throws ApiError 400: it is nothing of its tag */
export function resolveScalar(text: string, tag: string, isPlain: boolean): Resolved {
  const name = tag.startsWith(PREFIX) ? tag.slice(PREFIX.length) : '';
  if (tag === '' && isPlain) return resolvePlain(text);
  if (name === 'binary') return { tag: 'str', value: fromBase64(text) };
  if (!RESOLVED_TAGS.has(name)) return { tag: 'str', value: text };
  const found = resolvePlain(text);
  if (name === 'timestamp' && TIMESTAMP.test(text)) return { tag: 'str', value: text };
  if (name === 'float' && found.tag === 'int') return { tag: 'float', value: Number(found.value) };
  if (name !== found.tag) throw badRequest(`yaml: cannot decode !!${found.tag} \`${text}\` as a !!${name}`);
  return found;
}

const HINT = /^[-+.\dyYnNtTfFoO~]|^$/;
const DECIMAL = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const DOTTED = /^\.\d+(?:_\d+)*(?:[eE][-+]?\d+(?:_\d+)*)?$/;
const SMALL = /^-?(?:0|[1-9]\d{0,14})$/;
const TIMESTAMP = /^\d{4}-\d\d?-\d\d?(?:[Tt]\d\d?:\d\d?:\d\d?(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)| \d\d?:\d\d?:\d\d?(?:[.,]\d+)?)?$/;

function resolvePlain(text: string): Resolved {
  if (SMALL.test(text)) return { tag: 'int', value: Number(text) + 0 };
  const asText: Resolved = { tag: 'str', value: text };
  if (!HINT.test(text)) return asText;
  const word = WORDS.get(text);
  if (word) return word;
  if (text.startsWith('.')) return floatOf(text, DOTTED) ?? asText;
  if (!/^[-+\d]/.test(text)) return asText;
  const plain = text.replaceAll('_', '');
  return integerOf(plain) ?? floatOf(plain, DECIMAL) ?? asText;
}

const INTEGER = /^([-+]?)(?:(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+)|0([0-7]*)|([1-9]\d*))$/;

/** Of 64 bits, with a sign or without one. */
function integerOf(text: string): Resolved | undefined {
  const [found, sign, prefixed, octal, decimal] = INTEGER.exec(text) ?? [];
  // More digits are no integer: they need not be computed.
  if (found === undefined || found.length > MAX_DIGITS) return undefined;
  const size = BigInt(prefixed ?? decimal ?? `0o${octal || '0'}`);
  const value = sign === '-' ? -size : size;
  if (value !== BigInt.asIntN(64, value) && (sign !== '' || value !== BigInt.asUintN(64, value))) return undefined;
  return { tag: 'int', value: Number.isSafeInteger(Number(value)) ? Number(value) : value };
}
/** 64 bits and their prefix and sign; more than that with zeros before them. */
const MAX_DIGITS = 1024;

/** What is beyond a double is text. */
function floatOf(text: string, form: RegExp): Resolved | undefined {
  if (!form.test(text)) return undefined;
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? { tag: 'float', value } : undefined;
}

function fromBase64(text: string): string {
  const plain = text.replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(plain)) throw badRequest('yaml: !!binary value contains invalid base64 data');
  return Buffer.from(plain, 'base64').toString('utf8');
}

/** The field that a key stands for; undefined: it stands for none. */
export function fieldName({ tag, value }: Resolved): string | undefined {
  if (tag === 'null' || (typeof value === 'bigint' && value > MAX_INT64)) return undefined;
  return tag === 'float' ? floatName(value) : String(value);
}

const MAX_INT64 = 2n ** 63n - 1n;

/** As Go prints a float of 32 bits, in as few digits as tell it from others. */
function floatName(value: number): string {
  const single = Math.fround(value);
  if (Number.isNaN(single)) return '.nan';
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf';
  if (single === 0) return Object.is(single, -0) ? '-0' : '0';
  let digits = 1;
  while (Math.fround(Number(single.toExponential(digits - 1))) !== single) digits += 1;
  const [mantissa, exponent] = single.toExponential(digits - 1).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < POWERS) return String(Number(single.toPrecision(digits)));
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
/** Of ten, that are written out. */
const POWERS = 6;
