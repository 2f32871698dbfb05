/**
 * The ledger's state in memory: what is on disk, and what is decided and on its way there. Changed synchronously, in call order.
 *
 * Bounded by accounts (issuers and owners), open holds, and MAX_IDLE_JOBS.
 */
import { availableOf, countsForReceiver, countsForSender, heldOf } from './accounts';
import type { Entry, Hold, Posting } from './entry';

export interface Balance {
  balance: bigint;
  lifetime: bigint;
}

interface JobSums {
  charged: bigint;
  held: bigint;
  /** Open holds. */
  open: number;
  /** Settlements that are not durable yet. */
  unsaved: number;
}

/** Entries that become durable together, and every balance that they changed, as it is after them. */
export interface Batch {
  /** Id of the first entry; without entries the id that would be next. */
  firstId: number;
  entries: Entry[];
  balances: Map<string, Balance>;
}

/** Jobs without an open hold whose sums stay in memory. */
export const MAX_IDLE_JOBS = 10_000;

export class Book {
  readonly balances = new Map<string, Balance>();
  readonly limits = new Map<string, bigint>();
  /** By the hold's key. */
  readonly holds = new Map<string, Hold>();
  /** Settled and not durable yet, by the hold's key: not to be found on disk. */
  readonly settling = new Map<string, { chargeMicro: bigint; ownerMicro: bigint }>();
  /** Deposits that are not durable yet, by their key. */
  readonly depositing = new Map<string, { namespace: string; amountMicro: bigint }>();
  private readonly jobs = new Map<string, JobSums>();

  constructor(
    /** Id of the next transaction. */
    public nextId: number,
  ) {}

  balanceOf(account: string): bigint {
    return this.balances.get(account)?.balance ?? 0n;
  }
  available(namespace: string): bigint {
    return this.balanceOf(availableOf(namespace));
  }
  held(namespace: string): bigint {
    return this.balanceOf(heldOf(namespace));
  }
  limit(namespace: string): bigint {
    return this.limits.get(namespace) ?? 0n;
  }

  /** Whether `job` may be asked. */
  knows(jobUid: string): boolean {
    return this.jobs.has(jobUid);
  }

  /** What the disk says that a Job was charged, unless the book knows better. */
  learn(jobUid: string, charged: bigint): void {
    if (!this.jobs.has(jobUid)) this.jobs.set(jobUid, { charged, held: 0n, open: 0, unsaved: 0 });
  }

  /** @throws Error when the book does not know the Job */
  job(jobUid: string): Readonly<JobSums> {
    return this.jobSums(jobUid);
  }

  /** Takes a hold that is on disk already. */
  addLoaded(hold: Hold): void {
    this.holds.set(hold.key, hold);
    this.openOfJob(hold, 1);
  }

  /** Applies a decided entry and adds it to the batch. */
  add(batch: Batch, entry: Entry): void {
    this.nextId = entry.id + 1;
    batch.entries.push(entry);
    for (const posting of entry.postings) this.post(batch, posting);
    switch (entry.kind) {
      case 'deposit':
        this.depositing.set(entry.key, entry);
        break;
      case 'hold':
        this.addLoaded(entry.hold);
        break;
      case 'settle': {
        const { hold, chargeMicro, ownerMicro } = entry.settled;
        this.holds.delete(hold.key);
        const sums = this.openOfJob(hold, -1);
        sums.charged += chargeMicro;
        sums.unsaved += 1;
        this.settling.set(hold.key, { chargeMicro, ownerMicro });
        break;
      }
      case 'limit':
        this.limits.set(entry.namespace, entry.limitMicro);
        break;
      default:
        entry satisfies never;
    }
  }

  /** The batch is on disk: what is there need not be remembered. */
  saved(batch: Batch): void {
    for (const entry of batch.entries) {
      if (entry.kind === 'deposit') this.depositing.delete(entry.key);
      if (entry.kind !== 'settle') continue;
      const { hold } = entry.settled;
      this.settling.delete(hold.key);
      this.jobSums(hold.terms.jobUid).unsaved -= 1;
    }
    if (this.jobs.size > 2 * MAX_IDLE_JOBS) this.forgetIdleJobs();
  }

  private post(batch: Batch, { from, to, amount }: Posting): void {
    const sender = this.touch(batch, from);
    const receiver = this.touch(batch, to);
    sender.balance -= amount;
    receiver.balance += amount;
    if (countsForSender(from, to)) sender.lifetime += amount;
    if (countsForReceiver(to)) receiver.lifetime += amount;
  }

  /** The batch's own copy of a balance stays as it is at the end of the batch. */
  private touch(batch: Batch, account: string): Balance {
    const touched = batch.balances.get(account);
    if (touched) return touched;
    const before = this.balances.get(account);
    const copy = { balance: before?.balance ?? 0n, lifetime: before?.lifetime ?? 0n };
    this.balances.set(account, copy);
    batch.balances.set(account, copy);
    return copy;
  }

  private openOfJob({ terms, amountMicro }: Hold, change: 1 | -1): JobSums {
    const sums = this.jobSums(terms.jobUid);
    sums.held += BigInt(change) * amountMicro;
    sums.open += change;
    return sums;
  }

  private jobSums(jobUid: string): JobSums {
    const sums = this.jobs.get(jobUid);
    if (!sums) throw new Error(`ledger: the sums of job ${jobUid} were not read before they were asked for`);
    return sums;
  }

  private forgetIdleJobs(): void {
    let surplus = this.jobs.size - MAX_IDLE_JOBS;
    for (const [uid, sums] of this.jobs) {
      if (surplus <= 0) return;
      if (sums.open > 0 || sums.unsaved > 0) continue;
      this.jobs.delete(uid);
      surplus -= 1;
    }
  }
}
