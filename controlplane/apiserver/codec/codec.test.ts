import fc from 'fast-check';

import { contentOf } from '../http/chunk';
import { ApiError } from '../http/errors';
import { Encoder } from './encode';
import { MAX_DEPTH, parseJson } from './json';
import { parseProtobuf } from './protobuf';
import { yamlText } from './utf8';
import { parseYaml } from './yaml';

/** What comes out; a refusal and a syntax error are the same here, anything else is thrown on. */
function outcome(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ApiError || error instanceof SyntaxError) return 'refused';
    throw error;
  }
}

describe('JSON', () => {
  test.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"spec":{"x":1,"y":{"z":1,"z":2},"x":3}}', ['spec.y.z', 'spec.x']],
    ['{"l":[{"a":1},{"b":1,"b":2}],"m":[[1],[{"c":1,"c":1}]]}', ['l[1].b', 'm[1][0].c']],
    ['{"a":"{\\"x\\":1,\\"x\\":2}","b":["x","x"]}', []],
    ['{"\\u0061":1,"a":2}', ['a']],
    ['{"a":{"b":1},"c":{"b":1}}', []],
  ])('duplicates of %s', (text, expected) => {
    expect(parseJson(text).duplicates).toEqual(expected.map((path) => `duplicate field "${path}"`));
  });

  test('gives what JSON.parse gives, and no duplicates, for anything that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(text)).toEqual({ value: JSON.parse(text), duplicates: [] });
      }),
    );
  });

  test('any text ends in a value or a refusal', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[{}[\]",:\\a1 ]*$/), (text) => {
        expect(outcome(() => parseJson(text).value)).toEqual(outcome(() => JSON.parse(text) as unknown));
      }),
    );
  });

  test('duplicates below long names are listed once, and short', () => {
    const text = `${`{"${'a'.repeat(40_000)}":`.repeat(60)}{${'"b":1,'.repeat(50_000)}"b":1}${'}'.repeat(60)}`;
    expect(parseJson(text).duplicates).toEqual([`duplicate field "${'a'.repeat(1024)}…"`]);
  });

  const refusedFields = (parse: () => unknown): unknown => {
    try {
      return parse();
    } catch (error) {
      const { code, message, details } = (error as ApiError).status;
      return details ? { [String(code)]: details.causes?.map(({ field }) => field) } : `${code} ${message}`;
    }
  };

  test.each<[string, string[]]>([
    ['{"a":{"b":[1,9007199254740993]},"c":-9223372036854775808,"d":{"e":9007199254740995}}', ['a.b[1]', 'c', 'd.e']],
    ['[{"value":{"x":12345678901234567}}]', ['[0].value.x']],
  ])('integers that would lose digits are refused by name: %s', (text, fields) => {
    for (const parse of [parseJson, parseYaml]) expect(refusedFields(() => parse(text))).toEqual({ 422: fields });
  });

  test('integers that would lose digits are named shortly, below long names', () => {
    const text = `{"${'k'.repeat(40_000)}":[9007199254740993]}`;
    for (const parse of [parseJson, parseYaml]) expect(refusedFields(() => parse(text))).toEqual({ 422: [`${'k'.repeat(1024)}…`] });
  });

  test.each(['1e999', '-1.5E+400', '0.1e999'])('%s is no number', (number) => {
    expect(refusedFields(() => parseJson(`{"a":[${number}]}`))).toBe(`400 json: cannot unmarshal number ${number} into Go value of type float64`);
    expect(parseYaml(`a: [${number}]`).value).toEqual({ a: [number] });
  });

  test('numbers that are no integers of 64 bits, or exact, or text, are taken', () => {
    const text = '{"a":9007199254740991,"b":-9007199254740991,"c":18446744073709551615,"d":9007199254740993.0,"e":1e16,"f":0.12345678901234567890,"g":"9007199254740993","h":1e-999,"i":9007199254740992,"j":100000000000000000}';
    expect(parseJson(text).value).toEqual(JSON.parse(text));
    expect(parseYaml(text).value).toEqual(JSON.parse(text));
  });

  test('bounds nesting', () => {
    expect(parseJson('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)).duplicates).toEqual([]);
    expect(() => parseJson('['.repeat(MAX_DEPTH + 1))).toThrow('nested more than 256');
  });

  test('__proto__ is a field like any other, or refused where it is not wanted', () => {
    const { value } = parseJson('{"spec":{"__proto__":{"polluted":true}}}') as { value: { spec: { polluted?: boolean } } };
    expect(value.spec.polluted).toBeUndefined();
    expect(Object.keys(value.spec)).toEqual(['__proto__']);
    expect(() => parseJson('{"spec":{"__proto__":{}}}', 'refuse')).toThrow('unknown field "spec.__proto__"');
    expect(() => parseJson('{"\\u005f_proto__":{}}', 'refuse')).toThrow('unknown field "__proto__"');
  });
});

test.each<[string, string]>([
  ['"\\ud83d\\ude00"', '\u{1f600}'],
  ['"\\ud83d"', '\ufffd'],
  ['"\\uDE00\\uD83D"', '\ufffd\ufffd'],
  ['"\\ud83d\\ud83d\\ude00"', '\ufffd\u{1f600}'],
  ['"\\\\ud83d"', '\\ud83d'],
  ['"\\n\\ud83dx\\ufffd"', '\n\ufffdx\ufffd'],
])('halves of characters are none: %s', (text, value) => {
  expect(parseJson(`{"a":${text},${text}:1}`).value).toEqual({ a: value, [value]: 1 });
  expect(parseYaml(`a: ${text}`).value).toEqual({ a: value });
});

test.each([
  [[0xff], 'invalid leading UTF-8 octet'],
  [[0x78, 0xe2, 0x82], 'incomplete UTF-8 octet sequence'],
  [[0xe4, 0x78], 'incomplete UTF-8 octet sequence'],
  [[0xe2, 0x82, 0x78], 'invalid trailing UTF-8 octet'],
  [[0xc0, 0xaf], 'invalid length of a UTF-8 sequence'],
  [[0xed, 0xa0, 0x80], 'invalid Unicode character'],
  [[0xf4, 0x90, 0x80, 0x80], 'invalid Unicode character'],
])('bytes %j are no YAML', (bytes, words) => {
  expect(() => yamlText(Buffer.from(bytes))).toThrow(`yaml: ${words}`);
});

/** As deep as may be. */
const nested = (around: (value: unknown) => unknown, inmost: unknown = 'x'): unknown => Array.from({ length: MAX_DEPTH }).reduce(around, inmost);

describe('YAML', () => {
  test('values as YAML 1.1 has them, duplicates by line', () => {
    expect(parseYaml('a: {b: 1, c: ["x", {d: true, d: no}]}\ne: 2026-01-01\n')).toEqual({
      value: { a: { b: 1, c: ['x', { d: false }] }, e: '2026-01-01' },
      duplicates: ['line 1: key "d" already set in map'],
    });
  });

  test.each([
    ['a: [', 'yaml: line 1: '],
    ['a: !!int x', 'yaml: cannot decode !!str `x` as a !!int'],
    ['%YAML 1.2\n---\na: b\n', 'yaml: found incompatible YAML document'],
    ['a: "\u0001"', 'yaml: control characters are not allowed'],
    ['a: *b', "yaml: unknown anchor 'b' referenced"],
    ['<<: a', 'yaml: map merge requires map or sequence of maps as the value'],
    ['a: &a {<<: *a}', "yaml: anchor 'a' value contains itself"],
    ['~: b', 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "b"'],
    ['9223372036854775808: 1', 'unsupported map key of type: uint64, key: 0x8000000000000000, value: 1'],
    ['[a]: b', 'yaml: invalid map key'],
    [`a: ${'['.repeat(300)}${']'.repeat(300)}`, 'nested more than 256'],
    ['['.repeat(1_000_000), 'nested more than 256'],
    [`a: [${'a,'.repeat(1_000_000)}a]`, 'more than 300000 YAML tokens: send JSON'],
    ['\n'.repeat(2_000_000), 'more than 300000 YAML tokens: send JSON'],
    [`"${'\\x'.repeat(1_000_000)}"`, 'more than 300000 YAML tokens: send JSON'],
    [`a: b\nc: "${'\\q'.repeat(250_000)}"`, 'yaml: line 2: Invalid escape sequence \\q at column 5'],
    [`${'- '.repeat(9000)}|\n x`, 'nested more than 256'],
    [`${'- '.repeat(140_000)}x`, 'nested more than 256'],
    [`${'? '.repeat(140_000)}x`, 'nested more than 256'],
    [Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:\n`).join(''), 'nested more than 256'],
    [`${'- '.repeat(MAX_DEPTH + 1)}x`, 'nested more than 256'],
    ['a: &a {b: [*a]}', "yaml: anchor 'a' value contains itself"],
    [`a: &a 1\nb: [${'*a,'.repeat(101)}]`, 'more than 100 YAML aliases'],
  ])('refuses %#', (text, words) => {
    expect(() => parseYaml(text)).toThrow(words);
  });

  test.each<[string, unknown]>([
    ['{y: 1, No: 2, 0x10: 3, 1.50: 4, 1e6: 5, -0.00001: 6, 1_0: 7, 08: 8, "on": 9}', { true: 1, false: 2, 16: 3, 1.5: 4, '1e+06': 5, '-1e-05': 6, 10: 7, 8: 8, on: 9 }],
    ['[0o17, 010, -0b11, 1_, _1, 1e999, .5_0, 2001-12-14, 1:30, 0x]', [15, 8, -3, 1, '_1', '1e999', 0.5, '2001-12-14', '1:30', '0x']],
    ['[!x 1, !!str 1, ! 1, !!float 1, !!int "1", !!binary aGk=, !!null ""]', ['1', '1', '1', 1, 1, 'hi', null]],
    ['{a: &a {b: 1, c: 2}, d: {<<: *a, b: 3}, e: {b: 3, <<: *a}, f: {<<: [{b: 4}, {b: 5, g: 6}]}}', { a: { b: 1, c: 2 }, d: { b: 3, c: 2 }, e: { b: 1, c: 2 }, f: { b: 4, g: 6 } }],
    ['a: 1\n---\n{', { a: 1 }],
    ['a: &k x\n*k : [*k]\n', { a: 'x', x: ['x'] }],
    ['a: &x p\nb: &y [*x]\nx2: &x q\nc: *y\n', { a: 'p', b: ['p'], x2: 'q', c: ['p'] }],
    ['a: &y [&x p]\nb: &x q\nc: *y\nd: *x\n', { a: ['p'], b: 'q', c: ['p'], d: 'q' }],
    ['a: &y {<<: &x {k: 1}}\nb: &x {k: 2}\nc: {<<: *y}\nd: *x\n', { a: { k: 1 }, b: { k: 2 }, c: { k: 1 }, d: { k: 2 } }],
    ['a: {<<: [&x {k: 1}, *x, {k: 2, l: 3}]}', { a: { k: 1, l: 3 } }],
    [`${'- '.repeat(MAX_DEPTH)}x`, nested((value) => [value])],
    [Array.from({ length: MAX_DEPTH }, (_, at) => `${' '.repeat(at)}a:\n`).join(''), nested((value) => ({ a: value }), null)],
  ])('reads as Kubernetes does: %s', (text, value) => {
    expect(parseYaml(text).value).toEqual(value);
  });

  test('a field __proto__ is one like any other', () => {
    expect(Object.keys(parseYaml('__proto__: 1').value as object)).toEqual(['__proto__']);
  });

  test('takes 30,000 keys, and 200,000 mistakes in no more time than values', () => {
    const keys = Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`k${at}`, String(at)]));
    const parsed = parseYaml(`data:\n${Object.entries(keys).map(([key, value]) => `  ${key}: "${value}"\n`).join('')}`);
    expect(parsed).toEqual({ value: { data: keys }, duplicates: [] });
    const { stackTraceLimit } = Error;
    expect(() => parseYaml(']'.repeat(200_000))).toThrow('yaml: line 1: ');
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });

  test('lists a bounded number of duplicates', () => {
    expect(parseYaml('- {a: 1, a: 1}\n'.repeat(5000)).duplicates).toHaveLength(32);
  });

  test('refuses a bomb of aliases', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) lines.push(`a${level}: &a${level} [${Array(9).fill(`*a${level - 1}`).join(', ')}]`);
    expect(() => parseYaml(lines.join('\n'))).toThrow('yaml: document contains excessive aliasing');
  });

  const times = (alias: string, count: number): string => `[${Array(count).fill(alias).join(', ')}]`;

  test.each([
    ['bytes', `a: &a !!binary ${'QUFB'.repeat(60_000)}\nb: &b ${times('*a', 49)}\nc: ${times('*b', 49)}`],
    ['texts', `rules:\n- &r {verbs: [&a ${'x'.repeat(2_500_000)}, ${Array(40).fill('*a').join(', ')}]}\n${'- *r\n'.repeat(50)}`],
    ['keys', `a: &a {${'k'.repeat(100_000)}: 1}\nb: &b ${times('*a', 49)}\nc: ${times('*b', 49)}`],
    ['keys that are aliases', `a: &a ${'k'.repeat(100_000)}\nb: &b {? *a : 1}\nc: &c ${times('*b', 49)}\nd: ${times('*c', 49)}`],
    ['merged keys', `a: &a {${'k'.repeat(100_000)}: 1}\nb: &b ${times('{<<: *a}', 49)}\nc: ${times('*b', 49)}`],
  ])('refuses aliases that make much of few %s', (_, text) => {
    expect(() => parseYaml(text)).toThrow('yaml: document contains excessive aliasing');
  });

  test('takes aliases that make twice what a body may have, and a body that is full without', () => {
    const text = 'x'.repeat(1_000_000);
    expect(parseYaml(`a: &a ${text}\nb: ${times('*a', 4)}`).value).toEqual({ a: text, b: Array(4).fill(text) });
    const full = 'x'.repeat(3 * 1024 * 1024 - 3);
    expect(parseYaml(`a: ${full}`).value).toEqual({ a: full });
  });
});

/** Just enough of an encoder to say what a Go client sends. */
const bytesField = (number: number, value: string | Buffer): Buffer => {
  const body = Buffer.from(value);
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(body.length)]), body]);
};
const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const intField = (number: number, value: number): Buffer => Buffer.from([...varint(number << 3), ...varint(value)]);
const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), bytesField(1, Buffer.concat([bytesField(1, apiVersion), bytesField(2, kind)])), bytesField(2, raw)]);

describe('protobuf', () => {
  test('a Secret with labels, data and a time', () => {
    const entry = (key: string, value: string): Buffer => Buffer.concat([bytesField(1, key), bytesField(2, value)]);
    const metadata = Buffer.concat([bytesField(1, 'login'), bytesField(3, ''), bytesField(8, intField(1, 1_700_000_000)), bytesField(11, entry('a', 'b'))]);
    const body = envelope('v1', 'Secret', Buffer.concat([bytesField(1, metadata), bytesField(2, entry('password', 'hunter2')), bytesField(3, 'Opaque'), intField(5, 1)]));
    expect(parseProtobuf(body).value).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'login', creationTimestamp: '2023-11-14T22:13:20Z', labels: { a: 'b' } },
      data: { password: Buffer.from('hunter2').toString('base64') },
      type: 'Opaque',
      immutable: true,
    });
  });

  test('fields of fields, quantities, numbers or texts, numbers that were not said', () => {
    const probe = Buffer.concat([bytesField(1, bytesField(2, Buffer.concat([bytesField(1, '/'), bytesField(2, Buffer.concat([intField(1, 1), bytesField(3, 'http')]))]))), intField(3, 0)]);
    const limit = Buffer.concat([bytesField(1, 'cpu'), bytesField(2, bytesField(1, '500m'))]);
    const container = Buffer.concat([bytesField(1, 'c'), bytesField(8, bytesField(1, limit)), bytesField(10, probe)]);
    const template = bytesField(2, Buffer.concat([bytesField(2, container), bytesField(14, Buffer.concat([intField(4, 5), intField(4, 6)]))]));
    expect(parseProtobuf(envelope('v1', 'PodTemplate', bytesField(2, template))).value).toMatchObject({
      template: {
        spec: {
          containers: [{ name: 'c', resources: { limits: { cpu: '500m' } }, livenessProbe: { httpGet: { path: '/', port: 'http' } } }],
          securityContext: { supplementalGroups: [5, 6] },
        },
      },
    });
  });

  test('maps of lists', () => {
    const extra = Buffer.concat([bytesField(1, 'scopes'), bytesField(2, Buffer.concat([bytesField(1, 'a'), bytesField(1, 'b')]))]);
    expect(parseProtobuf(envelope('authorization.k8s.io/v1', 'SubjectAccessReview', bytesField(2, bytesField(5, extra)))).value).toMatchObject({ spec: { extra: { scopes: ['a', 'b'] } } });
  });

  test('DeleteOptions', () => {
    const raw = Buffer.concat([intField(1, 0), bytesField(2, bytesField(1, 'some-uid')), bytesField(4, 'Foreground'), bytesField(5, 'All')]);
    expect(parseProtobuf(envelope('v1', 'DeleteOptions', raw)).value).toEqual({
      apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid: 'some-uid' }, propagationPolicy: 'Foreground', dryRun: ['All'],
    });
  });

  test('a CustomResourceDefinition: schemas in schemas, real numbers, JSON, what Go always writes', () => {
    const maximum = Buffer.alloc(9, 9 << 3 | 1);
    maximum.writeDoubleLE(2.5, 1);
    const number = Buffer.concat([bytesField(5, 'number'), maximum, intField(10, 0), bytesField(8, bytesField(1, '0.5')), bytesField(20, bytesField(1, 'null'))]);
    const property = (name: string, schema: Buffer): Buffer => bytesField(29, Buffer.concat([bytesField(1, name), bytesField(2, schema)]));
    const list = Buffer.concat([bytesField(5, 'array'), bytesField(24, bytesField(1, number))]);
    const map = bytesField(30, Buffer.concat([intField(1, 1), bytesField(2, bytesField(5, 'string'))]));
    const schema = Buffer.concat([bytesField(5, 'object'), intField(37, 0), intField(38, 1), property('list', list), property('map', map), property('any', bytesField(30, intField(1, 0)))]);
    const column = Buffer.concat([bytesField(1, 'A'), bytesField(3, ''), intField(5, 0)]);
    const version = Buffer.concat([bytesField(1, 'v1'), intField(2, 1), intField(3, 0), bytesField(4, bytesField(1, schema)), bytesField(5, bytesField(1, '')), bytesField(6, column), intField(7, 0)]);
    const raw = Buffer.concat([bytesField(1, bytesField(1, 'as.example.com')), bytesField(2, Buffer.concat([bytesField(1, 'example.com'), bytesField(7, version), intField(10, 0)]))]);
    expect(parseProtobuf(envelope('apiextensions.k8s.io/v1', 'CustomResourceDefinition', raw)).value).toEqual({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'as.example.com' },
      spec: {
        group: 'example.com',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: false,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                'x-kubernetes-preserve-unknown-fields': true,
                properties: {
                  list: { type: 'array', items: { type: 'number', maximum: 2.5, default: 0.5, enum: [null] } },
                  map: { additionalProperties: { type: 'string' } },
                  any: { additionalProperties: false },
                },
              },
            },
            subresources: { status: {} },
            additionalPrinterColumns: [{ name: 'A' }],
          },
        ],
      },
    });
  });

  test.each([
    [Buffer.from('{}'), 'does not appear to be a protobuf message'],
    [envelope('apps/v1', 'Deployment', Buffer.alloc(0)), 'kind "Deployment" cannot be sent in protobuf'],
    [envelope('v1', 'constructor', Buffer.alloc(0)), 'kind "constructor" cannot be sent'],
    [envelope('v1', 'Secret', Buffer.from([0x0a, 0x7f])), 'unexpected EOF'],
    [envelope('v1', 'Secret', Buffer.from([0x08, 0xff])), 'unexpected EOF'],
    [envelope('v1', 'Secret', Buffer.from([0x0b])), 'wire type 3'],
  ])('refuses broken bodies (%#)', (body, words) => {
    expect(() => parseProtobuf(body)).toThrow(words);
  });

  test('any bytes end in a value or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const result = outcome(() => parseProtobuf(envelope('v1', 'Event', Buffer.from(bytes))).value);
        expect(result === 'refused' ? 'Event' : (result as { kind: string }).kind).toBe('Event');
      }),
    );
  });
});

test('the encoder takes what the store keeps, and remembers what many watchers get', () => {
  const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' } };
  let asked = 0;
  const encoder = new Encoder({ encoded: () => (asked++, Buffer.from('kept')) });
  expect(encoder.encode(object)).toBe('kept');
  const frames = [encoder.frame('ADDED', object), encoder.frame('ADDED', object), encoder.frame('MODIFIED', object)];
  expect(frames.map((each) => contentOf(each).toString())).toEqual(['{"type":"ADDED","object":kept}\n', '{"type":"ADDED","object":kept}\n', '{"type":"MODIFIED","object":kept}\n']);
  expect(frames[1]).toBe(frames[0]);
  expect(asked).toBe(3);
  expect(new Encoder({}).encode(object)).toBe(JSON.stringify(object));
});

test('the encoder keeps frames of 16 MiB at most, and the newest in any case', () => {
  const made: string[] = [];
  const encoder = new Encoder({
    encoded: (object: { metadata: { name: string } }) => {
      made.push(object.metadata.name);
      return Buffer.alloc(6 * 1024 * 1024, 'x');
    },
  });
  const objects = ['a', 'b', 'c'].map((name) => ({ apiVersion: 'v1', kind: 'X', metadata: { name } }));
  for (const object of [...objects, objects[2], objects[1], objects[0]]) encoder.frame('ADDED', object);
  expect(made).toEqual(['a', 'b', 'c', 'a']);
});
