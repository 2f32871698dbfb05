import fc from 'fast-check';
import { DueHeap } from './due-heap';

test('takes keys in the order of their time, wherever they were moved to', () => {
  const operations = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), fc.option(fc.nat(20))), { maxLength: 60 });
  fc.assert(fc.property(operations, (list) => {
    const heap = new DueHeap();
    const model = new Map<string, number>();
    for (const [key, due] of list) {
      const done = due === null ? [heap.delete(key), model.delete(key)] : [heap.set(key, due), model.set(key, due)].map(() => true);
      expect(done[0]).toBe(done[1]);
      expect(heap.size).toBe(model.size);
      expect(heap.dueOf(key)).toBe(model.get(key));
      expect(heap.nextDue).toBe(model.size ? Math.min(...model.values()) : undefined);
    }
    expect(heap.takeDue(-1)).toBeUndefined();
    const taken: number[] = [];
    for (let key = heap.takeDue(20); key !== undefined; key = heap.takeDue(20)) {
      taken.push(model.get(key)!);
      model.delete(key);
    }
    expect(taken).toEqual([...taken].sort((a, b) => a - b));
    expect(model.size).toBe(0);
  }));
});
