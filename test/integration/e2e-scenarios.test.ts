/** Scenarios of Kubernetes' e2e suite (apimachinery: server-side apply, table conversion, chunking, watchlist), over kinds that are served here. */
import { setTimeout as pause } from 'node:timers/promises';

import type { Answer, Json } from '../support/api-server';
import { define, definition, version } from '../support/definitions';
import { nextNamespace, sharedServer } from '../support/shared-server';
import { openWatch } from '../support/watch-client';

const server = sharedServer();
let ns: string;
let jobs: string;
let maps: string;

beforeEach(async () => {
  ({ ns, jobs, maps } = await nextNamespace(server));
});

const job = (spec: object, metadata: object = {}): object => ({ apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name: 'job', ...metadata }, spec });
const WHOLE = { runtime: 'python', template: { program: { script: 'print(1)' } }, completions: 3 };
const apply = (path: string, manager: string, body: object, force = false): Promise<Answer> =>
  server.request('PATCH', `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`, { body, headers: { 'Content-Type': 'application/apply-patch+yaml' } });
const merge = (path: string, manager: string, body: object): Promise<Answer> =>
  server.merge(`${path}?fieldManager=${manager}`, body);
const managers = ({ json }: Answer): string[] => (json.metadata.managedFields ?? []).map(({ manager, operation, subresource }) => [manager, operation, subresource].filter((part) => part !== undefined).join(' '));
const spec = async (): Promise<Record<string, unknown>> => (await server.request('GET', `${jobs}/job`)).json.spec as Record<string, unknown>;

describe('ServerSideApply', () => {
  test('creates an applied object if it does not exist, and answers 201, then 200', async () => {
    const first = await apply(`${jobs}/job`, 'one', job(WHOLE));
    expect([first.code, managers(first)]).toEqual([201, ['one Apply']]);
    const again = await apply(`${jobs}/job`, 'one', job(WHOLE));
    expect([again.code, again.json.metadata.resourceVersion]).toEqual([200, first.json.metadata.resourceVersion]);
    const yaml = await apply(`${maps}/map`, 'one', `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata: {key: value}\n` as unknown as object);
    expect([yaml.code, yaml.json.data]).toEqual([201, { key: 'value' }]);
  });

  test('works for subresources: the status has an entry of its own, and an apply of the object leaves it', async () => {
    await apply(`${jobs}/job`, 'one', job(WHOLE));
    const status = await apply(`${jobs}/job/status`, 'observer', { ...job({}), spec: undefined, status: { phase: 'Running' } });
    expect([status.code, managers(status).sort()]).toEqual([200, ['observer Apply status', 'one Apply']]);
    const other = await apply(`${jobs}/job/status`, 'second', { ...job({}), spec: undefined, status: { phase: 'Failed' } });
    expect([other.code, other.json.details.causes?.map(({ reason, field }) => [reason, field])]).toEqual([409, [['FieldManagerConflict', '.status.phase']]]);
    const object = await apply(`${jobs}/job`, 'one', job({ ...WHOLE, completions: 3 }));
    expect((object.json.status as { phase: string }).phase).toBe('Running');
  });

  test('removes a field if it is owned but removed in the apply request', async () => {
    await apply(`${jobs}/job`, 'one', job({ ...WHOLE, parallelism: 2 }, { labels: { a: '1', b: '2' } }));
    const { json } = await apply(`${jobs}/job`, 'one', job(WHOLE, { labels: { a: '1' } }));
    expect([(json.spec as object), json.metadata.labels]).toEqual([expect.not.objectContaining({ parallelism: 2 }), { a: '1' }]);
  });

  test('does not remove a field if an owner unsets it but another still owns it', async () => {
    await apply(`${jobs}/job`, 'one', job({ ...WHOLE, parallelism: 2 }));
    expect((await apply(`${jobs}/job`, 'two', job({ parallelism: 2 }))).code).toBe(200);
    await apply(`${jobs}/job`, 'one', job(WHOLE));
    expect(await spec()).toMatchObject({ parallelism: 2 });
    await apply(`${jobs}/job`, 'two', job({}));
    expect(await spec()).not.toHaveProperty('parallelism');
  });

  test('ignores conflicts if force is used, and takes what they were about', async () => {
    await apply(`${jobs}/job`, 'one', job({ ...WHOLE, parallelism: 2 }));
    const refused = await apply(`${jobs}/job`, 'two', job({ parallelism: 3 }));
    expect([refused.code, refused.json.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "one": .spec.parallelism']);
    const forced = await apply(`${jobs}/job`, 'two', job({ parallelism: 3 }), true);
    expect([forced.code, (forced.json.spec as { parallelism: number }).parallelism]).toEqual([200, 3]);
    const back = await apply(`${jobs}/job`, 'one', job({ ...WHOLE, parallelism: 2 }));
    expect([back.code, back.json.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "two": .spec.parallelism']);
  });

  test('works for custom resources: what others patch is a conflict, and goes with force', async () => {
    await apply(`${jobs}/job`, 'one', job({ ...WHOLE, completions: 5 }));
    await merge(`${jobs}/job`, 'patcher', { spec: { parallelism: 4 } });
    const refused = await apply(`${jobs}/job`, 'one', job({ ...WHOLE, completions: 5, parallelism: 5 }));
    expect([refused.code, refused.json.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "patcher" using gleaner.dev/v1alpha1: .spec.parallelism']);
    expect((await apply(`${jobs}/job`, 'one', job({ ...WHOLE, completions: 5, parallelism: 5 }), true)).code).toBe(200);
    expect((await apply(`${jobs}/job`, 'one', job({ ...WHOLE, completions: 'five' }))).code).toBe(400);
    expect((await server.request('PATCH', `${jobs}/job`, { body: job(WHOLE), headers: { 'Content-Type': 'application/apply-patch+yaml' } })).json.message).toContain('is required for apply patch');
  });

  test('gives up ownership of a field if a controller applies it by force', async () => {
    await apply(`${jobs}/job`, 'one', job({ ...WHOLE, parallelism: 3 }));
    await apply(`${jobs}/job`, 'controller', job({ parallelism: 5 }), true);
    const given = await apply(`${jobs}/job`, 'one', job(WHOLE));
    expect((given.json.spec as { parallelism: number }).parallelism).toBe(5);
    const owner = given.json.metadata.managedFields?.find(({ manager }) => manager === 'controller');
    expect(owner?.fieldsV1).toEqual({ 'f:spec': { 'f:parallelism': {} } });
  });

  test('of the same once more is no write, also where defaults are filled into what is applied as a whole', async () => {
    const target = { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { name: { type: 'string' }, kind: { type: 'string', default: 'Host' } } };
    await define(server, definition({ plural: 'routes', kind: 'Route', versions: [version('v1', { target })] }));
    const route = `/apis/example.com/v1/namespaces/${ns}/routes/a`;
    const config = { apiVersion: 'example.com/v1', kind: 'Route', metadata: { name: 'a' }, spec: { target: { name: 'x' } } };
    const first = await apply(route, 'one', config);
    expect([first.code, first.json.spec]).toEqual([201, { target: { name: 'x', kind: 'Host' } }]);
    // Times of managers are whole seconds.
    await pause(1100);
    const again = await apply(route, 'one', config);
    expect([again.code, again.json]).toEqual([200, first.json]);
    const changed = await apply(route, 'one', { ...config, spec: { target: { name: 'y' } } });
    expect(changed.json.metadata.resourceVersion).not.toBe(first.json.metadata.resourceVersion);
  });

  test('a scale by another manager takes the field, and an apply without it leaves it', async () => {
    await apply(`${jobs}/job`, 'one', job({ ...WHOLE, parallelism: 3 }));
    await merge(`${jobs}/job/scale`, 'scaler', { spec: { replicas: 7 } });
    expect((await apply(`${jobs}/job`, 'one', job({ ...WHOLE, parallelism: 3 }))).json.message).toBe('Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using gleaner.dev/v1alpha1: .spec.parallelism');
    await apply(`${jobs}/job`, 'one', job(WHOLE));
    expect(await spec()).toMatchObject({ parallelism: 7 });
  });
});

describe('Tables', () => {
  const TABLE = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

  test('come in chunks that join to the whole', async () => {
    await server.store.batch(Array.from({ length: 40 }, (_, index) => ({
      verb: 'create' as const, resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `t-${String(index).padStart(2, '0')}`, namespace: ns } },
    })));
    const rows: string[] = [];
    let token = '';
    do {
      const { json } = await server.request('GET', `${maps}?limit=17${token === '' ? '' : `&continue=${token}`}`, { headers: TABLE });
      const table = json as Json & { columnDefinitions: { name: string }[]; rows: { cells: unknown[]; object: Json }[] };
      expect([table.kind, table.apiVersion, table.columnDefinitions.map(({ name }) => name)]).toEqual(['Table', 'meta.k8s.io/v1', ['Name', 'Data', 'Age']]);
      expect(table.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { namespace: ns } });
      rows.push(...table.rows.map(({ cells }) => String(cells[0])));
      token = table.metadata.continue ?? '';
    } while (token !== '');
    expect(rows).toEqual(Array.from({ length: 40 }, (_, index) => `t-${String(index).padStart(2, '0')}`));
  });

  test('of what has none: 406', async () => {
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } };
    const { code, json } = await server.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body, headers: TABLE });
    expect([code, json.reason]).toEqual([406, 'NotAcceptable']);
  });

  test('are not sent for a watch that marks the end of its list; a client that takes JSON too gets that', async () => {
    const path = `${maps}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
    expect((await server.request('GET', path, { headers: TABLE })).code).toBe(406);
    const stream = await openWatch(server, path, { Accept: `${TABLE.Accept},application/json` });
    expect([await stream.take(1), stream.frames[0].object.kind]).toEqual([['BOOKMARK'], 'ConfigMap']);
    stream.close();
  });
});
