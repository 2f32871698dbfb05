/** What belongs to a chunk of transactions, read for all of them at once. */
import type { Reader, Value } from '../db/database';
import { holdKey, settledHold } from './entry';
import { baseKey, isLate } from './input';
import type { Related, TransactionRow } from './replay';
import { OPEN_HOLDS_BY_ID, PAST_HOLDS, SETTLEMENTS_BY_HOLD, TRANSACTIONS_BY_ID } from './rows';

export async function relatedOf(reader: Reader, rows: readonly TransactionRow[]): Promise<Related> {
  const holds: Value[] = [];
  const settled: Value[] = [];
  const late: Value[] = [];
  for (const { id, key, kind } of rows) {
    if (kind === 'hold') {
      holds.push(id);
      const attempt = key.slice(HOLD_PREFIX);
      if (isLate(attempt)) late.push(holdKey(baseKey(attempt)));
    } else if (kind === 'settle') {
      const hold = settledHold(key);
      if (hold !== undefined) settled.push(hold);
    }
  }
  const openHolds = new Map((await reader.lookup(OPEN_HOLDS_BY_ID, holds)).map((row) => [row.id, row]));
  const settlements = new Map((await reader.lookup(SETTLEMENTS_BY_HOLD, [...holds, ...settled])).map((row) => [row.hold, row]));
  const transactions = new Map((await reader.lookup(TRANSACTIONS_BY_ID, settled)).map((row) => [row.id, row]));
  const charges = new Map((await reader.lookup(PAST_HOLDS, late)).map((row) => [row.key, row.charge ?? undefined]));
  return {
    openHold: (id) => openHolds.get(id),
    settlement: (hold) => settlements.get(hold),
    transaction: (id) => transactions.get(id),
    chargeOf: (key) => charges.get(holdKey(key)),
  };
}

const HOLD_PREFIX = holdKey('').length;
