import type { Account } from '../../../crds/account';
import { API_VERSION } from '../../../crds/meta';
import { nameOf } from './names';
import { holderOf, issuerOf, limitOf, plan, statusOf } from './plan';

const account = (name: string, kind: Account['spec']['kind'], creditLimit = '0'): Account => ({
  apiVersion: API_VERSION, kind: 'Account', metadata: { name, resourceVersion: '7', uid: 'u' }, spec: { kind, creditLimit },
});
const status = { available: '1.00', held: '0.00', lifetime: '0.00' };

test.each([
  ['issuer/lab-a/available', 'issuer-lab-a'], ['issuer/lab-a/held', 'issuer-lab-a'], ['owner/ann/earned', 'owner-ann'],
  ['operator/margin', 'operator'], ['world/deposits', undefined], ['nonsense', undefined],
])('%s is shown by %s', (name, expected) => {
  const holder = holderOf(name);
  expect(holder && nameOf(holder)).toBe(expected);
});

test('owners whose ids are no DNS names get names that are, and stay distinct', () => {
  const ids = ['Ann', 'ann', 'ANN', 'ann@example.org', 'ann-example.org', '…', '--', `${'x'.repeat(128)}`];
  const names = ids.map((id) => nameOf({ kind: 'Owner', id }));
  for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
  expect(new Set(names).size).toBe(ids.length);
  expect(names[1]).toBe('owner-ann');
});

test('only Accounts of issuers set credit limits', () => {
  expect(issuerOf(account('issuer-lab-a', 'Issuer'))).toBe('lab-a');
  expect(issuerOf(account('lab-a', 'Issuer'))).toBeUndefined();
  expect(issuerOf(account('issuer-lab-a', 'Owner'))).toBeUndefined();
  expect([limitOf(account('issuer-lab-a', 'Issuer', '2.50')), limitOf(undefined)]).toEqual([2_500_000n, 0n]);
});

test('balances become decimal strings', () => {
  const balance = (name: string) => ({ account: name, balanceMicro: name.endsWith('held') ? 3n : -1_500_000n, lifetimeMicro: 12n });
  expect(statusOf({ kind: 'Issuer', id: 'lab-a' }, balance)).toEqual({ available: '-1.50', held: '0.000003', lifetime: '0.000012' });
  expect(statusOf({ kind: 'Owner', id: 'ann' }, balance)).toEqual({ available: '-1.50', held: '0.00', lifetime: '0.000012' });
});

test('what is missing is created, what differs is updated unconditionally, what is shown already is left alone', () => {
  const holder = { kind: 'Issuer', id: 'lab-a' } as const;
  expect(plan(holder, undefined, status)).toMatchObject([
    { verb: 'create', account: { metadata: { name: 'issuer-lab-a' }, spec: { kind: 'Issuer', creditLimit: '0' } } },
    { verb: 'updateStatus', account: { status } },
  ]);
  const [update, ...more] = plan(holder, account('issuer-lab-a', 'Issuer', '9.00'), status);
  expect(more).toEqual([]);
  expect(update).toMatchObject({ verb: 'updateStatus', account: { status, spec: { creditLimit: '9.00' } } });
  expect(update?.account.metadata).not.toHaveProperty('resourceVersion');
  expect(plan(holder, { ...account('issuer-lab-a', 'Issuer'), status }, status)).toEqual([]);
});
