/** Against JSON.stringify, whose indentation is that of Go. */
import fc from 'fast-check';

import { Indenter, indented } from './indent';

test('as JSON.stringify with two spaces, however the text comes in pieces', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 4 }), fc.array(fc.nat({ max: 40 })), (text, cuts) => {
    const value: unknown = JSON.parse(text);
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
    const indenter = new Indenter();
    const parts: Buffer[] = [];
    let from = 0;
    for (const cut of cuts) {
      parts.push(indenter.push(bytes.subarray(from, from + cut)));
      from += cut;
    }
    parts.push(indenter.push(bytes.subarray(from)));
    expect(Buffer.concat(parts).toString()).toBe(JSON.stringify(value, null, 2));
  }));
});

test('what is indented already stays; escapes, empty brackets and brackets in strings are left alone', () => {
  const value = { a: {}, b: [], c: [[], [{}]], 'd"\\': '{"x": [1,2]}\\', e: 'ü€😀', f: [1.5e300, null, true, 12345678901234567890n.toString()] };
  const pretty = JSON.stringify(value, null, 2);
  expect(indented(pretty).toString()).toBe(pretty);
  expect(indented('{"n":12345678901234567890}').toString()).toBe('{\n  "n": 12345678901234567890\n}');
});
