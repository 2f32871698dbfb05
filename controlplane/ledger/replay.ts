/**
 * Replays journal entries and checks each against the invariants. Knows the tables' rows, reads nothing itself.
 *
 * Bounded by accounts and MAX_VIOLATIONS, not by the length of the journal.
 */
import { formatCredits } from '../../crds/credits';
import { ASSET, countsForReceiver, countsForSender, parseAccount } from './accounts';
import { depositPostings, holdPostings, settlePostings, settledHold, totalOf, type Posting } from './entry';
import { baseKey, isLate } from './input';

export interface TransactionRow {
  id: bigint;
  key: string;
  kind: string;
  at: bigint;
  total: bigint;
  note: string | null;
}

export interface PostingRow {
  tx: bigint;
  seq: bigint;
  from_account: string;
  to_account: string;
  amount: bigint;
  asset: string;
}

export interface SettlementRow {
  hold: bigint;
  tx: bigint;
  namespace: string;
  task_uid: string;
  attempt: bigint;
  owner: string;
  held: bigint;
  charge: bigint;
  owner_amount: bigint;
}

/** Rows that belong to the transactions at hand. */
export interface Related {
  openHold(id: bigint): { key: string; amount: bigint } | undefined;
  /** By the hold's transaction. */
  settlement(hold: bigint): SettlementRow | undefined;
  transaction(id: bigint): TransactionRow | undefined;
  /** Charged for a hold's key; undefined when it is unknown or open. */
  chargeOf(key: string): bigint | undefined;
}

const NOTHING_RELATED: Related = { openHold: () => undefined, settlement: () => undefined, transaction: () => undefined, chargeOf: () => undefined };

/** Named in a report; more are counted. */
export const MAX_VIOLATIONS = 1000;

export class Replay {
  readonly balances = new Map<string, bigint>();
  readonly lifetimes = new Map<string, bigint>();
  /** Charged and number of settled attempts, per namespace. */
  readonly charged = new Map<string, { amount: bigint; attempts: bigint }>();
  readonly limits = new Map<string, bigint>();
  transactions = 0;
  postings = 0;
  holds = 0n;
  settlements = 0n;
  private readonly found: string[] = [];
  private more = 0;
  private related: Related = NOTHING_RELATED;
  private lastId = 0n;

  violation(text: string): void {
    if (this.found.length < MAX_VIOLATIONS) this.found.push(text);
    else this.more += 1;
  }

  violations(): string[] {
    return this.more > 0 ? [...this.found, `and ${this.more} more`] : this.found;
  }

  apply(row: TransactionRow, postings: readonly PostingRow[], related: Related): void {
    this.related = related;
    this.transactions += 1;
    this.postings += postings.length;
    const name = `transaction ${row.id} (${row.key})`;
    if (row.id !== this.lastId + 1n) this.violation(`${name}: follows ${this.lastId}, the ones between are missing`);
    this.lastId = row.id;
    const actual: Posting[] = [];
    for (const { seq, from_account: from, to_account: to, amount, asset } of postings) {
      const where = `${name}, posting ${seq}`;
      if (amount <= 0n) this.violation(`${where}: amount is ${amount}, must be more than 0`);
      if (asset !== ASSET) this.violation(`${where}: asset is ${asset}, must be ${ASSET}`);
      if (from === to) this.violation(`${where}: from and to are both ${from}`);
      for (const account of [from, to]) if (!parseAccount(account)) this.violation(`${where}: there is no account ${account}`);
      actual.push({ from, to, amount });
    }
    const sum = totalOf(actual);
    if (sum !== row.total) this.violation(`${name}: its postings sum to ${sum}, it was written with ${row.total}`);
    this.checkKind(name, row, actual);
    for (const posting of actual) this.post(name, row, posting);
  }

  private checkKind(name: string, row: TransactionRow, actual: readonly Posting[]): void {
    switch (row.kind) {
      case 'deposit':
        return this.compare(name, actual, depositPostings(parseAccount(actual[0]?.to ?? '')?.id ?? '?', row.total));
      case 'hold':
        return this.checkHold(name, row, actual);
      case 'settle':
        return this.checkSettle(name, row, actual);
      case 'limit':
        return this.checkLimit(name, row, actual);
      default:
        return this.violation(`${name}: kind ${row.kind} is unknown`);
    }
  }

  private checkHold(name: string, row: TransactionRow, actual: readonly Posting[]): void {
    this.holds += 1n;
    const open = this.related.openHold(row.id);
    const settled = this.related.settlement(row.id);
    if (open && settled) this.violation(`${name}: is open and settled at once`);
    if (!open && !settled) this.violation(`${name}: is neither open nor settled, its row is missing`);
    const key = row.key.slice('hold/'.length);
    if (open && open.key !== key) this.violation(`${name}: its open hold has the key ${open.key}`);
    const amount = open?.amount ?? settled?.held ?? row.total;
    if (amount !== row.total) this.violation(`${name}: holds ${row.total}, its ${open ? 'open hold' : 'settlement'} says ${amount}`);
    this.compare(name, actual, holdPostings(settled?.namespace ?? parseAccount(actual[0]?.from ?? '')?.id ?? '?', row.total));
    if (isLate(key) && (settled?.charge ?? 0n) > 0n && (this.related.chargeOf(baseKey(key)) ?? 0n) > 0n) {
      this.violation(`${name}: the attempt ${baseKey(key)} was paid twice`);
    }
  }

  private checkSettle(name: string, row: TransactionRow, actual: readonly Posting[]): void {
    this.settlements += 1n;
    const id = settledHold(row.key);
    const settled = id === undefined ? undefined : this.related.settlement(id);
    if (!settled) return this.violation(`${name}: its settlement row is missing`);
    if (settled.tx !== row.id) this.violation(`${name}: the settlement of hold ${settled.hold} belongs to transaction ${settled.tx}`);
    const hold = this.related.transaction(settled.hold);
    if (hold?.kind !== 'hold' || hold.id >= row.id) this.violation(`${name}: there is no hold ${settled.hold} before it`);
    const attempt = `${settled.task_uid}/${settled.attempt}`;
    if (hold && baseKey(hold.key) !== `hold/${attempt}`) this.violation(`${name}: settles ${hold.key} and names the attempt ${attempt}`);
    if (settled.charge < 0n || settled.charge > settled.held) this.violation(`${name}: charges ${settled.charge} of ${settled.held} held`);
    if (settled.owner_amount < 0n || settled.owner_amount > settled.charge) this.violation(`${name}: pays the owner ${settled.owner_amount} of ${settled.charge}`);
    const { namespace, owner, held, charge, owner_amount: ownerAmount } = settled;
    this.compare(name, actual, settlePostings({ namespace, owner, held, charge, ownerAmount }));
    const sums = this.charged.get(namespace) ?? { amount: 0n, attempts: 0n };
    this.charged.set(namespace, { amount: sums.amount + charge, attempts: sums.attempts + 1n });
  }

  private checkLimit(name: string, row: TransactionRow, actual: readonly Posting[]): void {
    const [, namespace, limit] = /^(\S+) (\d{1,19})$/.exec(row.note ?? '') ?? [];
    if (namespace === undefined || limit === undefined) return this.violation(`${name}: its note ${JSON.stringify(row.note)} is no limit`);
    this.limits.set(namespace, BigInt(limit));
    this.compare(name, actual, []);
  }

  private compare(name: string, actual: readonly Posting[], expected: readonly Posting[]): void {
    const text = (postings: readonly Posting[]): string => postings.map(({ from, to, amount }) => `${from} to ${to} ${amount}`).join(', ') || 'nothing';
    if (text(actual) !== text(expected)) this.violation(`${name}: posts ${text(actual)}; must post ${text(expected)}`);
  }

  private post(name: string, row: TransactionRow, { from, to, amount }: Posting): void {
    const left = (this.balances.get(from) ?? 0n) - amount;
    this.balances.set(from, left);
    this.balances.set(to, (this.balances.get(to) ?? 0n) + amount);
    if (countsForSender(from, to)) this.lifetimes.set(from, (this.lifetimes.get(from) ?? 0n) + amount);
    if (countsForReceiver(to)) this.lifetimes.set(to, (this.lifetimes.get(to) ?? 0n) + amount);
    const parts = parseAccount(from);
    if (!parts || parts.class === 'world_deposits') return;
    const limit = parts.class === 'issuer_available' && row.kind === 'hold' ? (this.limits.get(parts.id) ?? 0n) : 0n;
    if (left < -limit) this.violation(`${name}: ${from} falls to ${formatCredits(left)} credits, its limit is ${formatCredits(-limit)}`);
  }
}
