/**
 * Object uids: UUID version 7 (RFC 9562, method 1: a counter in rand_a keeps those of one millisecond in order).
 *
 * Being ordered by time, they keep the tables that are indexed by a uid (ledger, results) growing at one end: random ones dirty a
 * page of the index per row.
 */
import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8 * 512;
const COUNTER_BITS = 12;

/** @param now milliseconds since the epoch */
export function uidSource(now: () => number = Date.now, fill: (buffer: Buffer) => Buffer = randomFillSync): () => string {
  const pool = Buffer.alloc(POOL_BYTES);
  let offset = POOL_BYTES;
  let last = 0;
  let counter = 0;
  return () => {
    if (offset === POOL_BYTES) {
      fill(pool);
      offset = 0;
    }
    const random = pool.toString('hex', offset, offset + 8);
    offset += 8;
    const at = Math.max(last, now());
    if (at > last) counter = 0;
    else counter += 1;
    // A clock that stood still or went back borrows from the future: order is kept.
    const overflow = counter >> COUNTER_BITS;
    last = at + overflow;
    counter &= (1 << COUNTER_BITS) - 1;
    const time = last.toString(16).padStart(12, '0');
    const variant = ((Number.parseInt(random[0]!, 16) & 0x3) | 0x8).toString(16);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
  };
}
