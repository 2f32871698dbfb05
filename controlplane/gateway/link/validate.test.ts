import fc from 'fast-check';
import { ProtocolError } from './protocol-error';
import { parseFrame } from './validate';

const usage = { cpuMicros: 1, memoryMibSeconds: 2, wallMillis: 3, ioBytes: 4, egressBytes: 5 };
const finished = { type: 'finished', lease: 'a-1/1', epoch: 1, reason: 'Completed', usage };
const frameOf = (...messages: unknown[]): string => JSON.stringify({ messages });
const file = (path: string) => ({ ...finished, result: { files: [{ path, element: `sha256:${'0'.repeat(64)}`, bytes: 1 }] } });

test('a good frame comes out as it went in, without what is not known', () => {
  const attempt = { type: 'attempt', lease: 'a-1/1', epoch: 1, phase: 'Running', progress: 0.5, message: 'x', usage };
  expect(parseFrame(JSON.stringify({ seq: 1, ack: 0, more: 1, messages: [{ ...attempt, more: 2 }, { type: 'heartbeat', x: 1 }] })))
    .toEqual({ seq: 1, ack: 0, messages: [attempt, { type: 'heartbeat' }] });
});

test.each([
  ['{', 'frame'], ['null', 'frame'], ['{"messages":{}}', 'messages'], ['{"seq":0,"messages":[]}', 'seq'], ['{"seq":1.5,"messages":[]}', 'seq'], ['{"ack":-1,"messages":[]}', 'ack'],
  [frameOf(null), 'messages[0]'], [frameOf({ type: '__proto__' }), 'messages[0].type'],
  [frameOf({ ...finished, reason: 'toString' }), 'messages[0].reason'], [frameOf({ ...finished, usage: { ...usage, ioBytes: 1e300 } }), 'messages[0].usage.ioBytes'],
  [frameOf({ ...finished, exitCode: 'x' }), 'messages[0].exitCode'], [frameOf({ ...finished, message: 'x'.repeat(5000) }), 'messages[0].message'],
  [frameOf({ ...finished, result: { inline: 'é'.repeat(40_000), files: [] } }), 'messages[0].result.inline'],
  [frameOf({ ...finished, result: { files: Array.from({ length: 1001 }, () => 1) } }), 'messages[0].result.files'],
  [frameOf({ type: 'accept', offer: 'o', leases: [] }), 'messages[0].leases'], [frameOf({ type: 'decline', offer: 'o', leases: ['a/1'], reason: 'Bored' }), 'messages[0].reason'],
  [frameOf({ type: 'log', lease: 'a/1', epoch: 1, stream: 'stdin', offset: 0, data: '' }), 'messages[0].stream'],
  [frameOf({ type: 'log', lease: 'a/1', epoch: 1, stream: 'stdout', offset: 0, data: '!!!!' }), 'messages[0].data'],
  [frameOf({ type: 'log', lease: 'a/1', epoch: 1, stream: 'stdout', offset: 2 ** 30, data: '' }), 'messages[0].offset'],
  [frameOf({ type: 'attempt', lease: 'a/1', epoch: 1, phase: 'Running', progress: 2 }), 'messages[0].progress'],
  [frameOf({ type: 'attempt', lease: 'a/0', epoch: 1, phase: 'Running' }), 'messages[0].lease'],
])('%s is refused for %s', (text, field) => {
  expect(() => parseFrame(text)).toThrow(new RegExp(`^${field.replace(/[[\]]/g, '\\$&')}: `));
});

test.each(['../x', 'a/../b', '/etc/passwd', 'a//b', 'a/', '', '.', 'a\\b', 'a\u0000b', 'a\nb'])('result path %j is refused', (path) => {
  expect(() => parseFrame(frameOf(file(path)))).toThrow(/files\[0\]\.path/);
});

test('a path twice, or the one of the inline result, is refused', () => {
  const twice = { ...finished, result: { files: [...file('a').result.files, ...file('a').result.files] } };
  expect(() => parseFrame(frameOf(twice))).toThrow(/files\[1\]\.path/);
  expect(() => parseFrame(frameOf({ ...file('result.json'), result: { ...file('result.json').result, inline: '1' } }))).toThrow(/files\[0\]\.path/);
});

test('whatever comes, it is a frame or a ProtocolError', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.record({ messages: fc.array(fc.record({ type: fc.constantFrom('hello', 'log', 'finished', 'accept', 'capacity'), lease: fc.anything(), total: fc.anything(), usage: fc.anything(), leases: fc.anything(), running: fc.anything() })) }).map((each) => JSON.stringify(each))), (text) => {
    let thrown: unknown;
    try {
      parseFrame(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown === undefined || thrown instanceof ProtocolError).toBe(true);
  }));
});
