/** Plain scalars of YAML: what they mean as values and as keys is what YAML 1.1 in Go says. */
import { call, TYPES, type Sequence, type Step } from '../step';
import type { JsonObject } from '../../../controlplane/apiserver/schema/schema';

/** What was read. */
const pick = (body: unknown): unknown => {
  const { spec, data, metadata, immutable } = body as JsonObject & { metadata: JsonObject };
  return { spec, data, immutable, labels: metadata.labels };
};
const postYaml = (label: string, path: string, body: string): Step => call('POST', TYPES.yaml, label, path, body, { pick });
const apply = (label: string, path: string, body: string): Step => call('PATCH', TYPES.apply, label, path, body, { pick });
const table = (all: readonly string[], make: (one: string) => Step): Step[] => all.map(make);

const WIDGETS = '/apis/stable.example.com/v1/namespaces/${ns}/widgets';
const DRY = `${WIDGETS}?dryRun=All`;
const CMS = '/api/v1/namespaces/${ns}/configmaps?dryRun=All';
const widget = (free: string): string => `apiVersion: stable.example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec:\n  color: red\n  free:\n${free}\n`;
const cm = (rest: string, metadata = ''): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n${metadata}${rest}\n`;

const WORDS = ['y', 'Y', 'n', 'N', 'yes', 'Yes', 'YES', 'yEs', 'no', 'No', 'NO', 'nO', 'on', 'On', 'ON', 'oN', 'off', 'Off', 'OFF', 'oFf', 'true', 'True', 'TRUE', 'tRue', 'false', 'False', 'FALSE', 'null', 'Null', 'NULL', 'nUll', '~', 't', 'f', 'x y'];
const NUMBERS = [
  '0', '-0', '+0', '00', '-00', '010', '-010', '+010', '08', '09', '018', '0o17', '-0o17', '0O17', '0o8', '0x1F', '0X1f', '-0x1f', '+0x1f', '0x', '0xg', '0b11', '-0b11', '+0b11', '0B11', '0b2', '0b', '1_000', '1_', '_1', '1__0', '0_1', '0x_1F', '1_000.5',
  '1_0e1', '1e3', '1E3', '1e+3', '1e-3', '+1e3', '-1e3', '1.0', '1.', '-1.', '.5', '-.5', '+.5', '._5', '.5_0', '.5e1', '.e5', '1.e3', '1.5.2', '12e03', '1e', 'e3', '1:30', '190:20:30', '190:20:30.15', '1,000', '+', '-x', '--1', '+-1', '.', '..', '...x', '1.0_0', '0.1e1', '0x1p3', '0x1.8p1', '.1p1',
  '1e21', '123456789012345680000', '0.000001', '0.0000001', '1.0e-7', '1e20', '-0.0', '+0.0', '0e0', '-0e0', '.0', '0x8000000000000000', '0xffffffffffff0000', '18446744073709551616', '-9223372036854775809', '9_007_199_254_740_991', '1\u0660',
];
const OTHERS = [
  '2001-12-14', '2001-12-14t21:59:43.10-05:00', '2001-12-14T21:59:43Z', '2001-12-14 21:59:43.10', '2001-12-14 21:59:43.10 -5', '2001-1-1', '<<', '=', '!!str yes', '!!str 1', '!!int 1', '!!float 1', '!!bool yes', "'yes'", '"no"', '!!str', '!!null null', '|-\n        yes', '>-\n        1', '""', '!!str 2001-12-14', '! 1', '! yes', '"\\x41\\u00e9\\U0001f600"', '"a\\\n        b"', '"\\/"', '"\\e\\0"', '"\\_\\N\\L\\P"', "'it''s'", 'a b # c', 'a#b', 'a:b', '"\\ud83d\\ude00"', '"\\ud800"',
];
const REFUSED = ['.inf', '-.Inf', '+.INF', '.nan', '.NaN', '!!int x', '!!bool 1', '!!float x', '!!null x', '!!binary aGk=', '!!binary x', '!!timestamp 2001-12-14', '!!timestamp x', '!!set {a}', '!!omap [a: b]', '!x y', '!<tag:yaml.org,2002:int> 5', '*nothing', '@x', '`x', '%x', '"\\q"', '\tx', '!!map {a: b}', '!!seq [a]', '!!int 1.5', '!!float yes', '!!int "5"', '!!bool "yes"', '!!float "1"', '!!str [a]', '&a', '&a x', '[a, *a]', '? x', 'a: b', '!!python/x y', '!!merge <<', '!!int 0x1F', '!!float 0x1F', '!!null ""', '!!null'];

const values = (all: readonly string[]): string => all.map((scalar, at) => `    v${at}: ${scalar}`).join('\n');
const lists = (all: readonly string[]): string => `    l:\n${all.map((scalar) => `    - ${scalar}`).join('\n')}`;
const keys = (all: readonly string[]): string => all.map((scalar, at) => `    p${at}: {? ${scalar} : 1}`).join('\n');
const NULLS = new Set(['null', 'Null', 'NULL', '~']);

const steps: Step[] = [
  postYaml('words', DRY, widget(values(WORDS))),
  postYaml('words in a list', DRY, widget(lists(WORDS))),
  postYaml('words as keys', DRY, widget(keys(WORDS.filter((word) => !NULLS.has(word))))),
  postYaml('numbers', DRY, widget(values(NUMBERS))),
  postYaml('numbers as keys', DRY, widget(keys(NUMBERS.filter((x) => x !== '1,000' && !/^0x[8f]0*f*0*$/.test(x))))),
  ...table(OTHERS, (scalar) => postYaml(`other: ${scalar}`, DRY, widget(values([scalar])))),
  ...table(REFUSED, (scalar) => postYaml(`value ${scalar}`, DRY, widget(values([scalar])))),
  ...table([...NULLS, '', '[a]', '{a: b}', '.inf', '.nan', '-.inf', '2001-12-14', '1.50', '1e3', '0x10', '!!str 5', '!!int 5', '1.23456789', '123456789.5', '1e30', '9223372036854775808', '!!binary aGk='], (key) => postYaml(`key ${key}`, DRY, widget(`    ? ${key}\n    : 1`))),
  ...table(['y', 'n', 'yes', 'on', 'off', '1', '1.5', '0x10', 'null', '2001-12-14', '""', "'yes'", '1e3', '!!str 1'], (value) => postYaml(`data: ${value}`, CMS, cm(`data:\n  a: ${value}`))),
  ...table(['y', 'n', 'yes', '1', '1.5', 'null', '0x10', '2001-12-14', '""', '1e3'], (key) => postYaml(`data key: ${key}`, CMS, cm(`data:\n  ${key}: a`))),
  ...table(['y', 'yes', 'n', '1', 'null', "''"], (value) => postYaml(`label: ${value}`, CMS, cm('', `  labels: {a: ${value}}\n`))),
  ...table(['y', 'yes', '1', 'null', '1.0'], (key) => postYaml(`label key: ${key}`, CMS, cm('', `  labels:\n    ${key}: a\n`))),
  ...table(['y', 'no', 'on', '"true"'], (value) => postYaml(`bool: ${value}`, DRY, widget('    a: 1').replace('color: red', `color: red\n  code: ab\n  "on": ${value}`))),
  ...table(['y', '1', '1.0', '0x10', '1e1', '010', '"1"', '1_0', '1.5', '+5', '10.'], (value) => postYaml(`integer: ${value}`, DRY, widget('    a: 1').replace('color: red', `color: red\n  size: ${value}`))),
  ...table(['y', 'n', 'null', '1', '1.0'], (value) => postYaml(`immutable: ${value}`, CMS, cm(`immutable: ${value}`))),
  postYaml('name of a number', CMS, cm('').replace('name: c', 'name: 1')),
  postYaml('name of a word', CMS, cm('').replace('name: c', 'name: y')),
  postYaml('kind of a word', CMS, cm('').replace('kind: ConfigMap', 'kind: yes')),
  postYaml('key on', `${DRY}&fieldValidation=Strict`, widget('    a: 1').replace('color: red', 'color: red\n  code: ab\n  "on": on')),
  postYaml('key on and true', `${DRY}&fieldValidation=Strict`, widget('    on: 1\n    true: 2\n    "true": 3')),
  postYaml('keys of one number', `${DRY}&fieldValidation=Strict`, widget('    1: 1\n    "1": 2\n    0x1: 3\n    1.0: 4')),
  postYaml('merge key', DRY, widget('    base: &base {a: 1, b: 2}\n    made:\n      <<: *base\n      b: 3')),
  postYaml('merge key of a list', DRY, widget('    base: &base {a: 1, b: 2}\n    other: &other {b: 5, c: 6}\n    made:\n      <<: [*base, *other]\n      z: 3')),
  postYaml('merge key of a scalar', DRY, widget('    made:\n      <<: x\n      z: 3')),
  postYaml('merge key behind', DRY, widget('    base: &base {a: 1, b: 2}\n    made:\n      b: 3\n      <<: *base')),
  postYaml('merge key, quoted', DRY, widget('    base: &base {a: 1, b: 2}\n    made:\n      "<<": *base\n      b: 3')),
  postYaml('merge key, inline', DRY, widget('    made:\n      <<: {a: 1}\n      b: 3')),
  postYaml('anchor and alias', DRY, widget('    a: &x [1, 2]\n    b: *x')),
  postYaml('anchor twice', DRY, widget('    a: &x 1\n    b: &x 2\n    c: *x')),
  postYaml('anchor twice, read late', DRY, widget('    a: &x p\n    b: &y [*x]\n    x2: &x q\n    c: *y')),
  postYaml('anchor twice, one within', DRY, widget('    a: &y [&x p]\n    b: &x q\n    c: *y\n    d: *x')),
  postYaml('anchor twice, one merged', DRY, widget('    a: &y {<<: &x {k: 1}}\n    b: &x {k: 2}\n    c: {<<: *y}\n    d: *x')),
  postYaml('merge key of a list, anchor within', DRY, widget('    a: {<<: [&x {k: 1}, *x, {k: 2, l: 3}]}')),
  postYaml('unknown anchor behind another mistake', DRY, widget('    a: .nan\n    b: *nothing')),
  postYaml('alias as a key', DRY, widget('    a: &x k\n    *x : 2')),
  postYaml('two documents', DRY, `${widget('    a: 1')}---\n${widget('    a: 2')}`),
  postYaml('a document behind ---', DRY, `---\n${widget('    a: 1')}`),
  postYaml('a document before ...', DRY, `${widget('    a: 1')}...\n`),
  postYaml('two documents, the first is empty', DRY, `---\n---\n${widget('    a: 1')}`),
  postYaml('two documents, the second is bad', DRY, `${widget('    a: 1')}---\n{`),
  postYaml('a directive', DRY, `%YAML 1.1\n---\n${widget('    a: 1')}`),
  postYaml('a directive of 1.2', DRY, `%YAML 1.2\n---\n${widget('    a: 1')}`),
  postYaml('an unknown directive', DRY, `%FOO bar\n---\n${widget('    a: 1')}`),
  postYaml('a TAG directive', DRY, `%TAG !e! tag:yaml.org,2002:\n---\n${widget('    a: !e!str 1')}`),
  postYaml('a comment first', DRY, `# hi\n${widget('    a: 1 # there')}`),
  postYaml('CRLF', DRY, widget('    a: 1\n    b: |\n      x\n      y').replaceAll('\n', '\r\n')),
  postYaml('CR', DRY, widget('    a: 1').replaceAll('\n', '\r')),
  postYaml('BOM', DRY, `\ufeff${widget('    a: 1')}`),
  postYaml('BOM within', DRY, widget('    a: x\ufeffy')),
  postYaml('tabs', DRY, widget('    a:\t1\n    b: x\ty\n    c: 1\t# c')),
  postYaml('tab as indentation', DRY, widget('    a:\n\t  b: 1')),
  postYaml('NEL, LS and PS', DRY, widget('    a: x\u0085y\n    b: "x\u2028y"\n    c: x\u2029y')),
  postYaml('control character', DRY, widget('    a: "x\u0001y"')),
  postYaml('DEL', DRY, widget('    a: "x\u007fy"')),
  postYaml('C1 control', DRY, widget('    a: "x\u0090y"')),
  postYaml('block scalars', DRY, widget('    a: |\n      x\n       y\n\n    b: |+\n      x\n\n    c: >\n      x\n      y\n\n      z\n    d: |2\n        x\n    e: >-\n      x\n        y\n      z')),
  postYaml('multi-line plain', DRY, widget('    a: x\n      y\n\n      z')),
  postYaml('multi-line quoted', DRY, widget('    a: "x\n      y\n\n      z"')),
  postYaml('flow', DRY, widget('    a: {b: [c, d, ], e: , "f":1, g}')),
  postYaml('flow with a colon', DRY, widget('    a: {b:c, d: e:f, "x":y}')),
  postYaml('JSON in YAML', DRY, '{"apiVersion":"stable.example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"color":"red","free":{"a":"\\ud83d\\ude00\\/","b":1e3}}}'),
  postYaml('pairs in a list', DRY, widget('    a: [b: c, d: e]')),
  postYaml('list at the level of its key', DRY, widget('    a:\n    - b\n    - c: d\n      e: f')),
  postYaml('list in list', DRY, widget('    a:\n    - - b\n      - c\n    -\n      - d\n    - ')),
  postYaml('no value', DRY, widget('    a:\n    b:')),
  postYaml('long key', DRY, widget(`    ${'k'.repeat(1100)}: 1`)),
  postYaml('long key, explicit', DRY, widget(`    ? ${'k'.repeat(1100)}\n    : 1`)),
  postYaml('key over two lines', DRY, widget('    "a\n      b": 1')),
  apply('apply: words', `${WIDGETS}/w?fieldManager=x&dryRun=All`, widget(values(WORDS))),
  apply('apply: numbers', `${WIDGETS}/w?fieldManager=x&dryRun=All`, widget(values(NUMBERS))),
  apply('apply: data y', '/api/v1/namespaces/${ns}/configmaps/c?fieldManager=x&dryRun=All', cm('data:\n  a: y')),
  apply('apply: data key y', '/api/v1/namespaces/${ns}/configmaps/c?fieldManager=x&dryRun=All', cm('data:\n  y: b')),
  apply('apply: data quoted', '/api/v1/namespaces/${ns}/configmaps/c?fieldManager=x&dryRun=All', cm('data:\n  a: "y"')),
];

export const SCALARS: Sequence[] = [{ name: 'scalars', steps }];
