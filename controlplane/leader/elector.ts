/**
 * Takes part in the election of one leader by a Lease.
 *
 * ```
 *  following ──Lease free, or unchanged for its duration──► leading ──not renewed for deadlineMs, or taken by another──► lost
 *      ▲──────────── somebody else's Lease is seen                 └──stop──► given back
 * ```
 * Invariants
 * - At most one replica takes itself for the leader, whatever the clocks of their machines say, as long as they run equally fast: the
 *   leader stops `deadlineMs` after it *began* its last successful renewal; nobody takes the Lease before it was seen unchanged for its
 *   whole duration, which is longer.
 * - What the Lease cannot rule out (a process that was frozen in between) is what the database's epoch is for.
 * - `writeWindowMs` says how long a request that is sent now may take so that it is over before anybody else may lead.
 * - `lost` is told once; a lost elector does nothing more.
 */
import { performance } from 'node:perf_hooks';
import { durationMs, givenBack, holderOf, planLease, type Candidate, type Holder, type Lease } from './lease';

/** The part of KubeApi that the election needs; without retries of its own. */
export interface LeaseApi {
  request(request: { method: 'GET' | 'POST' | 'PUT'; path: string; body?: unknown }): Promise<{ status: number; body: unknown }>;
}

export interface ElectorOptions extends Candidate {
  api: LeaseApi;
  /** The leader renews so often. */
  renewMs: number;
  /** A failed try is repeated, and a follower looks, so often. */
  retryMs: number;
  /** The leader gives up so long after the beginning of its last successful renewal. Less than the duration. */
  deadlineMs: number;
  acquired: () => void;
  lost: (why: string) => void;
  /** The holder that was seen, each time it is another one. */
  observed: (holder: Holder | undefined) => void;
  onError?: (error: unknown) => void;
  /** Monotonic milliseconds. */
  now?: () => number;
  wall?: () => Date;
  random?: () => number;
  setTimer?: (callback: () => void, ms: number) => () => void;
}

/** Between the end of the write window and the end of the Lease: what a request needs on its way. */
const MARGIN_MS = 250;

const timer = (callback: () => void, ms: number): (() => void) => {
  const handle = setTimeout(callback, ms);
  return () => clearTimeout(handle);
};

export class Elector {
  private state: 'following' | 'leading' | 'lost' | 'stopped' = 'following';
  private lease: Lease | undefined;
  /** When the Lease was first seen as it is. */
  private seenAt = 0;
  private seenVersion: string | undefined;
  /** Beginning of the last successful renewal. */
  private renewedAt = 0;
  private holder: Holder | undefined;
  private cancel: (() => void) | undefined;
  private cancelDeadline: (() => void) | undefined;
  private turn: Promise<void> = Promise.resolve();
  private readonly now: () => number;
  private readonly setTimer: NonNullable<ElectorOptions['setTimer']>;

  constructor(private readonly options: ElectorOptions) {
    const { deadlineMs, renewMs, durationSeconds } = options;
    if (!(renewMs < deadlineMs && deadlineMs < durationSeconds * 1000)) {
      throw new Error(`lease: renewed every ${renewMs} ms, given up after ${deadlineMs} ms, lasts ${durationSeconds} s: each must be longer than the one before`);
    }
    this.now = options.now ?? (() => performance.now());
    this.setTimer = options.setTimer ?? timer;
  }

  start(): void {
    this.next(0);
  }

  get leads(): boolean {
    return this.state === 'leading';
  }

  /** Milliseconds; 0 or less: nothing may be sent. Of a follower: nothing. */
  writeWindowMs(): number {
    return this.state === 'leading' ? this.renewedAt + this.options.durationSeconds * 1000 - MARGIN_MS - this.now() : 0;
  }

  /** Gives the Lease back, if it is ours, so that another one leads at once. Call it when nothing is written any more. */
  async stop(): Promise<void> {
    const led = this.state === 'leading';
    if (this.state !== 'lost') this.state = 'stopped';
    this.cancel?.();
    this.cancelDeadline?.();
    await this.turn;
    if (!led || !this.lease) return;
    await this.write('PUT', givenBack(this.lease)).catch((error: unknown) => this.options.onError?.(error));
  }

  private next(ms: number): void {
    if (this.state === 'lost' || this.state === 'stopped') return;
    const { random = Math.random } = this.options;
    this.cancel = this.setTimer(() => {
      this.turn = this.look();
    }, ms * (1 + 0.1 * random()));
  }

  private async look(): Promise<void> {
    const { renewMs, retryMs, onError } = this.options;
    try {
      const done = await this.step();
      this.next(this.leads && done ? renewMs : Math.min(retryMs, this.leftMs()));
    } catch (error) {
      onError?.(error);
      this.next(retryMs);
    }
  }

  /** Until the other's Lease is over, if it is not renewed: looking then, and not up to a retry later. */
  private leftMs(): number {
    if (this.leads || !holderOf(this.lease)) return Infinity;
    return Math.max(1, this.seenAt + durationMs(this.lease as Lease, this.options.durationSeconds) - this.now());
  }

  /** @returns whether the Lease is as it should be */
  private async step(): Promise<boolean> {
    const began = this.now();
    // The leader knows what it wrote last, and need not read it: another's write makes a conflict.
    if (!this.leads || !this.lease) this.see(await this.read());
    const plan = planLease(this.lease, began - this.seenAt, this.options, (this.options.wall ?? (() => new Date()))());
    if (plan.step === 'wait') return true;
    const written = await this.write(plan.step === 'create' ? 'POST' : 'PUT', plan.lease);
    if (this.state === 'lost') return false;
    if (written) {
      this.see(written);
      this.renewed(began);
      return true;
    }
    // Somebody was faster, or somebody changed the object (a label, say): what is there decides.
    this.see(await this.read());
    if (this.leads && holderOf(this.lease)?.identity !== this.options.identity) this.lose(`the Lease was taken by ${holderOf(this.lease)?.identity ?? 'nobody'}`);
    return false;
  }

  private renewed(began: number): void {
    const { deadlineMs, acquired } = this.options;
    this.renewedAt = began;
    this.cancelDeadline?.();
    if (this.state === 'stopped') return;
    this.cancelDeadline = this.setTimer(() => this.lose(`the Lease could not be renewed for ${deadlineMs} ms`), Math.max(0, began + deadlineMs - this.now()));
    if (this.state !== 'following') return;
    this.state = 'leading';
    acquired();
  }

  private lose(why: string): void {
    if (this.state !== 'leading') return;
    this.state = 'lost';
    this.cancel?.();
    this.cancelDeadline?.();
    this.options.lost(why);
  }

  private see(lease: Lease | undefined): void {
    this.lease = lease;
    const version = lease?.metadata.resourceVersion;
    if (version !== this.seenVersion || lease === undefined) this.seenAt = this.now();
    this.seenVersion = version;
    const holder = holderOf(lease);
    if (holder?.identity === this.holder?.identity && holder?.address === this.holder?.address) return;
    this.holder = holder;
    this.options.observed(holder);
  }

  private get path(): string {
    const { namespace, name } = this.options;
    return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`;
  }

  private async read(): Promise<Lease | undefined> {
    const { status, body } = await this.options.api.request({ method: 'GET', path: this.path });
    if (status === 404) return undefined;
    if (status >= 400) throw new Error(`the Lease cannot be read: ${messageOf(status, body)}`);
    return body as Lease;
  }

  /** undefined: somebody else was faster. */
  private async write(method: 'POST' | 'PUT', lease: Lease): Promise<Lease | undefined> {
    const path = method === 'POST' ? this.path.slice(0, this.path.lastIndexOf('/')) : this.path;
    const { status, body } = await this.options.api.request({ method, path, body: lease });
    if (status === 409 || status === 404) return undefined;
    if (status >= 400) throw new Error(`the Lease cannot be written: ${messageOf(status, body)}`);
    return body as Lease;
  }
}

const messageOf = (status: number, body: unknown): string => (body as { message?: string } | undefined)?.message ?? `status ${status}`;
