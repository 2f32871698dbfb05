import { parse } from 'yaml';

import { toYaml } from './to-yaml';
import { parseYaml } from './yaml';

test('as kube-apiserver writes it: in order, lists beneath their key', () => {
  const object = {
    kind: 'ConfigMap', apiVersion: 'v1',
    metadata: { name: 'a', labels: {}, finalizers: [], creationTimestamp: null, generation: 1 },
    items: [{ b: [1, 2.5, true], a: 'x' }, [['y'], []], {}, 'text'],
    data: { script: 'set -e\n\n  echo "a: b"\n', 'no-end': 'a\nb', ends: 'a\n\n' },
  };
  expect(toYaml(object)).toBe(`apiVersion: v1
data:
  ends: |+
    a

  no-end: |-
    a
    b
  script: |
    set -e

      echo "a: b"
items:
- a: x
  b:
  - 1
  - 2.5
  - true
- - - "y"
  - []
- {}
- text
kind: ConfigMap
metadata:
  creationTimestamp: null
  finalizers: []
  generation: 1
  labels: {}
  name: a
`);
});

test.each([
  'yes', 'No', 'y', 'N', 'on', 'OFF', 'true', 'null', '~', '', '1e3', '1_000', '0x1F', '0o14', '014', '09', '0b11', '+1', '1.', '.5', '.inf', '.NaN', '12:30:45', '2020-01-01',
  '2001-12-14t21:59:43.10-05:00', '=', '<<', '-', '- x', '? x', '%x', '@x', '`x', '!x', '&x', '*x', '{a}', '[a]', '|', '>', '---', '...', '#x', "'q'", '"q"', ',x',
  'a: b', 'a:', 'a #b', ' x', 'x ', 'tab\tx', '\n', '\n\nx', ' x\ny', 'x\r\ny', 'x\ty\nz', '\u0085x\ny', 'x\u2028y', '\ufeffx', '\u007f', '\u0007', '\\', '-0',
])('%j is written so that it stays text', (text) => {
  expect(toYaml([text])).toMatch(/^- "/);
  for (const version of ['1.1', '1.2'] as const) expect(parse(toYaml({ [text]: [text, { [text]: text }] }), { version })).toEqual({ [text]: [text, { [text]: text }] });
});

test.each(['a', 'a b', 'a:b', 'a#b', 'gleaner.dev/v1alpha1', '/var/lib', 'a, b', "it's", 'f:metadata', '_x', 'yesterday', 'nullable', 'e1'])('%j is written as it is', (text) => {
  expect(toYaml({ [text]: text })).toBe(`${text}: ${text}\n`);
});

test('a dot alone is text, as kube-apiserver writes and reads it', () => {
  expect(parseYaml('a: .\n.: {}\nb: ._\nc: 0.5\nd: .5\ne: 1.\n').value).toEqual({ a: '.', '.': {}, b: '._', c: 0.5, d: 0.5, e: 1 });
});

test('what Go cannot read of a text is replaced', () => {
  expect(toYaml(['\ud800x', '\u{1f600}'])).toBe('- "\ufffdx"\n- "\u{1f600}"\n');
});

test('any text and shape comes back, by either version of YAML', () => {
  // A generator with a seed: the same values at every run.
  let state = 7;
  const below = (limit: number): number => (state = (state * 48271) % 2147483647) % limit;
  const chars = [...'abyn019.:-#?!&*{}[],|>\'"%@`~ \n\t\r=<_/\\é\u{1f600}\u0085\u2028\u0000'];
  const text = (): string => Array.from({ length: below(9) }, () => chars[below(chars.length)]).join('');
  const value = (depth: number): unknown => {
    switch (below(depth > 4 ? 4 : 7)) {
      case 0: return text().repeat(below(40) === 0 ? 60 : 1);
      case 1: return below(2000) / 8 - 100;
      case 2: return [null, true, false, 1e21, 1e-7, -0.5][below(6)];
      case 3: return text();
      case 4: return Array.from({ length: below(4) }, () => value(depth + 1));
      default: return Object.fromEntries(Array.from({ length: below(4) }, () => [text().repeat(below(10) === 0 ? 30 : 1), value(depth + 1)]));
    }
  };
  for (let round = 0; round < 1500; round += 1) {
    const one = { a: value(0) };
    const yaml = toYaml(one);
    for (const version of ['1.1', '1.2'] as const) expect({ yaml, value: parse(yaml, { version, merge: false }) as unknown }).toEqual({ yaml, value: one });
  }
});
