/**
 * The Ledger as the rest of the control plane sees it. Double entry; amounts are positive integers of micro-credits (bigint).
 *
 * Account names: `issuer/<ns>/available`, `issuer/<ns>/held`, `owner/<id>/earned`, `operator/margin`, `world/deposits`.
 * Every call is idempotent by its key; a repeated key returns the first outcome and posts nothing. Promises resolve when durable, and
 * reject when nothing of the call was saved (memory is then back at what is on disk: the same call may be made again). A malformed
 * request rejects with a LedgerInputError, and nothing of its call is done.
 */
import type { Usage } from '../../crds/task';
import type { Answer } from '../db/database';
import type { AttemptReason } from '../../crds/attempt-reasons';

/** What a hold remembers, enough to settle an attempt even when its Task and Job are gone. */
export interface HoldTerms {
  namespace: string;
  jobUid: string;
  jobName: string;
  taskUid: string;
  index: number;
  attempt: number;
  agentId: string;
  ownerId: string;
  tier: string;
  /** Micro-credits per unit. */
  rates: RateVector;
  /** Caps, for bounding what is billable. */
  cpu: number;
  memoryBytes: number;
  timeoutMs: number;
}

/** Micro-credits. */
export interface RateVector {
  cpuHour: bigint;
  memoryGiBHour: bigint;
  egressGiB: bigint;
  start: bigint;
  /** Millionths: 800_000 = 80 %. */
  ownerSharePpm: bigint;
}

export interface HoldRequest {
  /** `<task uid>/<attempt>` */
  key: string;
  amountMicro: bigint;
  /** The Job's budget: charged + held of the Job must stay within it. */
  maxJobMicro?: bigint;
  terms: HoldTerms;
}

export type HoldOutcome =
  | { ok: true }
  | { ok: false; reason: 'InsufficientCredit'; missingMicro: bigint; availableMicro: bigint }
  | { ok: false; reason: 'BudgetExhausted'; missingMicro: bigint }
  /** The key was held and is settled or released already. */
  | { ok: false; reason: 'Closed' };

export interface SettleRequest {
  /** The hold's key. */
  key: string;
  reason: AttemptReason;
  /** As reported, after bounding. */
  usage: Usage;
  /** What issuer pays; 0 releases everything. Never more than the hold: the ledger caps it. */
  chargeMicro: bigint;
  /** What the owner gets of it; the rest is the operator's margin. ≤ chargeMicro. */
  ownerMicro: bigint;
}

export type SettleOutcome =
  | { ok: true; repeated: boolean; chargedMicro: bigint; ownerMicro: bigint }
  | { ok: false; reason: 'NoHold' };

export interface OpenHold {
  key: string;
  amountMicro: bigint;
  terms: HoldTerms;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

export interface AccountBalance {
  account: string;
  balanceMicro: bigint;
  /** Charged in all (of `issuer/<ns>/held`), earned or kept in all; never decreases. 0 for `issuer/<ns>/available`. */
  lifetimeMicro: bigint;
}

export interface Statement {
  namespace: string;
  /** By Job name, then Job uid, tier and line; at most MAX_STATEMENT_LINES. */
  lines: StatementLine[];
  /** There are more lines; `totalMicro` counts them too. Ask for one Job. */
  truncated: boolean;
  totalMicro: bigint;
  heldMicro: bigint;
  availableMicro: bigint;
}

export interface StatementLine {
  job: string;
  jobUid: string;
  tier: string;
  line: 'work' | 'failed' | 'cancelled' | 'lost';
  attempts: number;
  cpuMicros: bigint;
  memoryMibSeconds: bigint;
  wallMillis: bigint;
  amountMicro: bigint;
}

export interface VerifyReport {
  ok: boolean;
  transactions: number;
  postings: number;
  accounts: number;
  openHolds: number;
  /** Each broken invariant, for people. */
  violations: string[];
}

/** Includes what is decided but not durable yet. */
export interface JobTotals {
  chargedMicro: bigint;
  heldMicro: bigint;
}

export interface Ledger {
  deposit(request: { key: string; namespace: string; amountMicro: bigint; note?: string }): Promise<{ repeated: boolean; availableMicro: bigint }>;
  /**
   * Outcomes in the order of the requests; decided one after the other. The key `<key>/late` is refused as Closed unless
   * `<key>` was held and released without a charge: never two payments for one attempt.
   */
  hold(requests: HoldRequest[]): Promise<HoldOutcome[]>;
  settle(requests: SettleRequest[]): Promise<SettleOutcome[]>;
  /** Synchronous, from memory; includes what is decided but not durable yet. */
  available(namespace: string): bigint;
  held(namespace: string): bigint;
  /** At once when the Job is known; that of a Job without open holds may have to be read from the database first. */
  jobTotals(jobUid: string): Answer<JobTotals>;
  openHold(key: string): OpenHold | undefined;
  openHolds(): Iterable<OpenHold>;
  balances(): AccountBalance[];
  /** All 0 for an account that nothing was posted to yet. */
  balance(account: string): AccountBalance;
  /** Credit limit per issuer namespace (≥ 0), set from Account objects; kept, so that it holds again after a restart. In force at once. */
  setCreditLimit(namespace: string, limitMicro: bigint): Promise<void>;
  /** @param job name or uid of a Job */
  statement(namespace: string, job?: string): Promise<Statement>;
  verify(): Promise<VerifyReport>;
  /** Called after an issuer can spend more (deposit, release, limit) and that is durable: whoever waits for credit tries again. Must not throw. */
  onCredit(listener: (namespace: string) => void): void;
  /** Called with the accounts whose balance changed, once that is durable. Must not throw. */
  onBalance(listener: (accounts: readonly string[]) => void): void;
}
