/**
 * Shows the ledger's balances as Account objects, and takes credit limits from them.
 *
 * ```
 *  balance changed ──► due, at most once per Account and interval ──► create | updateStatus
 *  spec.creditLimit changed, Account deleted ──► ledger.setCreditLimit, Account shown anew
 * ```
 * An Account follows the ledger by at most `intervalMs`; `stop` writes what is still due, so the last state is shown.
 */
import type { Account } from '../../../crds/account';
import { ACCOUNTS } from '../../../crds/meta';
import type { Ledger } from '../../ledger/ledger';
import { LedgerInputError } from '../../ledger/input';
import type { ObjectStore } from '../../store/store';
import { systemClock, type Clock } from '../runtime/clock';
import { Controller, TerminalError, type ControllerMetrics } from '../runtime/controller';
import { Reflector } from '../runtime/reflector';
import { nameOf, type Holder } from './names';
import { holderOf, issuerOf, limitOf, plan, statusOf } from './plan';

export interface AccountControllerOptions {
  store: ObjectStore;
  ledger: Ledger;
  /** Least time between two writes of one Account. */
  intervalMs?: number;
  metrics?: ControllerMetrics;
  clock?: Clock;
  onError?: (error: unknown, key: string) => void;
}

export class AccountController {
  readonly #reflector: Reflector<Account>;
  readonly #controller: Controller;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** By name of the Account: bounded by the accounts of the ledger. */
  readonly #holders = new Map<string, Holder>();
  readonly #writtenAt = new Map<string, number>();
  /** Accounts whose balance changed after they were last written. */
  readonly #due = new Set<string>();
  #running = false;

  constructor(private readonly options: AccountControllerOptions) {
    const { store, ledger, metrics, clock = systemClock, onError } = options;
    this.#clock = clock;
    this.#intervalMs = options.intervalMs ?? 1000;
    this.#reflector = new Reflector<Account>({
      store,
      resource: ACCOUNTS,
      clock,
      ...(onError && { onError: (error: unknown) => onError(error, ACCOUNTS) }),
    });
    this.#controller = new Controller({
      name: 'account',
      reconcile: (name) => this.#reconcile(name),
      concurrency: 16,
      keys: () => new Set([...this.#holders.keys(), ...this.#reflector.keys()]),
      clock,
      ...(metrics && { metrics }),
      ...(onError && { onError }),
    });
    this.#reflector.onChange((changes) => {
      for (const { type, object, old } of changes) {
        if (type !== 'MODIFIED' || object.metadata.generation !== old.metadata.generation) this.#controller.queue.add(object.metadata.name);
      }
    });
    ledger.onBalance((accounts) => this.#changed(accounts));
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#changed(this.options.ledger.balances().map(({ account }) => account));
    await this.#reflector.start();
    this.#controller.start();
  }

  /** Call it when the ledger is used no more, and before the store is closed. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#reflector.stop();
    await this.#controller.stop();
    for (const name of this.#due) await this.#show(name);
  }

  #changed(accounts: readonly string[]): void {
    for (const account of accounts) {
      const holder = holderOf(account);
      if (!holder) continue;
      const name = nameOf(holder);
      this.#holders.set(name, holder);
      if (this.#due.has(name)) continue;
      this.#due.add(name);
      this.#controller.queue.addAfter(name, this.#waitMs(name));
    }
  }

  /** Until the Account may be written again. */
  #waitMs(name: string): number {
    const writtenAt = this.#writtenAt.get(name);
    return writtenAt === undefined ? 0 : Math.max(0, writtenAt + this.#intervalMs - this.#clock.now());
  }

  async #reconcile(name: string): Promise<{ requeueAfterMs: number } | void> {
    const account = await this.options.store.get<Account>(ACCOUNTS, '', name);
    await this.#applyLimit(name, account);
    const requeueAfterMs = this.#waitMs(name);
    if (account && requeueAfterMs > 0) return this.#due.has(name) ? { requeueAfterMs } : undefined;
    await this.#show(name);
  }

  /** An Account that is gone limits its issuer to nothing. */
  async #applyLimit(name: string, account: Account | undefined): Promise<void> {
    const holder = this.#holders.get(name);
    const namespace = account ? issuerOf(account) : holder?.kind === 'Issuer' ? holder.id : undefined;
    if (namespace === undefined) return;
    try {
      await this.options.ledger.setCreditLimit(namespace, limitOf(account));
    } catch (error) {
      if (error instanceof LedgerInputError) throw new TerminalError(`Account ${name}: ${error.message}`);
      throw error;
    }
    if (account && !holder) this.#holders.set(name, { kind: 'Issuer', id: namespace });
  }

  async #show(name: string): Promise<void> {
    const { store, ledger } = this.options;
    const holder = this.#holders.get(name);
    if (!holder) return;
    const wasDue = this.#due.delete(name);
    try {
      const existing = await store.get<Account>(ACCOUNTS, '', name);
      const steps = plan(holder, existing, statusOf(holder, (account) => ledger.balance(account)));
      for (const { verb, account } of steps) {
        if (verb === 'create') await store.create(ACCOUNTS, account);
        else await store.updateStatus(ACCOUNTS, account);
      }
      if (steps.length > 0) this.#writtenAt.set(name, this.#clock.now());
    } catch (error) {
      if (wasDue) this.#due.add(name);
      throw error;
    }
  }
}
