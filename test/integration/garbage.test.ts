/**
 * Who goes with whom: the same objects with the same owners are made on a real Kubernetes with its controller manager and on ours, the same
 * deletions are asked for, and what is left in the end must be the same.
 */

import { startApiServer, type TestApiServer } from '../support/api-server';
import { exchange } from '../support/https';
import { describeWithKube, startKubeApiServer, type KubeApiServer } from '../support/kube-apiserver';

interface Owned {
  /** Names of objects made before, `!` behind those that it blocks; `?` before one that never was. */
  owners?: string[];
  finalizers?: string[];
}
interface Scenario {
  objects: Record<string, Owned>;
  /** Owners that are added when all objects are there: circles. */
  later?: Record<string, string[]>;
  remove: [name: string, policy: 'Background' | 'Foreground' | 'Orphan'][];
}

const HOLD = ['example.com/hold'];
const SCENARIOS: Record<string, Scenario> = {
  'background-chain': { objects: { a: {}, b: { owners: ['a'] }, c: { owners: ['b'] }, d: {} }, remove: [['a', 'Background']] },
  'background-held': { objects: { a: {}, b: { owners: ['a'], finalizers: HOLD }, c: { owners: ['b'] } }, remove: [['a', 'Background']] },
  'foreground-blocking': { objects: { a: {}, b: { owners: ['a!'], finalizers: HOLD }, c: { owners: ['b!'] } }, remove: [['a', 'Foreground']] },
  'foreground-loose': { objects: { a: {}, b: { owners: ['a'], finalizers: HOLD }, c: { owners: ['a'] } }, remove: [['a', 'Foreground']] },
  'foreground-done': { objects: { a: {}, b: { owners: ['a!'] }, c: { owners: ['b!'] }, d: { owners: ['c!'] } }, remove: [['a', 'Foreground']] },
  'foreground-deep': { objects: { a: {}, b: { owners: ['a!'] }, c: { owners: ['b!'], finalizers: HOLD } }, remove: [['a', 'Foreground']] },
  'foreground-own-finalizer': { objects: { a: { finalizers: HOLD }, b: { owners: ['a!'] } }, remove: [['a', 'Foreground']] },
  orphan: { objects: { a: {}, b: { owners: ['a'] }, c: { owners: ['a!'], finalizers: HOLD }, d: { owners: ['b'] } }, remove: [['a', 'Orphan']] },
  'orphan-then-background': { objects: { a: {}, b: { owners: ['a'] }, c: { owners: ['b'] } }, remove: [['b', 'Orphan'], ['a', 'Background']] },
  'two-owners': { objects: { a: {}, z: {}, b: { owners: ['a', 'z'] } }, remove: [['a', 'Background']] },
  'two-owners-gone': { objects: { a: {}, z: {}, b: { owners: ['a', 'z'] } }, remove: [['a', 'Background'], ['z', 'Background']] },
  'one-waits': { objects: { a: {}, z: {}, b: { owners: ['a!', 'z'] }, c: { owners: ['b'] } }, remove: [['a', 'Foreground']] },
  'one-waits-held': { objects: { a: {}, z: {}, b: { owners: ['a!', 'z'] }, c: { owners: ['a!'], finalizers: HOLD } }, remove: [['a', 'Foreground']] },
  'circle-background': { objects: { a: {}, b: { owners: ['a'] }, c: { owners: ['b'] } }, later: { a: ['c'] }, remove: [['a', 'Background']] },
  'circle-foreground': { objects: { a: {}, b: { owners: ['a!'] }, c: { owners: ['b!'] } }, later: { a: ['c!'] }, remove: [['a', 'Foreground']] },
  'never-was': { objects: { a: { owners: ['?x'] }, b: { owners: ['a'] } }, remove: [] },
  'never-was-and-is': { objects: { a: {}, b: { owners: ['?x', 'a'] } }, remove: [] },
};

type Send = (method: string, path: string, body?: object, type?: string) => Promise<{ code: number; json: Json }>;
interface Json {
  metadata: { name: string; uid: string; deletionTimestamp?: string; finalizers?: string[]; ownerReferences?: { name: string; blockOwnerDeletion?: boolean }[] };
  items: Json[];
}

const kept = (namespace: string, name = ''): string => `/api/v1/namespaces/${namespace}/configmaps${name && `/${name}`}`;

/** Makes a scenario's objects and asks for its deletions. */
async function play(send: Send, namespace: string, { objects, later = {}, remove }: Scenario): Promise<void> {
  await send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const uids = new Map<string, string>();
  const reference = (text: string): object => {
    const name = text.replace(/[?!]/g, '');
    return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: text.startsWith('?') ? '11111111-2222-3333-4444-555555555555' : uids.get(name), ...(text.endsWith('!') && { blockOwnerDeletion: true }) };
  };
  for (const [name, { owners = [], finalizers }] of Object.entries(objects)) {
    const metadata = { name, ...(finalizers && { finalizers }), ...(owners.length > 0 && { ownerReferences: owners.map(reference) }) };
    const { code, json } = await send('POST', kept(namespace), { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    if (code !== 201) throw new Error(`${namespace}/${name}: ${JSON.stringify(json)}`);
    uids.set(name, json.metadata.uid);
  }
  for (const [name, owners] of Object.entries(later)) await send('PATCH', kept(namespace, name), { metadata: { ownerReferences: owners.map(reference) } }, 'application/merge-patch+json');
  for (const [name, propagationPolicy] of remove) await send('DELETE', kept(namespace, name), { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy });
}

/** What is left, by name. */
async function left(send: Send, namespace: string): Promise<Record<string, object>> {
  const { items } = (await send('GET', kept(namespace))).json;
  return Object.fromEntries(
    items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt').map(({ metadata: { name, deletionTimestamp, finalizers = [], ownerReferences = [] } }) => [
      name, { going: deletionTimestamp !== undefined, finalizers: [...finalizers].sort(), owners: ownerReferences.map((owner) => `${owner.name}${owner.blockOwnerDeletion === true ? '!' : ''}`) },
    ]),
  );
}

/** It works in the background: what it has not changed for three seconds is its last word. */
async function settled(send: Send, namespace: string): Promise<object> {
  let state: object = {};
  for (let same = 0; same < 12;) {
    const now = await left(send, namespace);
    same = JSON.stringify(now) === JSON.stringify(state) ? same + 1 : 0;
    state = now;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return state;
}

function sender(url: string, ca: string, token: string): Send {
  return (method, path, body, type = 'application/json') =>
    exchange(`${url}${path}`, { method, ca, headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': type }) } }, body);
}

describeWithKube('garbage, beside a real Kubernetes', ['etcd', 'kube-apiserver', 'kube-controller-manager'], () => {
  let kube: KubeApiServer;
  let embedded: TestApiServer;
  let real: Send;
  let ours: Send;
  /** What each leaves, by scenario. */
  const last = new Map<string, object>();
  const lastOfOurs = new Map<string, object>();
  beforeAll(async () => {
    [kube, embedded] = await Promise.all([startKubeApiServer({ controllerManager: true }), startApiServer({ garbage: true })]);
    real = sender(kube.url, kube.caCertificate, kube.adminToken);
    ours = sender(embedded.url, embedded.caCertificate, embedded.token);
    for (const send of [real, ours]) await Promise.all(Object.entries(SCENARIOS).map(([name, scenario]) => play(send, name, scenario)));
    await Promise.all(Object.keys(SCENARIOS).flatMap((name) => [
      settled(real, name).then((state) => last.set(name, state)),
      settled(ours, name).then((state) => lastOfOurs.set(name, state)),
    ]));
  }, 180_000);
  afterAll(async () => {
    await embedded?.stop();
    await kube?.stop();
  }, 60_000);

  test('the real one collects', () => {
    expect(last.get('background-chain')).toEqual({ d: { going: false, finalizers: [], owners: [] } });
  });

  test.each(Object.keys(SCENARIOS))('%s', (name) => {
    expect(last.get(name)).toBeDefined();
    expect(lastOfOurs.get(name)).toEqual(last.get(name));
  });
});
