/** Bodies: JSON, YAML and protobuf that are nearly right, or not at all. */
import fc from 'fast-check';
import { stringify } from 'yaml';

import { damaged, oddText, oddValue } from './values';

export interface Body {
  type: string;
  bytes: Buffer;
}

/** JSON of anything: what JSON.stringify cannot say counts as null. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return 'null';
  }
}

const NUMBERS = ['1e400', '-1e400', '123456789012345678901234567890', '0.00000000000000000000000000001', '1E+2', '-0', '01', '1.', '.5', '+1', 'NaN', 'Infinity', '0x1F', '1_000'];

/** Damage below the level of values. */
const spoil: fc.Arbitrary<(text: string) => Buffer> = fc.oneof(
  { weight: 14, arbitrary: fc.constant((text: string) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map((part) => (text: string) => Buffer.from(text.slice(0, Math.floor(text.length * part)))) },
  { weight: 1, arbitrary: oddText.map((tail) => (text: string) => Buffer.from(text + tail)) },
  { weight: 1, arbitrary: fc.constantFrom('\ufeff', ' \n\t', '\0', '//c\n', '<!-- -->').map((head) => (text: string) => Buffer.from(head + text)) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 6 })).map(([at, bytes]) => (text: string) => {
    const all = Buffer.from(text);
    const place = at % (all.length + 1);
    return Buffer.concat([all.subarray(0, place), bytes, all.subarray(place)]);
  }) },
  { weight: 1, arbitrary: fc.constantFrom(...NUMBERS).map((number) => (text: string) => Buffer.from(text.replace(/:("[^"]*"|\d+)/, `:${number}`))) },
  // A field twice.
  { weight: 1, arbitrary: fc.constant((text: string) => Buffer.from(text.replace(/"(\w+)":([^,{}[\]]+)/, '"$1":$2,"$1":$2'))) },
  { weight: 1, arbitrary: fc.constant((text: string) => Buffer.from(text, 'utf16le')) },
  { weight: 1, arbitrary: fc.constant((text: string) => Buffer.from(text.replace(/"(\w+)":/, '"\\u005f_proto__":'))) },
);

const YAML_TRAPS = [
  'a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f]\n',
  '&a [*a]', 'a: *nowhere', '<<: {__proto__: {x: 1}}', '? {a: b}\n: c', '!!js/function "function(){}"', '!!binary "####"', '--- a\n--- b\n...\n', '%YAML 9.9\n---\na: 1', 'a: 1\na: 2', '\ta: 1',
  'kind: !!python/object/apply:os.system ["true"]', 'metadata: {name: 0777}', 'a: 2001-01-01\nb: 1_000\nc: 0o14\nd: .inf\ne: .nan', `${'- '.repeat(2000)}x`, `${'- '.repeat(9000)}|\n x`, `${'? '.repeat(9000)}x`, `a: &a !!binary ${'QUFB'.repeat(20_000)}\nb: &b [${'*a, '.repeat(45)}]\nc: [${'*b, '.repeat(45)}]`, `${'['.repeat(5000)}`, `${'{a: '.repeat(3000)}`, 'a: "\\x"', "a: 'unterminated", '|', '>-\n', '__proto__: {polluted: true}',
];

/** The envelope of Kubernetes' protobuf around bytes of any kind. */
const protobuf: fc.Arbitrary<Buffer> = fc.tuple(
  fc.constantFrom('v1', 'gleaner.dev/v1alpha1', 'authorization.k8s.io/v1', 'coordination.k8s.io/v1', ''),
  fc.constantFrom('Namespace', 'Secret', 'ConfigMap', 'Lease', 'SelfSubjectAccessReview', 'TokenRequest', 'DeleteOptions', 'Nothing', ''),
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom('good', 'truncated', 'length', 'magic', 'varint'),
).map(([apiVersion, kind, raw, fault]) => {
  const field = (number: number, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([number * 8 + 2]), varint(bytes.length), bytes]);
  const meta = Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))]);
  const body = Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, fault === 'magic' ? 1 : 0]), field(1, meta), field(2, raw)]);
  if (fault === 'truncated') return body.subarray(0, Math.floor(body.length / 2));
  if (fault === 'length') return Buffer.concat([body.subarray(0, 4), Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), body.subarray(5)]);
  return fault === 'varint' ? Buffer.concat([body, Buffer.from([0x12, ...Array.from({ length: 12 }, () => 0xff)])]) : body;
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

const TYPES = [
  'application/json', 'application/json', 'application/json; charset=utf-16', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'text/plain', 'application/json;;;', '', 'application/cbor',
  'application/merge-patch+json', 'multipart/form-data; boundary=x', `application/${'x'.repeat(500)}`,
];

/** Bodies about an object like `base`. */
export function objectBody(base: fc.Arbitrary<object>): fc.Arbitrary<Body> {
  const json = fc.tuple(damaged(base), spoil).map(([value, hurt]) => hurt(toJson(value)));
  const type = fc.constantFrom(...TYPES);
  return fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('application/json'), json).map(([kind, bytes]) => ({ type: kind, bytes })) },
    { weight: 1, arbitrary: fc.tuple(type, json).map(([kind, bytes]) => ({ type: kind, bytes })) },
    { weight: 2, arbitrary: fc.tuple(damaged(base), spoil).map(([value, hurt]) => ({ type: 'application/yaml', bytes: hurt(yamlOf(value)) })) },
    { weight: 1, arbitrary: fc.constantFrom(...YAML_TRAPS).map((text) => ({ type: 'application/yaml', bytes: Buffer.from(text) })) },
    { weight: 1, arbitrary: protobuf.map((bytes) => ({ type: 'application/vnd.kubernetes.protobuf', bytes })) },
    { weight: 1, arbitrary: fc.tuple(type, fc.uint8Array({ maxLength: 300 })).map(([kind, bytes]) => ({ type: kind, bytes: Buffer.from(bytes) })) },
    { weight: 1, arbitrary: fc.tuple(type, oddValue).map(([kind, value]) => ({ type: kind, bytes: Buffer.from(toJson(value)) })) },
  );
}

function yamlOf(value: unknown): string {
  try {
    return stringify(value);
  } catch {
    return '{';
  }
}

const pointer: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom('', '/', '/metadata', '/metadata/labels/a~1b', '/metadata/labels/~2', '/__proto__/polluted', '/constructor/prototype/polluted', '/spec/-', '/spec/-1', '/spec/99999999999', '/metadata/name', '/kind', 'no-slash', '/metadata/managedFields', '/status'),
  oddText.map((text) => `/${text}`),
  oddValue,
);
const operation = fc.record({ op: fc.oneof(fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), oddText), path: pointer, from: pointer, value: oddValue }, { requiredKeys: [] });

const directives = fc.dictionary(
  fc.constantFrom('$patch', '$setElementOrder/containers', '$deleteFromPrimitiveList/finalizers', '$retainKeys', 'metadata', 'spec', '__proto__', 'constructor', 'data'),
  fc.oneof(oddValue, fc.constantFrom<unknown>('replace', 'delete', 'merge', ['a'], { $patch: 'delete' })),
  { maxKeys: 4 },
);

/** Patches of an object like `base`. */
export function patchBody(base: fc.Arbitrary<object>): fc.Arbitrary<Body> {
  const merge = fc.oneof(damaged(base), directives, oddValue).map(toJson);
  const steps = fc.oneof(fc.array(operation, { maxLength: 5 }), oddValue).map(toJson);
  const of = (type: string, texts: fc.Arbitrary<string>): fc.Arbitrary<Body> => fc.tuple(texts, spoil).map(([text, hurt]) => ({ type, bytes: hurt(text) }));
  return fc.oneof(
    of('application/merge-patch+json', merge),
    of('application/strategic-merge-patch+json', merge),
    of('application/json-patch+json', steps),
    of('application/apply-patch+yaml', merge),
    fc.constantFrom(...YAML_TRAPS).map((text) => ({ type: 'application/apply-patch+yaml', bytes: Buffer.from(text) })),
    of('application/json', merge),
  );
}
