/**
 * The log of a Pod: what its attempt wrote to stdout and stderr. They are kept apart, so what was there before is stdout first, then
 * stderr; what comes while one follows is in the order in which it comes.
 */
import type { KubeObject } from '../../crds/meta';
import type { OpenPodLog, PodLog } from '../apiserver/verbs/pod-log';
import type { LogSource, LogStream, LogTarget, ReadOptions } from '../gateway/logs';
import { attemptOf, CONTAINER } from './pod';

/** What the gateway knows of logs. */
export interface AttemptLogs {
  find: (namespace: string, task: string) => Promise<LogSource | undefined>;
  read: (target: LogTarget, stream: LogStream, options: ReadOptions) => AsyncIterable<Buffer>;
}

/** @param podOf the Pod, when it is there */
export function podLogs({ find, read }: AttemptLogs, podOf: (namespace: string, pod: string) => Promise<KubeObject | undefined>): OpenPodLog {
  return async ({ namespace, pod, stream, follow, tailLines, signal }) => {
    const named = attemptOf(pod);
    const shown = named && (await podOf(namespace, pod));
    const source = shown && (await find(namespace, named.task));
    if (!source) return undefined;
    const log = { container: CONTAINER, ...timesOf(shown) };
    const target: LogTarget = { jobUid: source.jobUid, index: source.index, attempt: named.attempt };
    const active = (): boolean => follow && source.active(named.attempt);
    const open = (each: LogStream, tail: number | undefined, more: () => boolean): AsyncIterable<Buffer> => read(target, each, { tail, active: more, signal });
    if (stream !== 'All') return { ...log, chunks: open(stream === 'Stdout' ? 'stdout' : 'stderr', tailLines, active) };
    if (active()) return { ...log, chunks: merged([open('stdout', tailLines, active), open('stderr', tailLines, active)]) };
    const nothingMore = (): boolean => false;
    const whole = tailLines === undefined ? inTurn([open('stdout', undefined, nothingMore), open('stderr', undefined, nothingMore)]) : lastLines(open, tailLines, nothingMore);
    return { ...log, chunks: whole };
  };
}

/** Ends that the agent has told of: of an attempt that was given up, it may still send what was written. */
const REPORTED = new Set(['Completed', 'Error', 'OOMKilled']);

/** A Pod's times are rounded down: it may have written for the rest of the second. */
const secondAfter = (at: string): string => `${new Date(Date.parse(at) + 1000).toISOString().slice(0, 19)}Z`;

/** From when to when it may have written. */
function timesOf(pod: KubeObject): Pick<PodLog, 'began' | 'ended'> {
  const { metadata: { creationTimestamp = '' }, status } = pod as KubeObject & { status?: { containerStatuses?: { state: { terminated?: { reason: string; finishedAt: string | null } } }[] } };
  const ended = status?.containerStatuses?.[0]?.state.terminated;
  return { began: creationTimestamp, ...(ended?.finishedAt && REPORTED.has(ended.reason) && { ended: secondAfter(ended.finishedAt) }) };
}

async function* inTurn(streams: readonly AsyncIterable<Buffer>[]): AsyncGenerator<Buffer> {
  for (const stream of streams) yield* stream;
}

/** Both streams are bounded (MAX_LOG_BYTES): the lines are counted over the two. */
async function* lastLines(open: (stream: LogStream, tail: number, more: () => boolean) => AsyncIterable<Buffer>, lines: number, more: () => boolean): AsyncGenerator<Buffer> {
  const stderr = await gathered(open('stderr', lines, more));
  const left = lines - countLines(stderr);
  if (left > 0) yield* open('stdout', left, more);
  if (stderr.length > 0) yield stderr;
}

async function gathered(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

function countLines(text: Buffer): number {
  if (text.length === 0) return 0;
  let lines = text[text.length - 1] === 10 ? 0 : 1;
  for (const byte of text) if (byte === 10) lines++;
  return lines;
}

/** Whatever comes next of any of them. */
async function* merged(streams: readonly AsyncIterable<Buffer>[]): AsyncGenerator<Buffer> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const waiting = new Map(iterators.map((iterator) => [iterator, next(iterator)]));
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values());
      if (result.done) {
        waiting.delete(iterator);
        continue;
      }
      yield result.value;
      waiting.set(iterator, next(iterator));
    }
  } finally {
    await Promise.all(iterators.map((iterator) => iterator.return?.()));
  }
}

async function next(iterator: AsyncIterator<Buffer>): Promise<{ iterator: AsyncIterator<Buffer>; result: IteratorResult<Buffer> }> {
  return { iterator, result: await iterator.next() };
}
