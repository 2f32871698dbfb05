import fc from 'fast-check';
import { IndexRanges } from '../../../crds/index-ranges';
import type { TaskPhase } from '../../../crds/task';
import { buildJob } from '../../../test/support/controller-world';
import { EXPECTATION_MS, Tally } from './tally';
import { taskFor, taskName } from './task-object';
import { refill } from './window';

const job = { ...buildJob('j'), metadata: { ...buildJob('j').metadata, uid: 'u' } };
const task = (index: number, phase?: TaskPhase, uid = `t${index}`) => {
  const made = taskFor(job, index);
  return { ...made, metadata: { ...made.metadata, uid }, ...(phase && { status: { phase } }) };
};

type Step = { kind: 'expect'; count: number } | { kind: 'unexpect' | 'seen' | 'remove'; index: number } | { kind: 'phase'; index: number; phase: TaskPhase } | { kind: 'fold' };
const TOTAL = 12;
const index = fc.nat(TOTAL - 1);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('expect' as const), count: fc.nat(5) }),
  fc.record({ kind: fc.constantFrom('unexpect' as const, 'seen' as const, 'remove' as const), index }),
  fc.record({ kind: fc.constant('phase' as const), index, phase: fc.constantFrom<TaskPhase>('Pending', 'Running', 'Succeeded', 'Failed', 'Cancelled') }),
  fc.constant<Step>({ kind: 'fold' }),
);

test('in any order of events: sums are those of a plain model, an index is counted once, and no counted one is made again', () => {
  fc.assert(fc.property(fc.array(steps, { maxLength: 80 }), (list) => {
    const tally = new Tally('u', TOTAL, undefined, []);
    const live = new Map<number, TaskPhase>();
    const ended = new Map<number, TaskPhase>();
    const isEnd = (phase: TaskPhase | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';
    for (const step of list) {
      let wrong: number[] = [];
      const phase = step.kind === 'phase' ? step.phase : 'Pending';
      switch (step.kind) {
        case 'expect': {
          const made = tally.expect(step.count, 0);
          wrong = made.filter((each, at) => ended.has(each) || live.has(each) || made.indexOf(each) !== at);
          break;
        }
        case 'unexpect': tally.unexpect(step.index); break;
        case 'seen': case 'phase': {
          // Tasks come into being only when they are expected, and never leave an end.
          if ((step.kind === 'seen' ? !tally.expected.has(step.index) : !live.has(step.index) || isEnd(live.get(step.index)))) break;
          tally.put(task(step.index, phase));
          live.set(step.index, phase);
          if (isEnd(phase) && !ended.has(step.index)) ended.set(step.index, phase);
          break;
        }
        case 'remove':
          if (!live.delete(step.index)) break;
          tally.remove(tally.live.get(step.index)!.task);
          break;
        case 'fold': tally.fold([...tally.unfolded]); break;
        default: step satisfies never;
      }
      expect(wrong).toEqual([]);
      const count = (wanted: TaskPhase): number => [...live.values()].filter((each) => each === wanted).length;
      expect([tally.running, tally.pending, tally.cancelled]).toEqual([count('Running'), count('Pending'), count('Cancelled')]);
      expect(tally.completedIndexes).toBe(IndexRanges.of([...ended].filter(([, how]) => how === 'Succeeded').map(([at]) => at)).toString());
      expect(tally.failedIndexes).toBe(IndexRanges.of([...ended].filter(([, how]) => how === 'Failed').map(([at]) => at)).toString());
      expect(tally.unfolded.size + tally.folded.size).toBe([...live.values()].filter(isEnd).length);
      const open = [...live].filter(([, how]) => !isEnd(how)).length;
      expect(tally.unmade).toBe(TOTAL - ended.size - open - tally.expected.size);
    }
    const rest = tally.unmade;
    expect(tally.expect(TOTAL, 0)).toHaveLength(rest);
  }), { numRuns: 1000 });
});

test('built from a status and Tasks: what is durable is folded, what is new is not', () => {
  const tally = new Tally('u', 6, { completedIndexes: '0-1', failedIndexes: '2' }, [task(1, 'Succeeded'), task(3, 'Succeeded'), task(4, 'Running')]);
  expect([tally.completedIndexes, tally.failedIndexes, tally.unmade]).toEqual(['0-1,3', '2', 1]);
  expect([[...tally.folded], [...tally.unfolded]]).toEqual([[1], [3]]);
  expect(tally.expect(10, 0)).toEqual([5]);
});

test('an expected Task that never appears is made again after a while', () => {
  const tally = new Tally('u', 2, undefined, []);
  expect(tally.expect(2, 0)).toEqual([0, 1]);
  expect(tally.expire(EXPECTATION_MS - 1)).toBe(EXPECTATION_MS);
  tally.put(task(0));
  expect(tally.expire(EXPECTATION_MS)).toBeUndefined();
  expect(tally.expect(2, EXPECTATION_MS)).toEqual([1]);
});

test('refill never goes beyond the window, and never stops short of the end', () => {
  fc.assert(fc.property(fc.integer({ min: 4, max: 60 }), fc.nat(300), fc.infiniteStream(fc.nat(1000)), (window, total, stream) => {
    const choices = stream[Symbol.iterator]();
    let [open, unfolded, folded, unmade, ended] = [0, 0, 0, total, 0];
    for (let round = 0; ended < total; round++) {
      expect(round).toBeLessThan(20 * total + 20);
      const room = refill({ window, live: open + unfolded + folded, open, folded, unfolded, expected: 0, unmade });
      expect(room.remove).toBeLessThanOrEqual(folded);
      folded -= room.remove;
      open += room.create;
      unmade -= room.create;
      expect(open + unfolded + folded).toBeLessThanOrEqual(window);
      expect(room.create > 0 || room.foldFirst || open > 0 || unmade === 0 || folded > 0).toBe(true);
      if (room.foldFirst || choices.next().value % 3 === 0) [folded, unfolded] = [folded + unfolded, 0];
      const ends = Math.min(open, 1 + (choices.next().value % window));
      open -= ends;
      unfolded += ends;
      ended += ends;
    }
    expect(unmade).toBe(0);
  }), { numRuns: 300 });
});

test('a Job that fits into its window keeps its Tasks', () => {
  expect(refill({ window: 1000, live: 1000, open: 0, folded: 1000, unfolded: 0, expected: 0, unmade: 0 })).toEqual({ create: 0, remove: 0, foldFirst: false });
});

test('names of Tasks are the same each time, differ by index, and fit', () => {
  const long = 'a'.repeat(253);
  expect(taskName('pi', 7)).toBe('pi-7');
  expect(taskName(long, 999_999)).toHaveLength(253);
  expect(taskName(long, 1)).toBe(taskName(long, 1));
  expect(taskName(long, 1)).not.toBe(taskName(`${'a'.repeat(252)}b`, 1));
  expect(taskFor({ ...job, metadata: { ...job.metadata, name: long } }, 0).metadata.labels!['gleaner.dev/job']!.length).toBeLessThanOrEqual(63);
});
