import fc from 'fast-check';
import { Inbox } from './inbox';

const inbox = (): { inbox: Inbox; acks: number[] } => {
  const acks: number[] = [];
  const made: Inbox = new Inbox(() => acks.push(made.durable));
  return { inbox: made, acks };
};

test('acknowledged is the longest durable run, in whatever order frames become durable', () => {
  const { inbox: box, acks } = inbox();
  expect([1, 2, 3].map((seq) => box.receive(seq))).toEqual(['apply', 'apply', 'apply']);
  box.completed(3);
  box.completed(1);
  expect([box.durable, box.inFlight]).toEqual([1, 2]);
  box.completed(2);
  expect(acks).toEqual([1, 3]);
});

test('repeats are dropped, gaps are seen', () => {
  const { inbox: box } = inbox();
  box.receive(1);
  expect([box.receive(1), box.receive(3), box.receive(2)]).toEqual(['repeat', 'gap', 'apply']);
});

test('after a reconnect what was not durable is applied again', () => {
  const { inbox: box } = inbox();
  for (const seq of [1, 2, 3]) box.receive(seq);
  box.completed(1);
  box.reconnected();
  box.completed(2);
  expect(box.receive(2)).toBe('repeat');
  expect(box.receive(3)).toBe('apply');
  box.completed(3);
  box.completed(3);
  expect(box.durable).toBe(3);
});

test('every frame is applied at least once and never acknowledged before it is durable', () => {
  fc.assert(fc.property(fc.array(fc.record({ kind: fc.constantFrom('send', 'durable', 'cut'), pick: fc.nat() })), (steps) => {
    const { inbox: box } = inbox();
    const durable = new Set<number>();
    const applied = new Set<number>();
    let next = 1;
    for (const { kind, pick } of steps) {
      if (kind === 'send') {
        if (box.receive(next) === 'gap') throw new Error(`a gap before ${next}`);
        applied.add(next);
        next += 1;
      } else if (kind === 'durable' && applied.size > 0) {
        const seq = [...applied][pick % applied.size] as number;
        durable.add(seq);
        box.completed(seq);
      } else if (kind === 'cut') {
        box.reconnected();
        next = box.durable + 1;
      }
      for (let seq = 1; seq <= box.durable; seq += 1) expect(durable.has(seq)).toBe(true);
    }
  }));
});
