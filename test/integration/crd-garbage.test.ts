/** Objects of definitions are owned, owners and in namespaces like all others. */
import { makeNamespace, type Answer, type Json } from '../support/api-server';
import { CRDS_PATH, define, definition, isGone, version } from '../support/definitions';
import { eventually } from '../support/kubectl';
import { sharedServer } from '../support/shared-server';

const server = sharedServer({ garbage: true });

beforeAll(async () => {
  await define(server, definition({ plural: 'parents', kind: 'Parent', versions: [version('v1', {}), version('v2', {})] }));
  await define(server, definition({ plural: 'children', kind: 'Child' }));
});

const path = (plural: string, name = '', namespace = 'default'): string => `/apis/example.com/v1/namespaces/${namespace}/${plural}${name && `/${name}`}`;
const get = (where: string): Promise<Answer> => server.request('GET', where);

async function make(plural: string, kind: string, name: string, owner?: Json, more: object = {}, namespace = 'default'): Promise<Json> {
  const ownerReferences = owner && [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid, blockOwnerDeletion: true }];
  const { code, text, json } = await server.request('POST', path(plural, '', namespace), {
    body: { apiVersion: 'example.com/v1', kind, metadata: { name, ...(ownerReferences && { ownerReferences }), ...more } },
  });
  if (code !== 201) throw new Error(text);
  return json;
}

const remove = (where: string, propagationPolicy: string): Promise<Answer> => server.request('DELETE', where, { body: { propagationPolicy } });

test('background: what is owned goes after its owner, whichever version names it', async () => {
  const parent = await make('parents', 'Parent', 'a');
  const child = await make('children', 'Child', 'a', { ...parent, apiVersion: 'example.com/v2' });
  await make('children', 'Child', 'grandchild', child);
  expect((await remove(path('parents', 'a'), 'Background')).json.status).toBe('Success');
  await eventually(() => 'the children are gone', async () => isGone(await get(path('children', 'a'))) && isGone(await get(path('children', 'grandchild'))));
});

test('foreground: the owner goes after what it owns', async () => {
  const parent = await make('parents', 'Parent', 'b');
  await make('children', 'Child', 'b', parent, { finalizers: ['example.com/hold'] });
  await remove(path('parents', 'b'), 'Foreground');
  expect((await get(path('parents', 'b'))).json.metadata.finalizers).toEqual(['foregroundDeletion']);
  await eventually(() => 'the child goes', async () => (await get(path('children', 'b'))).json.metadata.deletionTimestamp !== undefined);
  expect((await get(path('parents', 'b'))).code).toBe(200);
  await server.merge(path('children', 'b'), { metadata: { finalizers: null } });
  await eventually(() => 'both are gone', async () => isGone(await get(path('children', 'b'))) && isGone(await get(path('parents', 'b'))));
});

test('orphan: what was owned stays, without its owner', async () => {
  const parent = await make('parents', 'Parent', 'c');
  await make('children', 'Child', 'c', parent);
  await remove(path('parents', 'c'), 'Orphan');
  await eventually(() => 'the parent is gone', async () => isGone(await get(path('parents', 'c'))));
  expect((await get(path('children', 'c'))).json.metadata.ownerReferences).toBeUndefined();
});

test('core kinds and objects of definitions own each other', async () => {
  const parent = await make('parents', 'Parent', 'd');
  const owner = { apiVersion: 'example.com/v1', kind: 'Parent', name: 'd', uid: parent.metadata.uid };
  await server.request('POST', '/api/v1/namespaces/default/configmaps', { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', ownerReferences: [owner] } } });
  expect((await remove(path('parents', 'd'), 'Background')).code).toBe(200);
  await eventually(() => 'the ConfigMap is gone', async () => isGone(await get('/api/v1/namespaces/default/configmaps/owned')));
});

test('an owner that never was: what names it goes; one of a kind that is not known is taken to exist', async () => {
  const nobody = { apiVersion: 'example.com/v1', kind: 'Parent', metadata: { name: 'nobody', uid: '11111111-1111-1111-1111-111111111111' } } as Json;
  await make('children', 'Child', 'e', nobody);
  await make('children', 'Child', 'f', { ...nobody, kind: 'Stranger' });
  await eventually(() => 'e is gone', async () => isGone(await get(path('children', 'e'))));
  expect((await get(path('children', 'f'))).code).toBe(200);
  await define(server, definition({ plural: 'strangers', kind: 'Stranger' }));
  await eventually(() => 'f is gone', async () => isGone(await get(path('children', 'f'))));
});

test('a namespace takes them with it; a definition takes them, and what they own', async () => {
  const namespace = await makeNamespace(server, 'going');
  await make('children', 'Child', 'a', undefined, {}, namespace);
  await server.request('DELETE', `/api/v1/namespaces/${namespace}`);
  await eventually(() => 'the namespace is gone', async () => isGone(await get(`/api/v1/namespaces/${namespace}`)));
  expect((await get(path('children', '', namespace))).json.items).toEqual([]);
  const parent = await make('parents', 'Parent', 'g');
  await make('children', 'Child', 'g', parent);
  await server.request('DELETE', `${CRDS_PATH}/parents.example.com`);
  await eventually(() => 'the definition is gone', async () => isGone(await get(`${CRDS_PATH}/parents.example.com`)));
  await eventually(() => 'the child is gone', async () => isGone(await get(path('children', 'g'))));
});

const MAPS = '/api/v1/namespaces/default/configmaps';
const owner = ({ apiVersion, kind, metadata: { name, uid } }: Json, more: object = {}): object => ({ apiVersion, kind, name, uid, ...more });
const setOwners = async (where: string, ...ownerReferences: object[]): Promise<void> => {
  const { code, text } = await server.merge(where, { metadata: { ownerReferences } });
  if (code !== 200) throw new Error(text);
};
const makeMap = async (name: string, ...ownerReferences: object[]): Promise<Json> => (await server.request('POST', MAPS, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ownerReferences } } })).json;

test('what has a valid owner beside one that waits for it stays, without the one that goes', async () => {
  await define(server, definition({ plural: 'sets', kind: 'Set' }));
  const going = await make('sets', 'Set', 'to-be-deleted');
  const staying = await make('sets', 'Set', 'to-stay');
  const names = Array.from({ length: 10 }, (_, number) => `dependent-${number}`);
  for (const name of names) await makeMap(name, owner(going, { controller: true, blockOwnerDeletion: true }));
  for (const name of names.slice(0, 5)) await setOwners(`${MAPS}/${name}`, owner(going, { controller: true, blockOwnerDeletion: true }), owner(staying));

  const { code, json } = await server.request('DELETE', path('sets', 'to-be-deleted'), { body: { propagationPolicy: 'Foreground', preconditions: { uid: going.metadata.uid } } });
  expect([code, json.metadata.finalizers]).toEqual([200, ['foregroundDeletion']]);
  await eventually(() => 'the owner is gone', async () => isGone(await get(path('sets', 'to-be-deleted'))));
  const left = (await get(MAPS)).json.items.filter(({ metadata }) => metadata.name.startsWith('dependent-'));
  expect(left.map(({ metadata: { name, deletionTimestamp, ownerReferences } }) => [name, deletionTimestamp, ownerReferences])).toEqual(names.slice(0, 5).map((name) => [name, undefined, [owner(staying)]]));
  expect((await get(path('sets', 'to-stay'))).json.metadata.deletionTimestamp).toBeUndefined();
});

test.each(['Background', 'Foreground'])('a circle of owners blocks nothing (%s)', async (policy) => {
  const blocking = { controller: true, blockOwnerDeletion: true };
  const name = (part: number): string => `circle-${policy.toLowerCase()}-${part}`;
  const first = await makeMap(name(1));
  const second = await makeMap(name(2), owner(first, blocking));
  const third = await makeMap(name(3), owner(second, blocking));
  await setOwners(`${MAPS}/${name(1)}`, owner(third, blocking));
  expect((await remove(`${MAPS}/${name(1)}`, policy)).code).toBe(200);
  await eventually(() => 'all three are gone', async () => (await Promise.all([1, 2, 3].map(async (part) => isGone(await get(`${MAPS}/${name(part)}`))))).every(Boolean));
});
