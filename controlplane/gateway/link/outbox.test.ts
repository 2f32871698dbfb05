import { Outbox } from './outbox';

const small = { frameChars: 10, unackedFrames: 3, unackedChars: 100 };
const frames = (texts: string[]): unknown[] => texts.map((text) => JSON.parse(text) as unknown);

test('one frame per flush; the acknowledgement rides along, once', () => {
  const box = new Outbox();
  box.pushReliable('1');
  box.pushReliable('2');
  box.pushUnreliable('3');
  expect(frames(box.flush(7))).toEqual([{ seq: 1, ack: 7, messages: [1, 2] }, { messages: [3] }]);
  expect(frames(box.flush(8))).toEqual([{ ack: 8, messages: [] }]);
  expect(box.flush(undefined)).toEqual([]);
});

test('unacknowledged frames are sent again, unreliable ones never', () => {
  const box = new Outbox();
  box.pushReliable('1');
  box.flush(undefined);
  box.pushReliable('2');
  box.pushUnreliable('3');
  box.keep();
  expect(box.acknowledged(1)).toBe(true);
  expect(frames(box.replay())).toEqual([{ seq: 2, messages: [2] }]);
  expect(box.flush(undefined)).toEqual([]);
  expect(box.acknowledged(3)).toBe(false);
});

test('long frames are split', () => {
  const box = new Outbox(small);
  for (const message of ['11111', '22222', '33333']) box.pushReliable(message);
  expect(frames(box.flush(undefined))).toEqual([{ seq: 1, messages: [11111] }, { seq: 2, messages: [22222] }, { seq: 3, messages: [33333] }]);
});

test('at the bound it takes nothing more, and says before that it is getting tight', () => {
  const box = new Outbox(small);
  box.pushReliable('1');
  box.flush(undefined);
  expect([box.congested, box.overflowing]).toEqual([false, false]);
  box.pushReliable('2');
  box.flush(undefined);
  expect(box.congested).toBe(true);
  box.pushReliable('3');
  box.flush(undefined);
  expect([box.overflowing, box.pushReliable('4'), box.unacked]).toEqual([true, false, 3]);
  box.acknowledged(3);
  expect([box.congested, box.pushReliable('4')]).toEqual([false, true]);
});

test('the bound counts characters too', () => {
  const box = new Outbox({ ...small, frameChars: 1000 });
  expect(box.pushReliable('x'.repeat(101))).toBe(true);
  expect(box.pushReliable('y')).toBe(false);
});
