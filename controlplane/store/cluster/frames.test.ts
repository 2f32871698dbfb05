import { StoreError } from '../store';
import { Frames } from './frames';

const text = '{"a":"ä€𝄞"}\n\n{"b":2}\r\n';

test('frames come out the same wherever the chunks end', () => {
  const bytes = Buffer.from(text);
  for (let at = 0; at <= bytes.length; at += 1) {
    const frames = new Frames(100);
    expect([...frames.push(bytes.subarray(0, at)), ...frames.push(bytes.subarray(at))]).toEqual([{ a: 'ä€𝄞' }, { b: 2 }]);
  }
});

test('a frame that has no end yet is none; one that is too large or no JSON is refused', () => {
  const frames = new Frames(10);
  expect(frames.push(Buffer.from('{"b":'))).toEqual([]);
  expect(() => frames.push(Buffer.from('"0123456789"}'))).toThrow(new StoreError('Invalid', 'a frame of the watch has more than 10 bytes'));
  expect(() => new Frames(10).push(Buffer.from('{"b"\n'))).toThrow(expect.objectContaining({ reason: 'Unavailable' }));
});
