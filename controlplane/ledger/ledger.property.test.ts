/**
 * Random operations, with duplicates, reorderings, wrong keys, failing commits and crashes between any two steps. After every commit the
 * ledger equals the model, and its own verification finds nothing.
 */
import fc from 'fast-check';
import { LedgerFolder, failingCommit, hold, settle, type OpenLedger } from '../../test/support/ledger';
import { LedgerModel } from '../../test/support/ledger-model';
import type { HoldRequest, SettleRequest } from './ledger';

const OPERATIONS = 100_000;
const RUNS = 110;
const COMMANDS = 400;
const NAMESPACES = ['lab-a', 'lab-b', 'lab-c'];
const JOBS = ['job-0', 'job-1', 'job-2', 'job-3', 'job-4'];
const OWNERS = ['ann', 'bob'];
const TASKS = 120;
/** A posting of this amount is refused by a trigger: the call fails, others of its turn do not. */
const POISON = 7_777n;

type Command =
  | { type: 'deposit'; key: number; namespace: number; amount: bigint }
  | { type: 'hold'; requests: HoldRequest[] }
  | { type: 'settle'; requests: SettleRequest[] }
  | { type: 'limit'; namespace: number; amount: bigint }
  | { type: 'commit' | 'failCommit' | 'crashBeforeCommit' | 'crashAfterCommit' | 'verify' };

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

/** Runs commands against a ledger and the model side by side. */
class Bench {
  model = new LedgerModel();
  operations = 0;
  private durable = new LedgerModel();
  /** State before the first call of this turn that cannot succeed. */
  private beforePoison: LedgerModel | undefined;
  private calls: { outcome: Promise<unknown>; expected: unknown; doomed: boolean }[] = [];

  constructor(
    private readonly folder: LedgerFolder,
    private opened: OpenLedger,
  ) {
    this.prepare();
  }

  async run(next: Command): Promise<void> {
    const { ledger, writer } = this.opened;
    switch (next.type) {
      case 'deposit': {
        const [key, namespace] = [`d${next.key}`, NAMESPACES[next.namespace]!];
        const before = this.model.copy();
        const expected = this.model.deposit(key, namespace, next.amount);
        if (next.amount === POISON && expected !== 'refused' && !expected.repeated) this.beforePoison ??= before;
        const outcome = ledger.deposit({ key, namespace, amountMicro: next.amount });
        if (expected === 'refused') return expect(outcome).rejects.toMatchObject({ field: 'key' });
        return this.called(1, outcome, expected);
      }
      case 'hold':
        return this.called(next.requests.length, ledger.hold(next.requests), next.requests.map((request) => this.model.hold(request)));
      case 'settle':
        return this.called(next.requests.length, ledger.settle(next.requests), next.requests.map((request) => this.model.settle(request)));
      case 'limit':
        this.model.limits.set(NAMESPACES[next.namespace]!, next.amount);
        return this.called(1, ledger.setCreditLimit(NAMESPACES[next.namespace]!, next.amount), undefined);
      case 'commit':
        writer.flush();
        return this.committed();
      case 'failCommit':
        this.calls.push({ outcome: writer.enqueue(failingCommit.step), expected: undefined, doomed: true });
        writer.flush();
        this.beforePoison = this.durable.copy();
        return this.committed({ all: true });
      case 'crashBeforeCommit':
        return this.crash();
      case 'crashAfterCommit':
        writer.flush();
        this.durable = (this.beforePoison ?? this.model).copy();
        return this.crash();
      case 'verify':
        writer.flush();
        await this.committed();
        return this.verify();
      default:
        return next satisfies never;
    }
  }

  async finish(): Promise<void> {
    await this.run({ type: 'verify' });
    await this.crash();
    await this.verify();
  }

  private prepare(): void {
    failingCommit.prepare(this.opened.db);
    this.opened.db.exec(`CREATE TEMP TRIGGER refuse BEFORE INSERT ON ledger_posting WHEN NEW.amount = ${POISON} BEGIN SELECT RAISE(ABORT, 'refused'); END`);
  }

  private called(operations: number, outcome: Promise<unknown>, expected: unknown): void {
    this.operations += operations;
    outcome.catch(() => undefined);
    this.calls.push({ outcome, expected, doomed: this.beforePoison !== undefined });
  }

  /** Every call has its expected outcome, or failed because it had to: nothing that was rolled back was acknowledged. */
  private async committed({ all = false } = {}): Promise<void> {
    const results = await Promise.allSettled(this.calls.map((call) => call.outcome));
    results.forEach((result, n) => {
      const { expected, doomed } = this.calls[n]!;
      if (result.status === 'fulfilled') expect(result.value).toEqual(expected);
      else if (!all && !doomed) throw result.reason;
    });
    const changed = JSON.stringify(this.summary(this.model)) !== JSON.stringify(this.summary(this.durable));
    if ((all || this.beforePoison) && changed) expect(results.some((result) => result.status === 'rejected')).toBe(true);
    this.model = this.beforePoison ?? this.model;
    this.startTurn(this.model.copy());
    this.compare();
  }

  private startTurn(durable: LedgerModel): void {
    this.durable = durable;
    this.beforePoison = undefined;
    this.calls = [];
  }

  private async crash(): Promise<void> {
    this.opened = this.folder.crash(this.opened);
    this.prepare();
    this.model = this.durable.copy();
    this.startTurn(this.durable);
    this.compare();
  }

  private summary(model: LedgerModel): Record<string, string> {
    const sums: Record<string, string> = { margin: `${model.margin}`, deposited: `${model.deposited}` };
    for (const each of NAMESPACES) sums[each] = `${model.availableOf(each)} ${model.heldBy((open) => open.namespace === each)}`;
    for (const each of JOBS) sums[each] = `${model.charged.get(each) ?? 0n} ${model.heldBy((open) => open.jobUid === each)}`;
    for (const each of OWNERS) sums[each] = `${model.earned.get(each) ?? 0n}`;
    return sums;
  }

  private compare(): void {
    const { ledger } = this.opened;
    const balances = new Map(ledger.balances().map((each) => [each.account, each.balanceMicro]));
    const balance = (account: string): bigint => balances.get(account) ?? 0n;
    const sums: Record<string, string> = { margin: `${balance('operator/margin')}`, deposited: `${-balance('world/deposits')}` };
    for (const each of NAMESPACES) sums[each] = `${ledger.available(each)} ${ledger.held(each)}`;
    for (const each of JOBS) sums[each] = `${ledger.jobTotals(each).chargedMicro} ${ledger.jobTotals(each).heldMicro}`;
    for (const each of OWNERS) sums[each] = `${balance(`owner/${each}/earned`)}`;
    expect(sums).toEqual(this.summary(this.model));
    expect([...balances.values()].reduce((sum, each) => sum + each, 0n)).toBe(0n);
    expect([...ledger.openHolds()].map((each) => each.key).sort()).toEqual([...this.model.open.keys()].sort());
  }

  private async verify(): Promise<void> {
    const report = await this.opened.ledger.verify();
    expect(report.violations).toEqual([]);
    expect(report).toMatchObject({ ok: true, openHolds: this.model.open.size });
  }
}

test(`${OPERATIONS} random operations with crashes and failing commits leave the ledger as the model says`, async () => {
  const folder = new LedgerFolder();
  let operations = 0;
  try {
    const template = await folder.create();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: COMMANDS, maxLength: COMMANDS }), async (commands) => {
        const bench = new Bench(folder, folder.attach(folder.copy(template)));
        for (const each of commands) await bench.run(each);
        await bench.finish();
        operations += bench.operations;
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(operations).toBeGreaterThanOrEqual(OPERATIONS);
  } finally {
    folder.remove();
  }
}, 60_000);
