import fc from 'fast-check';
import { type Item, Outbox } from './outbox';

const item = (n: number, kind: Item['kind'] = 'finished'): Item => ({ kind, key: `lease-${n}@1`, text: `{"n":${n}}` });

/** A control plane that applies what comes in order, and forgets its session now and then. */
class Peer {
  applied: number[] = [];
  seq = 0;
  durable = 0;

  receive(frame: string): void {
    const { seq, messages } = JSON.parse(frame) as { seq: number; messages: { n: number }[] };
    if (seq <= this.seq) return;
    expect(seq).toBe(this.seq + 1);
    this.seq = seq;
    this.applied.push(...messages.map(({ n }) => n));
  }

  forget(): void {
    this.seq = 0;
    this.durable = 0;
  }
}

describe('the outbox', () => {
  it('delivers everything at least once and, first time, in order, over any sequence of cuts, lost frames and forgotten sessions', () => {
    const steps = fc.array(fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), count: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('flush' as const), arrive: fc.integer({ min: 0, max: 10 }) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('ack' as const), upTo: fc.double({ min: 0, max: 1, noNaN: true }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), arrive: fc.integer({ min: 0, max: 10 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
    ), { maxLength: 60 });
    fc.assert(fc.property(steps, (all) => {
      const outbox = new Outbox({ frameChars: 30, frameMessages: 4, unackedFrames: 5, unackedChars: 120 });
      const peer = new Peer();
      const delivered: number[] = [];
      let pushed = 0;
      let isBroken = false;
      const arrive = (frames: string[], count: number): void => {
        if (isBroken) return;
        for (const frame of frames.slice(0, count)) peer.receive(frame);
        if (count < frames.length) isBroken = true;
      };
      const ack = (seq: number): void => {
        const items = outbox.acknowledged(seq);
        if (!items) throw new Error('acknowledged what was not sent');
        delivered.push(...items.map(({ text }) => (JSON.parse(text) as { n: number }).n));
      };
      const resume = (count: number): void => {
        isBroken = false;
        peer.seq = peer.durable;
        ack(peer.durable);
        arrive(outbox.replay(), count);
      };
      for (const step of all) {
        if (step.do === 'push') for (let i = 0; i < step.count; i += 1) outbox.push(item(pushed++));
        else if (step.do === 'flush' && !isBroken) arrive(outbox.flush(undefined), step.arrive);
        else if (step.do === 'ack' && !isBroken) {
          peer.durable += Math.floor((peer.seq - peer.durable) * step.upTo);
          ack(peer.durable);
        } else if (step.do === 'resume') resume(step.arrive);
        else if (step.do === 'forget') {
          isBroken = false;
          peer.forget();
          outbox.restart();
        }
      }
      resume(Number.POSITIVE_INFINITY);
      while (outbox.size > 0) {
        arrive(outbox.flush(undefined), Number.POSITIVE_INFINITY);
        peer.durable = peer.seq;
        ack(peer.durable);
      }
      const everything = Array.from({ length: pushed }, (_, n) => n);
      expect(delivered).toEqual(everything);
      expect([...new Set(peer.applied)]).toEqual(everything);
    }), { numRuns: 500 });
  });

  it('keeps at most so many frames on their way, and is not roomy meanwhile', () => {
    const outbox = new Outbox({ frameChars: 1, frameMessages: 10, unackedFrames: 3, unackedChars: 1000 });
    for (let n = 0; n < 5; n += 1) outbox.push(item(n));
    expect(outbox.flush(7)).toEqual(['{"seq":1,"ack":7,"messages":[{"n":0}]}', '{"seq":2,"messages":[{"n":1}]}', '{"seq":3,"messages":[{"n":2}]}']);
    expect([outbox.flush(undefined), outbox.roomy]).toEqual([[], false]);
    expect(outbox.acknowledged(2)?.map(({ key }) => key)).toEqual(['lease-0@1', 'lease-1@1']);
    expect(outbox.flush(undefined)).toHaveLength(2);
  });

  it('does not believe an acknowledgement of what was never sent', () => {
    const outbox = new Outbox();
    outbox.push(item(1));
    outbox.flush(undefined);
    expect([outbox.acknowledged(2), outbox.size]).toEqual([undefined, 1]);
  });

  it('forgets answers to offers with their session, and nothing else', () => {
    const outbox = new Outbox();
    outbox.push(item(1, 'answer'));
    outbox.push(item(2, 'log'));
    outbox.flush(undefined);
    outbox.push(item(3, 'answer'));
    outbox.push(item(4));
    outbox.restart();
    expect(outbox.flush(undefined)).toEqual(['{"seq":1,"messages":[{"n":2},{"n":4}]}']);
  });

  it('finds the message that is refused, gives up that one, and delivers the rest', () => {
    const outbox = new Outbox();
    for (let n = 0; n < 4; n += 1) outbox.push(item(n));
    const taken: number[] = [];
    const dropped: string[] = [];
    let seq = 0;
    for (let round = 0; round < 20 && outbox.size > 0; round += 1) {
      for (let frames = outbox.flush(undefined); frames.length > 0; frames = outbox.flush(undefined)) {
        const { messages } = JSON.parse(frames[0]!) as { messages: { n: number }[] };
        if (messages.some(({ n }) => n === 2)) break;
        taken.push(...messages.map(({ n }) => n));
        outbox.acknowledged(++seq);
      }
      if (outbox.size === 0) break;
      const gone = outbox.refused();
      if (gone) dropped.push(gone.key);
      outbox.restart();
      seq = 0;
    }
    expect([taken, dropped]).toEqual([[0, 1, 3], ['lease-2@1']]);
  });
});
