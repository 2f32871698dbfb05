/** Drives a ledger and the model side by side, through commits, failing commits and crashes, and compares them after each. */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import type { HoldRequest, SettleRequest } from '../../controlplane/ledger/ledger';
import type { LedgerBackend, OpenLedger } from './ledger';
import { LedgerModel } from './ledger-model';

export const NAMESPACES = ['lab-a', 'lab-b', 'lab-c'];
export const JOBS = ['job-0', 'job-1', 'job-2', 'job-3', 'job-4'];
export const OWNERS = ['ann', 'bob'];
/** A posting of this amount is refused by a trigger: the call fails, those of its turn before it do not. */
export const POISON = 7_777n;
const REJECTED = 'rejected';

export type Command =
  | { type: 'deposit'; key: number; namespace: number; amount: bigint }
  | { type: 'hold'; requests: HoldRequest[] }
  | { type: 'settle'; requests: SettleRequest[] }
  | { type: 'limit'; namespace: number; amount: bigint }
  | { type: 'commit' | 'failCommit' | 'crashBeforeCommit' | 'crashAfterCommit' | 'verify' };

export class LedgerWorld {
  model = new LedgerModel();
  operations = 0;
  private durable = new LedgerModel();
  /** State before the first call of this turn that cannot succeed. */
  private beforePoison: LedgerModel | undefined;
  /** Of this turn. `waits`: for the commit; `doomed`: was made after a call that cannot succeed, or is that one. */
  private calls: { outcome: Promise<unknown>; expected: unknown; waits: boolean; doomed: boolean }[] = [];

  private constructor(
    private readonly backend: LedgerBackend,
    private opened: OpenLedger,
  ) {}

  static async open(backend: LedgerBackend): Promise<LedgerWorld> {
    const opened = await backend.open();
    await backend.refuse(opened, POISON);
    opened.begin();
    return new LedgerWorld(backend, opened);
  }

  async run(next: Command): Promise<void> {
    const { ledger } = this.opened;
    switch (next.type) {
      case 'deposit': {
        const [key, namespace] = [`d${next.key}`, NAMESPACES[next.namespace]!];
        const before = this.model.copy();
        const expected = this.model.deposit(key, namespace, next.amount);
        if (next.amount === POISON && expected !== 'refused' && !expected.repeated) this.beforePoison ??= before;
        const outcome = ledger.deposit({ key, namespace, amountMicro: next.amount });
        return this.called(1, outcome, expected === 'refused' ? REJECTED : expected);
      }
      case 'hold':
        return this.called(next.requests.length, ledger.hold(next.requests), next.requests.map((request) => this.model.hold(request)));
      case 'settle':
        return this.called(next.requests.length, ledger.settle(next.requests), next.requests.map((request) => this.model.settle(request)));
      case 'limit':
        this.model.setLimit(NAMESPACES[next.namespace]!, next.amount);
        return this.called(1, ledger.setCreditLimit(NAMESPACES[next.namespace]!, next.amount), undefined);
      case 'commit':
        await this.opened.commit();
        return this.committed();
      case 'failCommit':
        await this.opened.commit('fail');
        return this.committed(true);
      case 'crashBeforeCommit':
        return this.crash();
      case 'crashAfterCommit':
        await this.opened.commit();
        this.durable = (this.beforePoison ?? this.model).copy();
        return this.crash();
      case 'verify':
        await this.opened.commit();
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

  private called(operations: number, outcome: Promise<unknown>, expected: unknown): void {
    this.operations += operations;
    outcome.catch(() => undefined);
    const waits = this.model.writes !== this.durable.writes;
    this.calls.push({ outcome, expected, waits, doomed: this.beforePoison !== undefined });
  }

  /** Calls have their expected outcome, except those that must fail: whatever depends on something that was rolled back. */
  private async committed(failed = false): Promise<void> {
    const results = await Promise.allSettled(this.calls.map((call) => call.outcome));
    const ended = results.map((result) => (result.status === 'fulfilled' ? result.value : REJECTED));
    deepStrictEqual(ended, this.calls.map(({ expected, waits, doomed }) => (waits && (failed || doomed) ? REJECTED : expected)));
    this.model = failed ? this.durable : (this.beforePoison ?? this.model);
    this.startTurn(this.model.copy());
    await this.compare();
  }

  private startTurn(durable: LedgerModel): void {
    this.opened.begin();
    this.durable = durable;
    this.beforePoison = undefined;
    this.calls = [];
  }

  private async crash(): Promise<void> {
    this.opened = await this.backend.crash(this.opened);
    await this.backend.refuse(this.opened, POISON);
    this.opened.begin();
    this.model = this.durable.copy();
    this.startTurn(this.durable);
    await this.compare();
  }

  private summary(model: LedgerModel): Record<string, string> {
    const sums: Record<string, string> = { margin: `${model.margin}`, deposited: `${model.deposited}` };
    for (const each of NAMESPACES) sums[each] = `${model.availableOf(each)} ${model.heldBy((open) => open.namespace === each)}`;
    for (const each of JOBS) sums[each] = `${model.charged.get(each) ?? 0n} ${model.heldBy((open) => open.jobUid === each)}`;
    for (const each of OWNERS) sums[each] = `${model.earned.get(each) ?? 0n}`;
    return sums;
  }

  private async compare(): Promise<void> {
    const { ledger } = this.opened;
    const balances = new Map(ledger.balances().map((each) => [each.account, each.balanceMicro]));
    const balance = (account: string): bigint => balances.get(account) ?? 0n;
    const sums: Record<string, string> = { margin: `${balance('operator/margin')}`, deposited: `${-balance('world/deposits')}` };
    for (const each of NAMESPACES) sums[each] = `${ledger.available(each)} ${ledger.held(each)}`;
    for (const each of JOBS) {
      const { chargedMicro, heldMicro } = await ledger.jobTotals(each);
      sums[each] = `${chargedMicro} ${heldMicro}`;
    }
    for (const each of OWNERS) sums[each] = `${balance(`owner/${each}/earned`)}`;
    deepStrictEqual(sums, this.summary(this.model));
    strictEqual([...balances.values()].reduce((sum, each) => sum + each, 0n), 0n);
    deepStrictEqual([...ledger.openHolds()].map((each) => each.key).sort(), [...this.model.open.keys()].sort());
  }

  private async verify(): Promise<void> {
    const report = await this.opened.ledger.verify();
    deepStrictEqual(report.violations, []);
    strictEqual(report.ok, true);
    strictEqual(report.openHolds, this.model.open.size);
  }
}
