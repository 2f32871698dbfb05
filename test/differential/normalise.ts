/**
 * Makes the answers of two servers comparable: what no two servers can have in common (uids, times, revisions, generated names, continue
 * tokens, ages) is replaced by placeholders that keep what can be told about them: which are equal, and of which form they are.
 *
 * One Normaliser per server and sequence: the first uid seen is `<uid 1>` everywhere, and so on.
 */
import { parseYaml } from '../../controlplane/apiserver/codec/yaml';
import { isObject, type JsonObject } from '../../controlplane/apiserver/schema/schema';

export interface RawAnswer {
  code: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

export interface Normal {
  code: number;
  /** And, of JSON, its `layout`. */
  headers: Record<string, string>;
  body: unknown;
}

/** Headers that clients act on. */
const HEADERS = ['content-type', 'cache-control', 'warning', 'retry-after', 'x-content-type-options', 'www-authenticate', 'allow'];

const UID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;
const DAY_MS = 24 * 3600 * 1000;
const SUFFIX = /[bcdfghjklmnpqrstvwxz2456789]{5}$/;
/** Revisions in messages: only where they are known to stand. */
const REVISIONS = [/(in record \()\d+/g, /(resource version: )\d+/g, /(current: )\d+/g, /(resource version:? )\d+ \(\d+\)/g, /(ResourceVersion in (?:precondition|object meta): )\d+/g, /(specified resourceVersion )\d+/g];
/** What a patch gave, printed as the server keeps it. */
const PATCHED = /(?<=^|patch: )Invalid value: "(?:\{|map\[)(?:[^"\\]|\\.)*"(?=: )/s;
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/** How JSON is laid out: for people or not, and what is behind it. */
function layoutOf(text: string): string {
  return `${/^\{\s*\n/.test(text) ? 'indented' : 'dense'}${text.endsWith('\n') ? ', newline' : ''}`;
}

export class Normaliser {
  readonly #uids = new Map<string, string>();
  readonly #versions = new Map<string, string>();
  readonly #names = new Map<string, string>();
  /** Whether the answer at hand is a list: its own revision is no object's. */
  #list = false;

  constructor(private readonly secrets: ReadonlyMap<string, string>, private readonly now: () => number) {}

  answer({ code, headers, text }: RawAnswer, pick: (body: unknown) => unknown = (body) => body): Normal {
    const kept: Record<string, string> = {};
    for (const name of HEADERS) {
      const value = headers[name];
      if (value !== undefined) kept[name] = this.#text(Array.isArray(value) ? value.join(', ') : value);
    }
    if (/^application\/json\b/.test(String(headers['content-type']))) kept.layout = layoutOf(text);
    const read = /^application\/yaml\b/.test(String(headers['content-type'])) ? parseYaml(text).value : parse(text);
    const body = code < 400 ? pick(read) : read;
    this.#list = isList(body);
    return { code, headers: kept, body: this.#value(inOrder(body), []) };
  }

  #value(value: unknown, path: readonly string[]): unknown {
    if (typeof value === 'string') return this.#string(value, path);
    if (Array.isArray(value) && path[path.length - 1] === 'managedFields') return this.#managers(value, path);
    if (Array.isArray(value)) return value.map((item, index) => this.#value(item, [...path, String(index)]));
    if (!isObject(value)) return value;
    if (value.kind === 'Table') return this.#table(value, path);
    if (value.type === 'BOOKMARK' && isObject(value.object) && isObject(value.object.metadata)) value.object.metadata.resourceVersion = '<bookmark>';
    this.#noteGenerated(value);
    // In the order of their names: what is seen first must not depend on the order of the text.
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, this.#value(value[key], [...path, key])]));
  }

  /** By who it is: their order depends on which second it is. */
  #managers(entries: unknown[], path: readonly string[]): JsonObject {
    const keyed = entries.filter(isObject).map(({ manager, operation, apiVersion, subresource, ...rest }) => {
      const key = [manager, operation, apiVersion, subresource].filter((part) => part !== undefined).join(' ');
      return [key, this.#value(rest, [...path, key])] as const;
    });
    return Object.fromEntries(keyed);
  }

  #noteGenerated({ generateName, name }: JsonObject): void {
    if (typeof generateName === 'string' && typeof name === 'string' && name.startsWith(generateName) && SUFFIX.test(name) && !this.#names.has(name)) {
      this.#names.set(name, `${generateName}<generated ${this.#names.size + 1}>`);
    }
  }

  #string(value: string, path: readonly string[]): string {
    const key = path[path.length - 1];
    if (key === 'resourceVersion' && /^\d+$/.test(value)) return this.#version(value, path);
    if (key === 'continue' && value !== '') return '<continue>';
    return this.#text(value);
  }

  /** Revisions of lists and bookmarks move with what others write; those of objects are told apart by order of appearance. */
  #version(value: string, path: readonly string[]): string {
    if (path.length === 2 && path[0] === 'metadata' && this.#list) return value === '0' ? '0' : '<list revision>';
    return numbered(this.#versions, value, 'revision');
  }

  #text(value: string): string {
    let out = value;
    for (const [name, shown] of this.#names) out = out.replaceAll(name, shown);
    for (const [secret, name] of this.secrets) out = out.replaceAll(secret, name);
    out = out.replace(PATCHED, 'Invalid value: <what the patch gave>');
    out = out.replace(UID, (uid) => numbered(this.#uids, uid, 'uid'));
    out = out.replace(TIME, (time) => (Math.abs(Date.parse(time) - this.now()) < DAY_MS ? `<time ${time.replace(/\d/g, '0')}>` : time));
    for (const pattern of REVISIONS) out = out.replace(pattern, '$1<revision>');
    return out.replace(JWT, '<token>');
  }

  /** Ages are pre-rendered. */
  #table(table: JsonObject, path: readonly string[]): JsonObject {
    const rows = Array.isArray(table.rows) ? (table.rows as JsonObject[]) : [];
    const shown = rows.map((row) => ({
      ...row,
      cells: (row.cells as unknown[]).map((cell) => (typeof cell === 'string' && /^(\d+[smhdy])+$/.test(cell) ? '<age>' : cell)),
    }));
    const { kind, ...rest }: JsonObject = { ...table, rows: shown };
    return { kind, ...(this.#value(rest, path) as JsonObject) };
  }
}

interface Cause {
  field: string;
  message: string;
}

/**
 * Several mistakes in one order: kube-apiserver looks at the fields of an object in an order that changes from request to request. So does
 * the order in which it lists the custom resources of a group, from run to run.
 */
function inOrder(body: unknown): unknown {
  if (isObject(body) && typeof body.groupVersion === 'string' && Array.isArray(body.resources)) {
    return { ...body, resources: [...(body.resources as { name: string }[])].sort((a, b) => (a.name < b.name ? -1 : 1)) };
  }
  if (!isObject(body) || body.kind !== 'Status' || body.reason !== 'Invalid' || !isObject(body.details) || !Array.isArray(body.details.causes)) return body;
  const causes = [...(body.details.causes as Cause[])].sort((a, b) => (lineOf(a) < lineOf(b) ? -1 : 1));
  const lines = [...new Set(causes.map(lineOf))];
  const listed = /^(.* is invalid: )\[(.*)\]$/s.exec(String(body.message));
  const whole = listed && listed[2].length === lines.join(', ').length && lines.every((line) => listed[2].includes(line));
  return { ...body, details: { ...body.details, causes }, ...(whole && { message: `${listed[1]}[${lines.join(', ')}]` }) };
}

const lineOf = ({ field, message }: Cause): string => `${field}: ${message}`;

function numbered(seen: Map<string, string>, value: string, what: string): string {
  let shown = seen.get(value);
  if (shown === undefined) {
    shown = `<${what} ${seen.size + 1}>`;
    seen.set(value, shown);
  }
  return shown;
}

/** JSON; a stream of JSON lines as a list; anything else as the text that it is. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const lines = text.split('\n').filter((line) => line !== '');
    try {
      return lines.length > 1 ? lines.map((line) => JSON.parse(line) as unknown) : text;
    } catch {
      return text;
    }
  }
}

/** Whether a body is a list or a Table: something whose own revision is the store's. */
function isList(body: unknown): boolean {
  return isObject(body) && (Array.isArray(body.items) || Array.isArray(body.rows));
}

export interface Difference {
  /** `code`, `headers.warning`, `body.metadata.labels`, … */
  at: string;
  real: unknown;
  ours: unknown;
}

/** Where two values differ, deepest places first. */
export function differences(real: unknown, ours: unknown, at = ''): Difference[] {
  if (Array.isArray(real) && Array.isArray(ours) && real.length === ours.length) {
    return real.flatMap((item, index) => differences(item, ours[index] as unknown, `${at}.${index}`));
  }
  if (isObject(real) && isObject(ours)) {
    const keys = [...new Set([...Object.keys(real), ...Object.keys(ours)])];
    return keys.flatMap((key) => differences(real[key], ours[key], at === '' ? key : `${at}.${key}`));
  }
  return JSON.stringify(real) === JSON.stringify(ours) ? [] : [{ at, real, ours }];
}
