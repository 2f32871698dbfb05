/** What the ledger must do, as simply as it can be said: maps of numbers, no disk. Copied to remember what is durable. */
import { baseKey, isLate } from '../../controlplane/ledger/input';
import type { HoldOutcome, HoldRequest, SettleOutcome, SettleRequest } from '../../controlplane/ledger/ledger';

interface OpenModelHold {
  namespace: string;
  jobUid: string;
  ownerId: string;
  amount: bigint;
}

export class LedgerModel {
  available = new Map<string, bigint>();
  limits = new Map<string, bigint>();
  earned = new Map<string, bigint>();
  charged = new Map<string, bigint>();
  margin = 0n;
  deposited = 0n;
  /** Number of changes so far. */
  writes = 0;
  deposits = new Map<string, string>();
  open = new Map<string, OpenModelHold>();
  closed = new Map<string, { chargedMicro: bigint; ownerMicro: bigint }>();

  copy(): LedgerModel {
    const copy = new LedgerModel();
    for (const field of ['available', 'limits', 'earned', 'charged', 'deposits', 'open', 'closed'] as const) {
      Object.assign(copy, { [field]: new Map<unknown, unknown>(this[field]) });
    }
    copy.margin = this.margin;
    copy.deposited = this.deposited;
    copy.writes = this.writes;
    return copy;
  }

  availableOf = (namespace: string): bigint => this.available.get(namespace) ?? 0n;
  heldBy = (matches: (hold: OpenModelHold) => boolean): bigint => [...this.open.values()].filter(matches).reduce((sum, { amount }) => sum + amount, 0n);

  /** 'refused': the key was used for another deposit. */
  deposit(key: string, namespace: string, amount: bigint): { repeated: boolean; availableMicro: bigint } | 'refused' {
    const before = this.deposits.get(key);
    const now = `${namespace} ${amount}`;
    if (before !== undefined && before !== now) return 'refused';
    if (before === undefined) {
      this.writes += 1;
      this.deposits.set(key, now);
      this.deposited += amount;
      this.add(this.available, namespace, amount);
    }
    return { repeated: before !== undefined, availableMicro: this.availableOf(namespace) };
  }

  hold({ key, amountMicro, maxJobMicro, terms: { namespace, jobUid, ownerId } }: HoldRequest): HoldOutcome {
    const base = baseKey(key);
    if (this.open.has(key)) return { ok: true };
    if (this.closed.has(key)) return { ok: false, reason: 'Closed' };
    if (isLate(key) && (this.open.has(base) || this.closed.get(base)?.chargedMicro !== 0n)) return { ok: false, reason: 'Closed' };
    const ofJob = (this.charged.get(jobUid) ?? 0n) + this.heldBy((hold) => hold.jobUid === jobUid);
    if (maxJobMicro !== undefined && ofJob + amountMicro > maxJobMicro) {
      return { ok: false, reason: 'BudgetExhausted', missingMicro: ofJob + amountMicro - maxJobMicro };
    }
    const availableMicro = this.availableOf(namespace);
    const missingMicro = amountMicro - availableMicro - (this.limits.get(namespace) ?? 0n);
    if (amountMicro > 0n && missingMicro > 0n) return { ok: false, reason: 'InsufficientCredit', missingMicro, availableMicro };
    this.writes += 1;
    this.add(this.available, namespace, -amountMicro);
    this.open.set(key, { namespace, jobUid, ownerId, amount: amountMicro });
    return { ok: true };
  }

  settle({ key, chargeMicro, ownerMicro }: SettleRequest): SettleOutcome {
    const hold = this.open.get(key);
    const before = this.closed.get(key);
    if (!hold) return before ? { ok: true, repeated: true, ...before } : { ok: false, reason: 'NoHold' };
    const capped = chargeMicro > hold.amount;
    const charge = capped ? hold.amount : chargeMicro;
    const share = (charge * 8n) / 10n;
    const owner = capped && ownerMicro > share ? share : ownerMicro;
    this.writes += 1;
    this.open.delete(key);
    this.closed.set(key, { chargedMicro: charge, ownerMicro: owner });
    this.add(this.available, hold.namespace, hold.amount - charge);
    this.add(this.earned, hold.ownerId, owner);
    this.add(this.charged, hold.jobUid, charge);
    this.margin += charge - owner;
    return { ok: true, repeated: false, chargedMicro: charge, ownerMicro: owner };
  }

  setLimit(namespace: string, limit: bigint): void {
    if ((this.limits.get(namespace) ?? 0n) === limit) return;
    this.writes += 1;
    this.limits.set(namespace, limit);
  }

  private add(sums: Map<string, bigint>, key: string, amount: bigint): void {
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  }
}
