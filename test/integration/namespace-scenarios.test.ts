/** Scenarios of Kubernetes' e2e suite about namespaces (apimachinery/namespace.go), over kinds that are served here. */
import type { Condition } from '../../crds/meta';
import { makeNamespace, type Answer, type Json } from '../support/api-server';
import { eventually } from '../support/kubectl';
import { sharedServer } from '../support/shared-server';

const server = sharedServer({ namespaceContent: true });

const ALL = '/api/v1/namespaces';
const get = (path: string): Promise<Answer> => server.request('GET', path);
const change = (method: string, path: string, body: object): Promise<Answer> =>
  server.request(method, path, { body, ...(method === 'PATCH' && { headers: { 'Content-Type': 'application/merge-patch+json' } }) });
const conditionsOf = ({ json }: Answer): Condition[] => (json.status as { conditions?: Condition[] }).conditions ?? [];

const NAMESPACES = 100;
/** Kubernetes gives itself 150 s for 90 of 100. */
const PATIENCE_MS = 150_000;

test(`all of ${NAMESPACES} namespaces, made and deleted at once, go with what is in them`, async () => {
  const names = Array.from({ length: NAMESPACES }, (_, number) => `nslifetest-${number}`);
  await Promise.all(names.map(async (name) => {
    await makeNamespace(server, name);
    expect((await change('POST', `${ALL}/${name}/configmaps`, { metadata: { name: 'inside' } })).code).toBe(201);
  }));
  const ours = async (): Promise<Json[]> => (await get(ALL)).json.items.filter(({ metadata }) => metadata.name.startsWith('nslifetest-'));
  expect(await ours()).toHaveLength(NAMESPACES);

  const answers = await Promise.all(names.map((name) => server.request('DELETE', `${ALL}/${name}`)));
  expect(answers.map(({ code, json }) => [code, json.status]).filter(([code, status]) => code !== 200 || (status as { phase: string }).phase !== 'Terminating')).toEqual([]);
  const until = Date.now() + PATIENCE_MS;
  let left = await ours();
  for (; left.length > 0 && Date.now() < until; left = await ours()) await new Promise((resolve) => setTimeout(resolve, 200));
  expect(left.map(({ metadata }) => metadata.name)).toEqual([]);
  expect((await get('/api/v1/configmaps')).json.items.filter(({ metadata }) => metadata.namespace?.startsWith('nslifetest-'))).toEqual([]);

  await makeNamespace(server, 'nslifetest-0');
  expect((await get(`${ALL}/nslifetest-0/configmaps/inside`)).code).toBe(404);
}, PATIENCE_MS + 60_000);

test('its status is read, patched and updated: conditions of others stay with it', async () => {
  const name = await makeNamespace(server, 'nsstatus');
  const status = `${ALL}/${name}/status`;
  expect((await get(status)).json).toMatchObject({ kind: 'Namespace', status: { phase: 'Active' } });

  const mine: Partial<Condition> = { type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched by an e2e test' };
  const patched = await change('PATCH', status, { metadata: { annotations: { 'e2e-patched-ns-status': name } }, spec: { finalizers: [] }, status: { conditions: [mine] } });
  expect([patched.code, patched.json.metadata.annotations]).toEqual([200, { 'e2e-patched-ns-status': name }]);
  expect(patched.json).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active', conditions: [mine] } });

  const { json } = await get(status);
  const added: Partial<Condition> = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Updated by an e2e test' };
  const updated = await change('PUT', status, { ...json, status: { ...(json.status as object), conditions: [mine, added] } });
  expect([updated.code, conditionsOf(updated)]).toEqual([200, [expect.objectContaining(mine), expect.objectContaining(added)]]);
  expect((await change('PUT', status, json)).json).toMatchObject({ code: 409, reason: 'Conflict' });

  const labelled = await change('PATCH', `${ALL}/${name}`, { metadata: { labels: { testLabel: 'testValue' } }, status: { conditions: null } });
  expect(labelled.json.metadata.labels).toMatchObject({ testLabel: 'testValue' });
  expect(conditionsOf(await get(`${ALL}/${name}`)).map(({ type }) => type)).toEqual(['StatusPatch', 'StatusUpdate']);
});

test('a finalizer is added and removed through /finalize only, and holds the namespace as long as it is there', async () => {
  const name = await makeNamespace(server, 'nsfinalize');
  const namespace = `${ALL}/${name}`;
  const finalizers = ({ json }: Answer): unknown => (json.spec as { finalizers?: string[] }).finalizers;
  const put = async (path: string, wanted: string[]): Promise<Answer> => change('PUT', path, { ...(await get(namespace)).json, spec: { finalizers: wanted } });
  const FAKE = 'e2e.example.com/fakeFinalizer';

  const update = await put(namespace, ['kubernetes', FAKE]);
  expect([update.code, finalizers(update)]).toEqual([200, ['kubernetes']]);
  const added = await put(`${namespace}/finalize`, ['kubernetes', FAKE]);
  expect([added.code, finalizers(added), finalizers(await get(namespace))]).toEqual([200, ['kubernetes', FAKE], ['kubernetes', FAKE]]);
  const removed = await put(`${namespace}/finalize`, ['kubernetes']);
  expect([removed.code, finalizers(removed)]).toEqual([200, ['kubernetes']]);

  await put(`${namespace}/finalize`, ['kubernetes', FAKE]);
  await server.request('DELETE', namespace);
  await eventually(() => 'only the finalizer holds it', async () => JSON.stringify(finalizers(await get(namespace))) === JSON.stringify([FAKE]));
  expect((await get(namespace)).json).toMatchObject({ status: { phase: 'Terminating' } });
  await put(`${namespace}/finalize`, []);
  expect((await get(namespace)).code).toBe(404);
});
