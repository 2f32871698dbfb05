/** What the ledger answers, call by call. */
import { Registry } from 'prom-client';
import { MAX_CREDITS_MICRO } from '../../../crds/credits';
import { decided, hold, settle, type LedgerBackend, type OpenLedger } from '../../../test/support/ledger';
import { LedgerInputError } from '../input';
import type { HoldTerms } from '../ledger';

export function describeCalls(made: () => LedgerBackend): void {
  let backend: LedgerBackend;
  let opened: OpenLedger;
  beforeEach(async () => {
    backend = made();
    opened = await backend.open({ now: () => 1_000 });
  });

  const deposit = (amountMicro: bigint, key = 'd1', namespace = 'lab-a') => opened.ledger.deposit({ key, namespace, amountMicro });
  const balance = (account: string): bigint => opened.ledger.balances().find((each) => each.account === account)?.balanceMicro ?? 0n;
  const clean = async (): Promise<void> => expect((await opened.ledger.verify()).violations).toEqual([]);

  test('a deposit, a hold and a settlement move exactly what they say', async () => {
    expect(await deposit(1_000n)).toEqual({ repeated: false, availableMicro: 1_000n });
    expect(await opened.ledger.hold([hold(600n)])).toEqual([{ ok: true }]);
    expect([opened.ledger.available('lab-a'), opened.ledger.held('lab-a')]).toEqual([400n, 600n]);
    expect(await opened.ledger.jobTotals('job-1')).toEqual({ chargedMicro: 0n, heldMicro: 600n });
    expect(opened.ledger.openHold('task-1/1')).toMatchObject({ key: 'task-1/1', amountMicro: 600n, createdAt: 1_000, terms: { namespace: 'lab-a' } });
    expect(await opened.ledger.settle([settle('task-1/1', 101n, 80n)])).toEqual([{ ok: true, repeated: false, chargedMicro: 101n, ownerMicro: 80n }]);
    expect(Object.fromEntries(opened.ledger.balances().map((each) => [each.account, [each.balanceMicro, each.lifetimeMicro]]))).toEqual({
      'world/deposits': [-1_000n, 1_000n],
      'issuer/lab-a/available': [899n, 0n],
      'issuer/lab-a/held': [0n, 101n],
      'owner/owner-1/earned': [80n, 80n],
      'operator/margin': [21n, 21n],
    });
    expect(await opened.ledger.jobTotals('job-1')).toEqual({ chargedMicro: 101n, heldMicro: 0n });
    expect([...opened.ledger.openHolds()]).toEqual([]);
    expect(await opened.ledger.verify()).toEqual({ ok: true, transactions: 3, postings: 5, accounts: 5, openHolds: 0, violations: [] });
  });

  test('holds of one call are decided one after the other: what is missing is told, what fits is taken', async () => {
    await deposit(1_000n);
    const three = [hold(600n), hold(600n, { taskUid: 'task-2' }), hold(400n, { taskUid: 'task-3' })];
    expect(await opened.ledger.hold(three)).toEqual([
      { ok: true },
      { ok: false, reason: 'InsufficientCredit', missingMicro: 200n, availableMicro: 400n },
      { ok: true },
    ]);
    expect(opened.ledger.available('lab-a')).toBe(0n);
    await clean();
  });

  test('a credit limit lets available fall below zero, holds after a restart, and is kept when lowered under what is owed', async () => {
    await opened.ledger.setCreditLimit('lab-a', 500n);
    expect(await opened.ledger.hold([hold(500n)])).toEqual([{ ok: true }]);
    await opened.ledger.setCreditLimit('lab-a', 100n);
    opened = await backend.crash(opened);
    expect(opened.ledger.available('lab-a')).toBe(-500n);
    expect(await opened.ledger.hold([hold(1n, { taskUid: 'task-2' }), hold(0n, { taskUid: 'task-3' })])).toEqual([
      { ok: false, reason: 'InsufficientCredit', missingMicro: 401n, availableMicro: -500n },
      { ok: true },
    ]);
    await clean();
  });

  test('a Job with a budget gets no hold beyond it, counting what is charged and what is held', async () => {
    await deposit(1_000n);
    await opened.ledger.hold([hold(300n, {}, 500n)]);
    await opened.ledger.settle([settle('task-1/1', 200n)]);
    const next = await opened.ledger.hold([hold(250n, { taskUid: 'task-2' }, 500n), hold(100n, { taskUid: 'task-3' }, 500n)]);
    expect(next).toEqual([{ ok: true }, { ok: false, reason: 'BudgetExhausted', missingMicro: 50n }]);
    opened = await backend.crash(opened);
    expect(await opened.ledger.jobTotals('job-1')).toEqual({ chargedMicro: 200n, heldMicro: 250n });
  });

  test('every call repeated, at once and after a restart, gives the first outcome and posts nothing', async () => {
    const again = async (): Promise<unknown> => [
      await deposit(1_000n),
      await opened.ledger.hold([hold(600n)]),
      await opened.ledger.settle([settle('task-1/1', 999n, 0n)]),
    ];
    await deposit(1_000n);
    const both = await Promise.all([opened.ledger.hold([hold(600n)]), opened.ledger.hold([hold(600n)])]);
    expect(both).toEqual([[{ ok: true }], [{ ok: true }]]);
    const settled = await Promise.all([opened.ledger.settle([settle('task-1/1', 100n, 80n)]), opened.ledger.settle([settle('task-1/1', 5n)])]);
    const outcome = { ok: true, chargedMicro: 100n, ownerMicro: 80n };
    expect(settled).toEqual([[{ ...outcome, repeated: false }], [{ ...outcome, repeated: true }]]);
    const expected = [{ repeated: true, availableMicro: 900n }, [{ ok: false, reason: 'Closed' }], [{ ...outcome, repeated: true }]];
    expect(await again()).toEqual(expected);
    opened = await backend.crash(opened);
    expect(await again()).toEqual(expected);
    expect(await opened.ledger.verify()).toMatchObject({ ok: true, transactions: 3 });
  });

  test('settling what was never held is NoHold, and does not spoil a later hold', async () => {
    await deposit(1_000n);
    expect(await opened.ledger.settle([settle('task-1/1', 1n)])).toEqual([{ ok: false, reason: 'NoHold' }]);
    expect(await opened.ledger.hold([hold(10n)])).toEqual([{ ok: true }]);
  });

  test('a charge is capped by the hold, the owner gets the share of what is charged', async () => {
    await deposit(1_000n);
    await opened.ledger.hold([hold(101n)]);
    expect(await opened.ledger.settle([settle('task-1/1', 1_000n, 800n)])).toEqual([{ ok: true, repeated: false, chargedMicro: 101n, ownerMicro: 80n }]);
    expect([balance('owner/owner-1/earned'), balance('operator/margin'), opened.ledger.available('lab-a')]).toEqual([80n, 21n, 899n]);
  });

  test('a late payment is refused when its attempt is unknown, open or paid, and taken once when it was released', async () => {
    await deposit(1_000n);
    const late = (taskUid: string) => ({ ...hold(50n, { taskUid }), key: `${taskUid}/1/late` });
    await opened.ledger.hold([hold(50n, { taskUid: 'open' }), hold(50n, { taskUid: 'paid' }), hold(50n, { taskUid: 'lost' })]);
    await opened.ledger.settle([settle('paid/1', 10n), settle('lost/1', 0n, 0n, { reason: 'AgentLost' })]);
    const closed = { ok: false, reason: 'Closed' };
    expect(await opened.ledger.hold([late('unknown'), late('open'), late('paid'), late('lost')])).toEqual([closed, closed, closed, { ok: true }]);
    expect(await opened.ledger.settle([settle('lost/1/late', 7n)])).toMatchObject([{ ok: true, chargedMicro: 7n }]);
    opened = await backend.crash(opened);
    expect(await opened.ledger.hold([late('lost'), late('paid')])).toEqual([closed, closed]);
    await clean();
  });

  test('nothing is acknowledged when the commit fails, and memory goes back to the disk', async () => {
    await deposit(1_000n);
    await opened.ledger.hold([hold(100n)]);
    opened.begin();
    const calls = [
      opened.ledger.settle([settle('task-1/1', 50n)]),
      opened.ledger.hold([hold(200n, { taskUid: 'task-2' })]),
      deposit(1_000n, 'd1'),
    ];
    for (const call of calls) call.catch(() => undefined);
    await decided(opened.ledger);
    expect(opened.ledger.available('lab-a')).toBe(750n);
    await opened.commit('fail');
    const results = await Promise.allSettled(calls);
    expect(results.map((each) => each.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect([opened.ledger.available('lab-a'), opened.ledger.held('lab-a')]).toEqual([900n, 100n]);
    expect([...opened.ledger.openHolds()].map((each) => each.key)).toEqual(['task-1/1']);
    expect(await opened.ledger.settle([settle('task-1/1', 50n)])).toMatchObject([{ ok: true, repeated: false }]);
    await clean();
  });

  test('when one write of a turn is refused, so is everything that was decided after it', async () => {
    await deposit(1_000n);
    await backend.refuse(opened, 13n);
    opened.begin();
    const calls = [
      opened.ledger.hold([hold(100n)]),
      opened.ledger.hold([hold(13n, { taskUid: 'task-2' })]),
      opened.ledger.settle([settle('task-1/1', 50n)]),
    ];
    for (const call of calls) call.catch(() => undefined);
    await opened.commit();
    const results = await Promise.allSettled(calls);
    expect(results.map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect([opened.ledger.available('lab-a'), opened.ledger.held('lab-a')]).toEqual([900n, 100n]);
    expect(await opened.ledger.settle([settle('task-1/1', 50n)])).toMatchObject([{ ok: true, repeated: false, chargedMicro: 50n }]);
    await clean();
  });

  test('amounts up to the limit keep every digit over a restart; more is refused', async () => {
    await deposit(MAX_CREDITS_MICRO);
    await expect(deposit(MAX_CREDITS_MICRO + 1n, 'd2')).rejects.toThrow('amountMicro');
    await deposit(MAX_CREDITS_MICRO, 'd3', 'lab-b');
    await expect(deposit(MAX_CREDITS_MICRO, 'd4', 'lab-c')).rejects.toThrow('all deposits together');
    expect(await opened.ledger.hold([hold(1n << 80n)])).toMatchObject([{ ok: false, reason: 'InsufficientCredit' }]);
    await opened.ledger.hold([hold(MAX_CREDITS_MICRO - 1n)]);
    opened = await backend.crash(opened);
    expect([opened.ledger.available('lab-a'), opened.ledger.held('lab-a')]).toEqual([1n, MAX_CREDITS_MICRO - 1n]);
    await clean();
  });

  test('a deposit key is not taken for another amount or namespace', async () => {
    await deposit(1_000n);
    await expect(deposit(2_000n)).rejects.toThrow('d1 was used for a deposit of 0.001 to lab-a; take another key');
    await expect(deposit(1_000n, 'd1', 'lab-b')).rejects.toThrow(LedgerInputError);
    expect(balance('world/deposits')).toBe(-1_000n);
  });

  const badTerms: [string, Partial<HoldTerms>][] = [
    ['terms.namespace', { namespace: 'a/b' }],
    ['terms.ownerId', { ownerId: 'x/earned' }],
    ['terms.jobUid', { jobUid: '' }],
    ['terms.jobName', { jobName: 'a\0b' }],
    ['terms.index', { index: Number.NaN }],
    ['terms.attempt', { attempt: 1.5 }],
  ];
  test.each(badTerms)('a hold with a bad %s is refused by name and changes nothing', async (field, bad) => {
    await deposit(1_000n);
    await expect(opened.ledger.hold([hold(10n, { taskUid: 'good' }), hold(10n, bad)])).rejects.toMatchObject({ name: 'LedgerInputError', field });
    expect(opened.ledger.held('lab-a')).toBe(0n);
  });

  test('requests that break the rules of money are refused with field, value and way out', async () => {
    const { ledger } = opened;
    await expect(ledger.deposit({ key: 'x', namespace: 'lab-a', amountMicro: 0n })).rejects.toThrow('amountMicro: 0 is not an amount from 0.000001');
    await expect(ledger.deposit({ key: 'a b', namespace: 'lab-a', amountMicro: 1n })).rejects.toMatchObject({ field: 'key' });
    await expect(ledger.hold([{ ...hold(1n), key: 'task-1/2' }])).rejects.toThrow('write "task-1/1" or "task-1/1/late"');
    await expect(ledger.hold([hold(-1n)])).rejects.toMatchObject({ field: 'amountMicro' });
    await expect(ledger.settle([settle('task-1/1', 5n, 6n)])).rejects.toMatchObject({ field: 'ownerMicro' });
    await expect(ledger.settle([settle('task-1/1', 5n, 5n, { reason: 'AgentLost' })])).rejects.toThrow('nobody pays for an attempt that ended AgentLost');
    await expect(ledger.deposit({ key: 'x', namespace: 'lab-a', amountMicro: 1n, note: 'a\0b' })).rejects.toMatchObject({ field: 'note' });
    await expect(ledger.setCreditLimit('lab-a', -1n)).rejects.toMatchObject({ field: 'limitMicro' });
    expect(await ledger.verify()).toMatchObject({ ok: true, transactions: 0 });
  });

  test('open holds are bounded', async () => {
    opened = await backend.crash(opened, { maxOpenHolds: 1 });
    await deposit(1_000n);
    await opened.ledger.hold([hold(1n)]);
    await expect(opened.ledger.hold([hold(1n, { taskUid: 'task-2' })])).rejects.toThrow('exceed the limit of 1');
  });

  test('listeners hear of credit and of balances once those are durable', async () => {
    const heard: string[] = [];
    const balances: string[][] = [];
    opened.ledger.onCredit((namespace) => heard.push(`${namespace} ${opened.ledger.available(namespace)}`));
    opened.ledger.onBalance((accounts) => balances.push([...accounts].sort()));
    await deposit(1_000n);
    await opened.ledger.hold([hold(100n)]);
    await opened.ledger.settle([settle('task-1/1', 100n)]);
    await opened.ledger.setCreditLimit('lab-a', 5n);
    expect(heard).toEqual(['lab-a 1000', 'lab-a 900']);
    expect(balances).toEqual([
      ['issuer/lab-a/available', 'world/deposits'],
      ['issuer/lab-a/available', 'issuer/lab-a/held'],
      ['issuer/lab-a/held', 'owner/owner-1/earned'],
    ]);
  });

  test('a statement has one line per Job, tier and kind, and counts attempts that nobody pays', async () => {
    await deposit(10_000n);
    const attempts: [string, Partial<HoldTerms>, bigint, Parameters<typeof settle>[3]][] = [
      ['a', {}, 100n, {}],
      ['b', {}, 150n, {}],
      ['c', {}, 30n, { reason: 'NonZeroExit' }],
      ['d', {}, 0n, { reason: 'AgentLost' }],
      ['e', {}, 20n, { reason: 'Cancelled' }],
      ['f', { jobUid: 'job-2', jobName: 'tau', tier: 'premium' }, 70n, {}],
      ['g', { namespace: 'lab-b', jobUid: 'job-3' }, 0n, {}],
    ];
    await opened.ledger.hold(attempts.map(([taskUid, more]) => hold(more.namespace ? 0n : 200n, { taskUid, ...more })));
    await opened.ledger.settle(attempts.map(([taskUid, , charge, more]) => settle(`${taskUid}/1`, charge, charge, more)));
    await opened.ledger.hold([hold(5n, { taskUid: 'still' })]);
    const all = await opened.ledger.statement('lab-a');
    expect(all.lines.map((line) => [line.job, line.tier, line.line, line.attempts, line.amountMicro])).toEqual([
      ['pi', 'standard', 'cancelled', 1, 20n],
      ['pi', 'standard', 'failed', 1, 30n],
      ['pi', 'standard', 'lost', 1, 0n],
      ['pi', 'standard', 'work', 2, 250n],
      ['tau', 'premium', 'work', 1, 70n],
    ]);
    expect(all.lines[3]).toMatchObject({ jobUid: 'job-1', cpuMicros: 4_000_000n, memoryMibSeconds: 128n, wallMillis: 4_200n });
    expect(all).toMatchObject({ namespace: 'lab-a', totalMicro: 370n, heldMicro: 5n, availableMicro: 9_625n, truncated: false });
    for (const job of ['tau', 'job-2']) expect(await opened.ledger.statement('lab-a', job)).toMatchObject({ totalMicro: 70n, lines: [{ job: 'tau' }] });
    expect((await opened.ledger.statement('nobody')).lines).toEqual([]);
  });

  test('metrics count what is durable', async () => {
    const registry = new Registry();
    opened = await backend.crash(opened, { registry });
    await deposit(10_000_000n);
    await opened.ledger.hold([hold(3_000_000n), hold(1_000_000n, { taskUid: 'task-2' })]);
    await opened.ledger.settle([settle('task-1/1', 2_500_000n, 2_000_000n)]);
    const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).sort();
    expect(lines).toEqual([
      'gleaner_ledger_balance_credits{account_class="issuer_available"} 6.5',
      'gleaner_ledger_balance_credits{account_class="issuer_held"} 1',
      'gleaner_ledger_balance_credits{account_class="operator_margin"} 0.5',
      'gleaner_ledger_balance_credits{account_class="owner_earned"} 2',
      'gleaner_ledger_balance_credits{account_class="world_deposits"} -10',
      'gleaner_ledger_open_holds 1',
      'gleaner_ledger_transactions_total{kind="deposit"} 1',
      'gleaner_ledger_transactions_total{kind="hold"} 2',
      'gleaner_ledger_transactions_total{kind="settle"} 1',
      'gleaner_metered_core_seconds_total{tier="standard"} 2',
      'gleaner_settled_credits_total{tier="standard"} 2.5',
    ]);
  });
}
