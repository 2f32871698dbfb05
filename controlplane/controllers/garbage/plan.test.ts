import type { KubeObject, OwnerReference } from '../../../crds/meta';
import { blocks, fateOf, inForeground, isWaiting, withoutOwners, type Fate, type OwnerState } from './plan';

const owner = (uid: string, more: Partial<OwnerReference> = {}): OwnerReference => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid, ...more });
const object = (...ownerReferences: OwnerReference[]): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', ownerReferences } });
const gone: Fate = { kind: 'delete', foreground: false, unblock: false };

/** Owners are named for their state. */
test.each<[OwnerState[], { any: boolean; waiting: boolean }, Fate]>([
  [[], { any: false, waiting: false }, { kind: 'keep' }],
  [['solid'], { any: true, waiting: true }, { kind: 'keep' }],
  [['unknown', 'dangling'], { any: false, waiting: false }, { kind: 'keep' }],
  [['solid', 'unknown', 'dangling'], { any: false, waiting: false }, { kind: 'keep' }],
  [['solid', 'dangling', 'waiting'], { any: false, waiting: false }, { kind: 'unlink', owners: ['dangling', 'waiting'] }],
  [['dangling'], { any: false, waiting: false }, gone],
  [['dangling'], { any: true, waiting: true }, gone],
  [['waiting'], { any: false, waiting: false }, gone],
  [['waiting', 'dangling'], { any: true, waiting: false }, { kind: 'delete', foreground: true, unblock: false }],
  [['waiting'], { any: true, waiting: true }, { kind: 'delete', foreground: true, unblock: true }],
])('owners %j, dependents %j', (states, dependents, fate) => {
  expect(fateOf(object(...states.map((state) => owner(state))), ({ uid }) => uid as OwnerState, dependents)).toEqual(fate);
});

test('an owner is waited for when it is going and held by foregroundDeletion', () => {
  const at = (deletionTimestamp: string | undefined, ...finalizers: string[]): boolean => isWaiting({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', deletionTimestamp, finalizers } });
  expect([at(undefined, 'foregroundDeletion'), at('t'), at('t', 'orphan'), at('t', 'a/b', 'foregroundDeletion')]).toEqual([false, false, false, true]);
});

test('only who says so blocks its owner', () => {
  const it = object(owner('a', { blockOwnerDeletion: true }), owner('b', { blockOwnerDeletion: false }), owner('c'));
  expect(['a', 'b', 'c', 'd'].map((uid) => blocks(it, uid))).toEqual([true, false, false, false]);
  expect(blocks(inForeground(it, true), 'a')).toBe(false);
  expect(inForeground(inForeground(it, false), false).metadata).toMatchObject({ finalizers: ['foregroundDeletion'], ownerReferences: it.metadata.ownerReferences });
});

test('the last reference leaves no list behind', () => {
  expect(withoutOwners(object(owner('a'), owner('b')), ['a']).metadata.ownerReferences).toEqual([owner('b')]);
  expect(withoutOwners(object(owner('a')), ['a']).metadata).toEqual({ name: 'x' });
});

test('owners that are taken out are looked up, not searched for', () => {
  const many = 20_000;
  const owners = Array.from({ length: many }, (_, at) => ({ apiVersion: 'v1', kind: 'Job', name: `j${at}`, uid: `u${at}` }));
  let looks = 0;
  const gone = new Proxy(owners.slice(1).map(({ uid }) => uid), { get: (target, key, receiver): unknown => (looks++, Reflect.get(target, key, receiver)) });
  const object = { apiVersion: 'v1', kind: 'Task', metadata: { name: 'a', ownerReferences: owners } };
  expect(withoutOwners(object, gone).metadata.ownerReferences).toEqual([owners[0]]);
  expect(looks).toBeLessThan(3 * many);
});
