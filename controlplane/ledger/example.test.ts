/** The example of docs/ledger.md. */
import { SqliteLedgers, hold, terms } from '../../test/support/ledger';
import { holdAmount } from '../market/price';
import { settlement } from '../market/settle';

test('the numbers of the documentation', async () => {
  const ledgers = new SqliteLedgers();
  try {
    const { ledger } = await ledgers.open();
    const balances = (): Record<string, bigint> => Object.fromEntries(ledger.balances().map((each) => [each.account, each.balanceMicro]));
    const attempt = terms({ ownerId: 'ann', cpu: 1, memoryBytes: 256 * 1024 * 1024, timeoutMs: 600_000 });
    await ledger.deposit({ key: 'first', namespace: 'lab-a', amountMicro: 1_000_000n });
    const holdMicro = holdAmount(attempt.rates, attempt);
    expect(holdMicro).toBe(170_839n);
    expect(await ledger.hold([hold(holdMicro, attempt)])).toEqual([{ ok: true }]);
    expect(balances()).toEqual({ 'world/deposits': -1_000_000n, 'issuer/lab-a/available': 829_161n, 'issuer/lab-a/held': 170_839n });

    const reported = { cpuMicros: 2_000_000, memoryMibSeconds: 100, wallMillis: 2_100, ioBytes: 0, egressBytes: 0 };
    const { usage, chargeMicro, ownerMicro } = settlement({ reported, terms: attempt, reason: 'Completed', wallSeenMs: 2_120, holdMicro });
    expect([chargeMicro, ownerMicro]).toEqual([563n, 450n]);
    await ledger.settle([{ key: 'task-1/1', reason: 'Completed', usage, chargeMicro, ownerMicro }]);
    expect(balances()).toEqual({
      'world/deposits': -1_000_000n, 'issuer/lab-a/available': 999_437n, 'issuer/lab-a/held': 0n, 'owner/ann/earned': 450n, 'operator/margin': 113n,
    });
    expect(await ledger.verify()).toMatchObject({ ok: true, violations: [] });
  } finally {
    await ledgers.remove();
  }
});
