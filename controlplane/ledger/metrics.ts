/** The ledger's metrics. Counters count what is durable; gauges are read when scraped. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { parseAccount, type AccountClass } from './accounts';
import type { Batch, Book } from './book';

const CLASSES: readonly AccountClass[] = ['issuer_available', 'issuer_held', 'owner_earned', 'operator_margin', 'world_deposits'];

export class LedgerMetrics {
  private readonly transactions;
  private readonly coreSeconds;
  private readonly settled;

  /** @param book the ledger's state now */
  constructor(registry: Registry, book: () => Book) {
    const registers = [registry];
    this.transactions = new Counter({ name: 'gleaner_ledger_transactions_total', help: 'Ledger transactions made durable, by kind', labelNames: ['kind'], registers });
    this.coreSeconds = new Counter({ name: 'gleaner_metered_core_seconds_total', help: 'CPU time of settled attempts after bounding, in core-seconds, by rate tier', labelNames: ['tier'], registers });
    this.settled = new Counter({ name: 'gleaner_settled_credits_total', help: 'Credits charged to issuers, by rate tier', labelNames: ['tier'], registers });
    const balances = new Gauge({
      name: 'gleaner_ledger_balance_credits',
      help: 'Sum of balances in credits, by class of account',
      labelNames: ['account_class'],
      registers,
      collect: () => {
        for (const [name, sum] of classSums(book())) balances.set({ account_class: name }, Number(sum) / 1e6);
      },
    });
    const holds = new Gauge({
      name: 'gleaner_ledger_open_holds',
      help: 'Holds that are neither settled nor released',
      registers,
      collect: () => {
        holds.set(book().holds.size);
      },
    });
  }

  saved(batch: Batch): void {
    const kinds = new Map<string, number>();
    const tiers = new Map<string, { cpuMicros: number; charged: bigint }>();
    for (const entry of batch.entries) {
      kinds.set(entry.kind, (kinds.get(entry.kind) ?? 0) + 1);
      if (entry.kind !== 'settle') continue;
      const { hold, usage, chargeMicro } = entry.settled;
      const sums = tiers.get(hold.terms.tier) ?? { cpuMicros: 0, charged: 0n };
      sums.cpuMicros += Number.isFinite(usage.cpuMicros) ? Math.max(0, usage.cpuMicros) : 0;
      sums.charged += chargeMicro;
      tiers.set(hold.terms.tier, sums);
    }
    for (const [kind, count] of kinds) this.transactions.inc({ kind }, count);
    for (const [tier, { cpuMicros, charged }] of tiers) {
      this.coreSeconds.inc({ tier }, cpuMicros / 1e6);
      this.settled.inc({ tier }, Number(charged) / 1e6);
    }
  }
}

function classSums(book: Book): Map<AccountClass, bigint> {
  const sums = new Map<AccountClass, bigint>(CLASSES.map((name) => [name, 0n]));
  for (const [account, { balance }] of book.balances) {
    const parts = parseAccount(account);
    if (parts) sums.set(parts.class, (sums.get(parts.class) ?? 0n) + balance);
  }
  return sums;
}
