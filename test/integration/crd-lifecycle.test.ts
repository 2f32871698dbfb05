/** Definitions that come, change and go while the server runs: what is served follows at once. */
import type { Answer } from '../support/api-server';
import { conditions, CRDS_PATH, define, definition, hasCondition, isGone, read, version } from '../support/definitions';
import { eventually } from '../support/kubectl';
import { sharedServer } from '../support/shared-server';

const server = sharedServer();

const get = (path: string): Promise<Answer> => server.request('GET', path);
const NAMESPACED = '/apis/example.com/v1/namespaces/default';

/** Reads a watch to its end. */
function watching(path: string): { lines: string[]; ended: Promise<Answer> } {
  const lines: string[] = [];
  return { lines, ended: get(path).then((answer) => (lines.push(...answer.text.split('\n').filter((line) => line !== '')), answer)) };
}

test('a definition is in effect when its request is answered: objects, discovery, OpenAPI', async () => {
  const before = await get('/openapi/v3');
  const made = await define(server, definition({
    plural: 'gears', kind: 'Gear', names: { shortNames: ['gr'], categories: ['all', 'machine'] },
    versions: [version('v1', { teeth: { type: 'integer', default: 12, description: 'How many it has.' } })],
  }));
  expect(made.spec.names).toEqual({ plural: 'gears', singular: 'gear', kind: 'Gear', listKind: 'GearList', shortNames: ['gr'], categories: ['all', 'machine'] });
  expect(made.spec.conversion).toEqual({ strategy: 'None' });
  expect(made.status).toEqual({ conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] });
  const { code, json } = await server.request('POST', `${NAMESPACED}/gears`, { body: { apiVersion: 'example.com/v1', kind: 'Gear', metadata: { name: 'a' } , spec: {} } });
  expect([code, json.spec]).toEqual([201, { teeth: 12 }]);
  const group = await get('/apis/example.com/v1');
  expect(group.json.resources).toMatchObject([{ name: 'gears', singularName: 'gear', namespaced: true, kind: 'Gear', shortNames: ['gr'], categories: ['all', 'machine'] }]);
  expect((await get('/openapi/v3')).text).not.toBe(before.text);
  expect((await get('/openapi/v3/apis/example.com/v1')).text).toContain('How many it has.');
  const crd = await hasCondition(server, 'gears.example.com', 'Established', 'True');
  expect(conditions(crd)).toEqual({
    NamesAccepted: 'True NoConflicts: no conflicts found',
    Established: 'True InitialNamesAccepted: the initial names have been accepted',
  });
  expect(crd.status).toMatchObject({ acceptedNames: made.spec.names, storedVersions: ['v1'] });
});

test('the definitions are served like all resources: table, watch, status, the server\'s own among them', async () => {
  const table = await server.request('GET', CRDS_PATH, { headers: { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
  expect(table.json.columnDefinitions).toMatchObject([{ name: 'Name' }, { name: 'Created At', type: 'date' }]);
  const cells = (table.json.rows as { cells: string[] }[]).map((row) => row.cells);
  expect(cells).toContainEqual(['jobs.gleaner.dev', expect.stringMatching(/^\d{4}-\d\d-\d\dT/)]);
  const discovered = await get('/apis/apiextensions.k8s.io/v1');
  expect(discovered.json.resources).toMatchObject([
    { name: 'customresourcedefinitions', shortNames: ['crd', 'crds'], categories: ['api-extensions'], namespaced: false },
    { name: 'customresourcedefinitions/status' },
  ]);
  const status = await get(`${CRDS_PATH}/jobs.gleaner.dev/status`);
  expect(status.json.status).toMatchObject({ storedVersions: ['v1alpha1'], acceptedNames: { kind: 'Job' } });
  const patched = await server.merge(`${CRDS_PATH}/gears.example.com/status`, { spec: { scope: 'Cluster' }, status: { conditions: [{ type: 'StatusPatched', status: 'True', reason: 'R', message: 'm', lastTransitionTime: null }] } });
  expect(patched.code).toBe(200);
  expect((patched.json.spec as { scope: string }).scope).toBe('Namespaced');
  expect(patched.json.status).toMatchObject({ conditions: [{ type: 'StatusPatched' }] });
});

test('the server\'s own definitions cannot be deleted or changed, labels of theirs can', async () => {
  const path = `${CRDS_PATH}/jobs.gleaner.dev`;
  const deleted = await server.request('DELETE', path);
  expect([deleted.code, deleted.json.message]).toEqual([403, 'customresourcedefinitions.apiextensions.k8s.io "jobs.gleaner.dev" is forbidden: it is one of the server\'s own definitions: they cannot be deleted']);
  const merge = (body: object): Promise<Answer> => server.merge(path, body);
  const changed = await merge({ spec: { names: { shortNames: ['x'] } } });
  expect([changed.code, changed.json.details.causes?.[0].field]).toEqual([422, 'spec']);
  expect((await merge({ metadata: { labels: { team: 'a' } } })).code).toBe(200);
  const all = await server.request('DELETE', `${CRDS_PATH}?labelSelector=team%3Da`);
  expect([all.code, all.json.items.length]).toEqual([200, 0]);
  expect((await get(path)).code).toBe(200);
});

test('a definition that is deleted takes its objects with it, waits for their finalizers, creates nothing, and ends the watches', async () => {
  await define(server, definition({ plural: 'bolts', kind: 'Bolt' }));
  const bolt = (name: string, more: object = {}): Promise<Answer> =>
    server.request('POST', `${NAMESPACED}/bolts`, { body: { apiVersion: 'example.com/v1', kind: 'Bolt', metadata: { name, ...more } } });
  await bolt('free');
  await bolt('held', { finalizers: ['example.com/hold'] });
  const watch = watching('/apis/example.com/v1/bolts?watch=true');
  const crds = watching(`${CRDS_PATH}?watch=true&timeoutSeconds=5&fieldSelector=metadata.name%3Dbolts.example.com&resourceVersion=${(await get(CRDS_PATH)).json.metadata.resourceVersion}`);
  const deleted = await server.request('DELETE', `${CRDS_PATH}/bolts.example.com`, { body: { propagationPolicy: 'Background' } });
  expect(deleted.code).toBe(200);
  expect(deleted.json.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
  expect(deleted.json.metadata.deletionTimestamp).toMatch(/Z$/);
  expect(conditions(deleted.json as never).Terminating).toBe('True InstanceDeletionPending: CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon');
  const refused = await bolt('late');
  expect(refused.json).toMatchObject({ code: 405, reason: 'MethodNotAllowed', message: 'create not allowed while custom resource definition is terminating', details: { group: 'example.com', kind: 'bolts' } });
  expect((await get('/apis/example.com/v1')).json.resources).toContainEqual(expect.objectContaining({ name: 'bolts', verbs: ['delete', 'deletecollection', 'get', 'list', 'watch'] }));
  await eventually(() => 'bolt free is gone', async () => isGone(await get(`${NAMESPACED}/bolts/free`)));
  expect((await get(`${NAMESPACED}/bolts/held`)).json.metadata.deletionTimestamp).toBeDefined();
  expect(conditions(await read(server, 'bolts.example.com')).Terminating).toBe('True InstanceDeletionInProgress: CustomResource deletion is in progress');
  const released = await server.merge(`${NAMESPACED}/bolts/held`, { metadata: { finalizers: null } });
  expect(released.code).toBe(200);
  await watch.ended;
  expect(watch.lines.map((line) => [JSON.parse(line).type, JSON.parse(line).object.metadata.name])).toEqual([
    ['ADDED', 'free'], ['ADDED', 'held'], ['DELETED', 'free'], ['MODIFIED', 'held'], ['DELETED', 'held'],
  ]);
  await eventually(() => 'the definition is gone', async () => isGone(await get(`${CRDS_PATH}/bolts.example.com`)));
  expect((await get('/apis/example.com/v1/bolts')).code).toBe(404);
  expect((await get('/apis/example.com/v1')).text).not.toContain('bolts');
  await crds.ended;
  expect(JSON.parse(crds.lines.at(-1) as string)).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'bolts.example.com' } } });
});

test('names that are taken are not accepted until they are free', async () => {
  await define(server, definition({ plural: 'nuts', kind: 'Nut', names: { shortNames: ['nt'] } }));
  await define(server, definition({ plural: 'notes', kind: 'Nut', names: { singular: 'nut', shortNames: ['nt', 'no'] } }));
  const refused = await hasCondition(server, 'notes.example.com', 'NamesAccepted', 'False');
  expect(conditions(refused)).toEqual({
    NamesAccepted: 'False ListKindConflict: "NutList" is already in use',
    Established: 'False NotAccepted: not all names are accepted',
  });
  expect(refused.status?.acceptedNames).toEqual({ plural: 'notes', kind: '' });
  expect((await get(`${NAMESPACED}/notes`)).code).toBe(404);
  await server.request('DELETE', `${CRDS_PATH}/nuts.example.com`);
  const accepted = await hasCondition(server, 'notes.example.com', 'Established', 'True');
  expect(accepted.status?.acceptedNames).toMatchObject({ plural: 'notes', kind: 'Nut', shortNames: ['nt', 'no'] });
  expect((await get(`${NAMESPACED}/notes`)).code).toBe(200);
});

test('a changed definition is in effect at once; its watches end, and what is stored gets the new defaults when it is read', async () => {
  await define(server, definition({ plural: 'pipes', kind: 'Pipe', versions: [version('v1', { a: { type: 'string' }, old: { type: 'string' } })] }));
  await server.request('POST', `${NAMESPACED}/pipes`, { body: { apiVersion: 'example.com/v1', kind: 'Pipe', metadata: { name: 'p' }, spec: { a: 'x', old: 'y' } } });
  const watch = watching(`${NAMESPACED}/pipes?watch=true`);
  const crd = await hasCondition(server, 'pipes.example.com', 'Established', 'True');
  const spec = { ...crd.spec, versions: [version('v1', { a: { type: 'string' }, b: { type: 'object', default: { c: 1 }, properties: { c: { type: 'integer' } } } })] };
  const replaced = await server.request('PUT', `${CRDS_PATH}/pipes.example.com`, { body: { ...crd, spec } });
  expect(replaced.code).toBe(200);
  await watch.ended;
  const list = await get(`${NAMESPACED}/pipes`);
  expect(list.json.items[0].spec).toEqual({ a: 'x', b: { c: 1 } });
  expect((await get(`${NAMESPACED}/pipes/p`)).json.spec).toEqual({ a: 'x', b: { c: 1 } });
  const without = await server.request('PUT', `${CRDS_PATH}/pipes.example.com`, { body: { ...crd, metadata: { name: crd.metadata.name }, spec } });
  expect([without.code, without.json.message]).toEqual([422, 'customresourcedefinitions.apiextensions.k8s.io "pipes.example.com" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update']);
});
