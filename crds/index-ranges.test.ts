import fc from 'fast-check';
import { IndexRanges } from './index-ranges';

const indexes = fc.array(fc.nat({ max: 60 }), { maxLength: 60 });

/** The text of a plain set, by definition. */
function textOf(set: Set<number>): string {
  const parts: string[] = [];
  for (let index = 0; index <= 70; index++) {
    if (!set.has(index) || set.has(index - 1)) continue;
    let end = index;
    while (set.has(end + 1)) end++;
    parts.push(end === index ? `${index}` : `${index}-${end}`);
  }
  return parts.join(',');
}

test('adding one by one, or all at once, gives the set of the indexes', () => {
  fc.assert(fc.property(indexes, indexes, (first, second) => {
    const model = new Set<number>();
    const single = new IndexRanges();
    for (const index of [...first, ...second]) {
      expect(single.add(index)).toBe(!model.has(index));
      model.add(index);
      expect(single.count).toBe(model.size);
    }
    const bulk = IndexRanges.of(first);
    expect(bulk.clone().addAll(second)).toBe(model.size - bulk.count);
    bulk.addAll(IndexRanges.of(second));
    for (const set of [single, bulk, IndexRanges.parse(single.toString())]) {
      expect(set.toString()).toBe(textOf(model));
      expect(set.count).toBe(model.size);
      expect([...set]).toEqual([...model].sort((a, b) => a - b));
      for (let index = 0; index < 65; index++) {
        expect(set.has(index)).toBe(model.has(index));
        let missing = index;
        while (model.has(missing)) missing++;
        expect(set.nextMissing(index)).toBe(missing);
      }
      expect([...set.missing(5, 50)]).toEqual(Array.from({ length: 45 }, (_, i) => i + 5).filter((i) => !model.has(i)));
    }
  }));
});

test('a clone is apart from its original', () => {
  const set = IndexRanges.parse('0-41,43');
  const copy = set.clone();
  copy.add(42);
  expect([set.toString(), copy.toString(), copy.rangeCount]).toEqual(['0-41,43', '0-43', 1]);
});

test('a million indexes are one range', () => {
  const set = new IndexRanges();
  for (let index = 0; index < 1_000_000; index += 2) set.add(index);
  expect(set.rangeCount).toBe(500_000);
  set.addAll((function* odd() {
    for (let index = 1; index < 1_000_000; index += 2) yield index;
  })());
  expect([set.toString(), set.count, set.nextMissing(0)]).toEqual(['0-999999', 1_000_000, 1_000_000]);
});

test('the empty set', () => {
  expect(IndexRanges.parse(undefined).toString()).toBe('');
  expect(IndexRanges.parse('').nextMissing(7)).toBe(7);
});

test.each(['a', '1-', '-1', '3-1', '1,1', '5,3', '0-5,5', '1;2', '1, 2', '1'.repeat(16)])('%p is refused', (text) => {
  expect(() => IndexRanges.parse(text)).toThrow(/such as "0-41,43"/);
});

test.each([-1, 1.5, Number.NaN, 2 ** 60])('index %p is refused', (index) => {
  expect(() => new IndexRanges().add(index)).toThrow(/whole numbers from 0/);
  expect(() => IndexRanges.of([1, index])).toThrow(/whole numbers from 0/);
});
