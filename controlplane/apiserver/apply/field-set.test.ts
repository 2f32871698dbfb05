import fc from 'fast-check';

import { FieldSet, keyElement, parseElement, showPath, type Path } from './field-set';
import { decodeFields, encodeFields } from './fields-v1';

const element = fc.constantFrom('f:a', 'f:b', 'v:"x"', 'v:1', 'k:{"n":"a","p":80}', 'i:0');
const path: fc.Arbitrary<Path> = fc.array(element, { minLength: 1, maxLength: 4 });
const set = fc.array(path, { maxLength: 8 }).map((paths) => FieldSet.of(...paths));
const texts = (of: FieldSet): string[] => [...of.paths()].map((at) => at.join(' ')).sort();
const startsWith = (at: string, prefix: string): boolean => at === prefix || at.startsWith(`${prefix} `);

test('union, intersection and difference are those of sets of paths', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const [inA, inB] = [texts(a), texts(b)];
      expect(texts(a.union(b))).toEqual([...new Set([...inA, ...inB])].sort());
      expect(texts(a.intersection(b))).toEqual(inA.filter((at) => inB.includes(at)));
      expect(texts(a.difference(b))).toEqual(inA.filter((at) => !inB.includes(at)));
      expect(texts(a.recursiveDifference(b))).toEqual(inA.filter((at) => !inB.some((gone) => startsWith(at, gone))));
      expect(texts(a.leaves())).toEqual(inA.filter((at) => !inA.some((other) => other !== at && startsWith(other, at))));
      expect(a.isEmpty).toBe(inA.length === 0);
      expect(a.equals(b)).toBe(inA.join() === inB.join());
      for (const at of b.paths()) expect(a.has(at)).toBe(inA.includes(at.join(' ')));
    }),
  );
});

test('operations leave their operands as they are', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const before = [texts(a), texts(b)];
      for (const made of [a.union(b), a.difference(b), a.recursiveDifference(b), a.intersection(b), a.leaves(), a]) made.copy().insert(['f:new']);
      expect([texts(a), texts(b)]).toEqual(before);
    }),
  );
});

test('fieldsV1 can be read back', () => {
  fc.assert(fc.property(set, (a) => expect(texts(decodeFields(JSON.parse(JSON.stringify(encodeFields(a)))))).toEqual(texts(a))));
});

test('fieldsV1 says with "." that a path is meant besides what is below it; keys come sorted', () => {
  const owned = FieldSet.of(['f:spec'], ['f:spec', 'f:b'], ['f:spec', 'f:a', 'v:1'], ['f:spec', 'f:a', 'k:{"n":1}', 'f:x']);
  expect(JSON.stringify(encodeFields(owned))).toBe('{"f:spec":{".":{},"f:a":{"k:{\\"n\\":1}":{"f:x":{}},"v:1":{}},"f:b":{}}}');
});

test('elements are read in canonical form, whatever the order and spacing of keys', () => {
  expect(parseElement('k:{ "port": 80, "name":"a" }')).toBe(keyElement([['name', 'a'], ['port', 80]]));
  expect(parseElement('v: "a" ')).toBe('v:"a"');
  expect(parseElement('f:with:colon ')).toBe('f:with:colon ');
  expect(decodeFields({ 'f:l': { 'k:{"b":1,"a":2}': {} } }).has(['f:l', 'k:{"a":2,"b":1}'])).toBe(true);
});

test.each(['', 'x:a', 'f', 'k:[1]', 'k:{', 'v:', 'i:x'])('%j is no element', (text) => {
  expect(() => parseElement(text)).toThrow(/field path element|JSON/);
});

test.each<[unknown]>([['x'], [[]], [null], [{ 'f:a': 1 }], [{ 'f:a': { nope: {} } }]])('%j is no fieldsV1', (fields) => {
  expect(() => decodeFields(fields)).toThrow(/fieldsV1|field path element/);
});

test('nesting is bounded', () => {
  let deep = {};
  for (let level = 0; level < 260; level++) deep = { 'f:a': deep };
  expect(() => decodeFields(deep)).toThrow('more than 256 levels');
});

test('paths are shown as kubectl prints them', () => {
  expect(showPath(['f:spec', 'f:ports', 'k:{"name":"a","port":80}', 'f:x'])).toBe('.spec.ports[name="a",port=80].x');
  expect(showPath(['f:set', 'v:"a"'])).toBe('.set[="a"]');
  expect(showPath(['f:list', 'i:3'])).toBe('.list[3]');
});
