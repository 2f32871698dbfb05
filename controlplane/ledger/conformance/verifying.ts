/** Every way to break the books is found and named; sound books are not complained of. */
import { hold, settle, type LedgerBackend, type OpenLedger } from '../../../test/support/ledger';
import { MAX_VIOLATIONS } from '../replay';
import { verifySnapshot } from '../verify';

export function describeVerify(made: () => LedgerBackend): void {
  let opened: OpenLedger;
  beforeEach(async () => {
    opened = await made().open();
  });

  /**
   * 1 deposit, 2-4 holds of task-1, task-2, task-3, 5 settlement of task-1, 6 limit, 7 release of task-2 (lost), 8 its late hold, 9 paid.
   * task-3 stays open.
   */
  async function fill(): Promise<void> {
    const { ledger } = opened;
    await ledger.deposit({ key: 'd1', namespace: 'lab-a', amountMicro: 10_000n, note: 'first' });
    await ledger.hold([hold(1_000n), hold(1_000n, { taskUid: 'task-2' }), hold(500n, { taskUid: 'task-3' })]);
    await ledger.settle([settle('task-1/1', 600n, 480n)]);
    await ledger.setCreditLimit('lab-a', 50n);
    await ledger.settle([settle('task-2/1', 0n, 0n, { reason: 'AgentLost' })]);
    await ledger.hold([{ ...hold(1_000n, { taskUid: 'task-2' }), key: 'task-2/1/late' }]);
    await ledger.settle([settle('task-2/1/late', 100n, 80n)]);
  }

  /** What the tables alone say, after a change of them that the ledger knows nothing of. */
  async function violationsAfter(sql: string): Promise<string[]> {
    if (sql !== '') await opened.exec(sql);
    const snapshot = await opened.database.openSnapshot();
    const report = await verifySnapshot(snapshot).finally(() => snapshot.close());
    expect(report.ok).toBe(report.violations.length === 0);
    return report.violations;
  }

  test('a sound ledger verifies, in the server and from its tables alone', async () => {
    await fill();
    const expected = { ok: true, transactions: 9, postings: 12, accounts: 5, openHolds: 1, violations: [] };
    expect(await opened.ledger.verify()).toEqual(expected);
    expect(await violationsAfter('')).toEqual([]);
  });

  const corruptions: [string, string, string[]][] = [
    ['the amount of a posting', 'UPDATE ledger_posting SET amount = 500 WHERE tx = 5 AND seq = 0',
      ['transaction 5 (settle/2): its postings sum to 1020, it was written with 1000', 'transaction 5 (settle/2): posts issuer/lab-a/held to owner/owner-1/earned 500',
        'balance of owner/owner-1/earned: 0.00056 credits, the journal gives 0.00058']],
    ['amount and control total together', 'UPDATE ledger_posting SET amount = 20000 WHERE tx = 1; UPDATE ledger_transaction SET total = 20000 WHERE id = 1',
      ['balance of issuer/lab-a/available: 0.0088 credits, the journal gives 0.0188', 'balance of world/deposits']],
    ['an amount of 0', 'UPDATE ledger_posting SET amount = 0 WHERE tx = 1', ['transaction 1 (deposit/d1), posting 0: amount is 0, must be more than 0']],
    ['the receiver of a posting', "UPDATE ledger_posting SET to_account = 'owner/thief/earned' WHERE tx = 5 AND seq = 0",
      ['transaction 5 (settle/2): posts issuer/lab-a/held to owner/thief/earned 480', 'balance of owner/thief/earned: 0.00 credits, the journal gives 0.00048']],
    ['an account that does not exist', "UPDATE ledger_posting SET to_account = 'nowhere' WHERE tx = 1", ['transaction 1 (deposit/d1), posting 0: there is no account nowhere']],
    ['the asset', "UPDATE ledger_posting SET asset = 'peanut' WHERE tx = 1", ['asset is peanut']],
    ['a removed posting', 'DELETE FROM ledger_posting WHERE tx = 5 AND seq = 1', ['transaction 5 (settle/2): its postings sum to 880, it was written with 1000']],
    ['a removed transaction', 'DELETE FROM ledger_transaction WHERE id = 5',
      ['transaction 6 (limit/6): follows 4, the ones between are missing', 'posting 0 of transaction 5: there is no such transaction', '3 settlement rows for 2 settlements in the journal']],
    ['a posting without a transaction', "INSERT INTO ledger_posting VALUES (99, 0, 'world/deposits', 'issuer/lab-a/available', 1, 'credit')",
      ['posting 0 of transaction 99: there is no such transaction']],
    ['an unknown kind', "UPDATE ledger_transaction SET kind = 'gift' WHERE id = 1", ['kind gift is unknown']],
    ['a balance', "UPDATE ledger_balance SET balance = balance + 1 WHERE account = 'operator/margin'", ['balance of operator/margin: 0.000141 credits, the journal gives 0.00014']],
    ['a lifetime', "UPDATE ledger_balance SET lifetime = 0 WHERE account = 'owner/owner-1/earned'", ['lifetime of owner/owner-1/earned: 0.00 credits, the journal gives 0.00056']],
    ['the amount of an open hold', 'UPDATE ledger_hold SET amount = 400', ['transaction 4 (hold/task-3/1): holds 500, its open hold says 400', 'issuer/lab-a/held: 0.0005 credits, its open holds sum to 0.0004']],
    ['the terms of an open hold', "UPDATE ledger_hold SET terms = '{'", ['open hold 4 (task-3/1): its terms cannot be read']],
    ['a removed open hold', 'DELETE FROM ledger_hold', ['transaction 4 (hold/task-3/1): is neither open nor settled', '0 open holds; the journal has 4 holds and 3 settlements']],
    ['a hold that is open again', "INSERT INTO ledger_hold SELECT 2, 'task-1/1', 1000, 0, terms FROM ledger_hold", ['transaction 2 (hold/task-1/1): is open and settled at once']],
    ['the charge of a settlement', 'UPDATE ledger_settlement SET charge = 700 WHERE hold = 2', ['must post issuer/lab-a/held to owner/owner-1/earned 480, issuer/lab-a/held to operator/margin 220', 'statements of lab-a']],
    ['a settlement for another attempt', 'UPDATE ledger_settlement SET attempt = 2 WHERE hold = 2', ['settles hold/task-1/1 and names the attempt task-1/2']],
    ['a removed settlement', 'DELETE FROM ledger_settlement WHERE hold = 2', ['transaction 5 (settle/2): its settlement row is missing', 'transaction 2 (hold/task-1/1): is neither open nor settled']],
    ['a total of a statement', 'UPDATE ledger_job_total SET amount = amount + 1 WHERE line = \'work\'', ['statements of lab-a: 3 attempts for 0.000701 credits; settled were 3 for 0.0007']],
    ['a credit limit', 'UPDATE ledger_credit_limit SET amount = 51', ['credit limit of lab-a: 0.000051 credits, the journal says 0.00005']],
    ['the note of a limit', "UPDATE ledger_transaction SET note = 'lab-a' WHERE kind = 'limit'", ['its note "lab-a" is no limit']],
    ['less deposited than held', 'UPDATE ledger_posting SET amount = 2000 WHERE tx = 1', ['transaction 4 (hold/task-3/1): issuer/lab-a/available falls to -0.0005 credits, its limit is 0.00']],
  ];
  test.each(corruptions)('found and named: %s', async (_, sql, expected) => {
    await fill();
    const violations = await violationsAfter(sql);
    for (const part of expected) expect(violations).toContainEqual(expect.stringContaining(part));
  });

  test('found and named: a second payment for one attempt, and two transactions with one key', async () => {
    await fill();
    const paidTwice = await violationsAfter('UPDATE ledger_settlement SET charge = 1 WHERE hold = 3');
    expect(paidTwice).toContainEqual(expect.stringContaining('the attempt task-2/1 was paid twice'));
    const sameKey = await violationsAfter(`CREATE TABLE plain AS SELECT * FROM ledger_transaction; DROP TABLE ledger_transaction;
      ALTER TABLE plain RENAME TO ledger_transaction; UPDATE ledger_transaction SET key = 'hold/task-1/1' WHERE id = 3`);
    expect(sameKey).toContain('transactions 2 and 3 have the same key hold/task-1/1');
  });

  test('a difference between disk and memory is found', async () => {
    await fill();
    await opened.exec("UPDATE ledger_posting SET amount = 9999 WHERE tx = 1; DELETE FROM ledger_hold");
    const { violations } = await opened.ledger.verify();
    expect(violations).toContain('issuer/lab-a/available: 0.0088 credits in memory, the journal gives 0.008799');
    expect(violations).toContain('hold 4 (task-3/1) is open in memory and not on disk');
  });

  test('calls during a verification go on, and are not taken for violations', async () => {
    await opened.ledger.deposit({ key: 'd1', namespace: 'lab-a', amountMicro: 10n ** 9n });
    const some = (from: number) => Array.from({ length: 1_000 }, (_, n) => hold(1n, { taskUid: `task-${from + n}` }));
    await opened.ledger.hold(some(0));
    const state = { ended: false };
    const running = opened.ledger.verify().finally(() => {
      state.ended = true;
    });
    let during = 0;
    for (; !state.ended && during < 100; during += 1) await opened.ledger.hold(some(1_000 * (during + 1)).slice(0, 10));
    const [first, last] = [await running, await opened.ledger.verify()];
    expect(first).toMatchObject({ ok: true, violations: [] });
    expect(last).toMatchObject({ ok: true, openHolds: 1_000 + 10 * during });
    expect(first.openHolds).toBeLessThan(last.openHolds);
  });

  test('a report names a bounded number of violations', async () => {
    await opened.ledger.deposit({ key: 'd1', namespace: 'lab-a', amountMicro: 10n ** 9n });
    await opened.ledger.hold(Array.from({ length: 1_500 }, (_, n) => hold(2n, { taskUid: `task-${n}` })));
    const violations = await violationsAfter('UPDATE ledger_posting SET amount = 1 WHERE tx > 1');
    expect(violations).toHaveLength(MAX_VIOLATIONS + 1);
    expect(violations.at(-1)).toMatch(/^and \d+ more$/);
  });
}
