/**
 * Random operations, with duplicates, reorderings, wrong keys, failing commits and crashes between any two steps. After every commit the
 * ledger equals the model, and its own verification finds nothing.
 */
import fc from 'fast-check';
import { hold, settle, type LedgerBackend } from '../../../test/support/ledger';
import { JOBS, LedgerWorld, NAMESPACES, OWNERS, POISON, type Command } from '../../../test/support/ledger-world';

const COMMANDS = 400;
const TASKS = 120;

const micro = (most: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: most });
const task = fc.record({ task: fc.nat(TASKS - 1), attempt: fc.integer({ min: 1, max: 3 }), late: fc.nat(4).map((n) => n === 0) });
const keyOf = (each: { task: number; attempt: number; late: boolean }): string => `task-${each.task}/${each.attempt}${each.late ? '/late' : ''}`;
const holdRequest = fc.record({ of: task, amount: micro(1_000n), budget: fc.option(micro(20_000n), { nil: undefined, freq: 3 }) }).map(({ of, amount, budget }) => ({
  ...hold(amount, {
    taskUid: `task-${of.task}`, attempt: of.attempt, namespace: NAMESPACES[of.task % 3]!, jobUid: JOBS[of.task % 5]!, ownerId: OWNERS[of.attempt % 2]!,
  }, budget),
  key: keyOf(of),
}));
const settleRequest = fc.record({ of: task, charge: micro(1_200n), share: fc.nat(100), lost: fc.nat(3).map((n) => n === 0) }).map(({ of, charge, share, lost }) =>
  lost ? settle(keyOf(of), 0n, 0n, { reason: 'AgentLost' }) : settle(keyOf(of), charge, (charge * BigInt(share)) / 100n));
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 50, arbitrary: fc.record({ type: fc.constant('deposit' as const), key: fc.nat(60), namespace: fc.nat(2), amount: fc.integer({ min: 1, max: 3_000 }).map(BigInt) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('deposit' as const), key: fc.integer({ min: 61, max: 99 }), namespace: fc.nat(2), amount: fc.constant(POISON) }) },
  { weight: 150, arbitrary: fc.record({ type: fc.constant('hold' as const), requests: fc.array(holdRequest, { minLength: 1, maxLength: 8 }) }) },
  { weight: 150, arbitrary: fc.record({ type: fc.constant('settle' as const), requests: fc.array(settleRequest, { minLength: 1, maxLength: 8 }) }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('limit' as const), namespace: fc.nat(2), amount: micro(2_000n) }) },
  { weight: 100, arbitrary: fc.constantFrom<Command>({ type: 'commit' }) },
  { weight: 20, arbitrary: fc.constantFrom<Command>({ type: 'failCommit' }, { type: 'crashBeforeCommit' }, { type: 'crashAfterCommit' }) },
  { weight: 1, arbitrary: fc.constantFrom<Command>({ type: 'verify' }) },
);

/** @param runs of some 900 operations each */
export function describeRandom(made: () => LedgerBackend, runs: number): void {
  test(`${runs} times ${COMMANDS} random commands with crashes and failing commits leave the ledger as the model says`, async () => {
    const backend = made();
    let operations = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: COMMANDS, maxLength: COMMANDS }), async (commands) => {
        const world = await LedgerWorld.open(backend);
        for (const each of commands) await world.run(each);
        await world.finish();
        operations += world.operations;
      }),
      { numRuns: runs, endOnFailure: true },
    );
    expect(operations).toBeGreaterThanOrEqual(runs * 900);
  }, 300_000);
}
