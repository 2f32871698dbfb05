import type { Account } from '../../../crds/account';
import { ACCOUNTS, API_VERSION } from '../../../crds/meta';
import { ManualClock, turn } from '../../../test/support/controller-world';
import { hold, settle } from '../../../test/support/ledger';
import { BookLedger } from '../../ledger/book-ledger';
import { StoreFolder } from '../../store/sqlite/test-support';
import { AccountController } from './account-controller';

let folder: StoreFolder;
let ledger: BookLedger;
let clock: ManualClock;
let controller: AccountController;
let errors: string[];
beforeEach(async () => {
  folder = await StoreFolder.open();
  await begin();
});
afterEach(async () => {
  await controller.stop();
  await folder.remove();
});

async function begin(): Promise<void> {
  ledger = await BookLedger.open({ database: folder.database.tables });
  clock = new ManualClock();
  errors = [];
  controller = new AccountController({ store: folder.store, ledger, clock, onError: (error) => errors.push(String(error)) });
}

const settled = async (): Promise<void> => {
  for (let n = 0; n < 20; n += 1) await turn();
};
const account = async (name: string): Promise<Account | undefined> => folder.store.get<Account>(ACCOUNTS, '', name);
const shown = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries((await folder.store.list<Account>(ACCOUNTS)).items.map(({ metadata, spec, status }) => [metadata.name, [spec.kind, status?.available, status?.held, status?.lifetime]]));
const deposit = (key: string, amountMicro: bigint) => ledger.deposit({ key, namespace: 'lab-a', amountMicro });
const issuer = (creditLimit: string): Account => ({ apiVersion: API_VERSION, kind: 'Account', metadata: { name: 'issuer-lab-a' }, spec: { kind: 'Issuer', creditLimit } });

test('a deposit creates the issuer\'s Account, settlements those of owner and operator', async () => {
  await controller.start();
  await deposit('d1', 5_000_000n);
  await settled();
  expect(await shown()).toEqual({ 'issuer-lab-a': ['Issuer', '5.00', '0.00', '0.00'] });
  await ledger.hold([hold(2_000_000n, { ownerId: 'Ann_Lee' }), hold(500_000n, { taskUid: 'task-2' })]);
  await ledger.settle([settle('task-1/1', 1_000_001n, 800_000n)]);
  clock.advance(1000);
  await settled();
  expect(await shown()).toEqual({
    'issuer-lab-a': ['Issuer', '3.499999', '0.50', '1.000001'],
    'operator': ['Operator', '0.200001', '0.00', '0.200001'],
    'owner-ann-lee-8db07ed1f844': ['Owner', '0.80', '0.00', '0.80'],
  });
  expect(errors).toEqual([]);
});

test('many changes within a second are two writes: the first at once, the last when the second is over', async () => {
  await controller.start();
  for (let n = 0; n < 50; n += 1) {
    await deposit(`d${n}`, 1_000_000n);
    await settled();
  }
  const first = await account('issuer-lab-a');
  expect(first?.status?.available).toBe('1.00');
  clock.advance(999);
  await settled();
  expect((await account('issuer-lab-a'))?.metadata.resourceVersion).toBe(first?.metadata.resourceVersion);
  clock.advance(1);
  await settled();
  const second = await account('issuer-lab-a');
  expect(second?.status?.available).toBe('50.00');
  clock.advance(10_000);
  await settled();
  expect((await account('issuer-lab-a'))?.metadata.resourceVersion).toBe(second?.metadata.resourceVersion);
});

test('stop writes what is still due', async () => {
  await controller.start();
  await deposit('d1', 1_000_000n);
  await settled();
  await deposit('d2', 1_000_000n);
  await controller.stop();
  expect((await account('issuer-lab-a'))?.status?.available).toBe('2.00');
});

test('after a restart, Accounts show the ledger again, also what changed while nothing was shown', async () => {
  await deposit('d1', 1_000_000n);
  await folder.reopen();
  await begin();
  await controller.start();
  await settled();
  expect(await shown()).toEqual({ 'issuer-lab-a': ['Issuer', '1.00', '0.00', '0.00'] });
});

test('an issuer\'s credit limit is taken from its Account, when that is made, changed and deleted', async () => {
  await controller.start();
  const mayHold = async (amount: bigint): Promise<boolean> => {
    await settled();
    const [outcome] = await ledger.hold([hold(amount, { taskUid: `task-${amount}` })]);
    return outcome?.ok === true;
  };
  expect(await mayHold(100n)).toBe(false);
  const made = await folder.store.create(ACCOUNTS, issuer('0.0002'));
  expect(await mayHold(200n)).toBe(true);
  await folder.store.update(ACCOUNTS, { ...made, metadata: { name: 'issuer-lab-a' }, spec: { kind: 'Issuer', creditLimit: '0.0005' } });
  expect(await mayHold(300n)).toBe(true);
  clock.advance(1000);
  await settled();
  expect(await shown()).toEqual({ 'issuer-lab-a': ['Issuer', '-0.0005', '0.0005', '0.00'] });
  await folder.store.delete(ACCOUNTS, '', 'issuer-lab-a');
  expect(await mayHold(1n)).toBe(false);
  clock.advance(1000);
  await settled();
  expect((await account('issuer-lab-a'))?.spec.creditLimit).toBe('0');
  expect(await ledger.verify()).toMatchObject({ ok: true, violations: [] });
});

test('an Account whose name is no namespace is told once and changes nothing', async () => {
  await controller.start();
  await folder.store.create(ACCOUNTS, { ...issuer('5.00'), metadata: { name: 'issuer-a.b' } });
  await settled();
  clock.advance(100_000);
  await settled();
  expect(errors).toEqual([expect.stringContaining('Account issuer-a.b: namespace: "a.b" is not the name of a namespace')]);
});
