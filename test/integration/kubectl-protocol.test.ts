/** What clients rely on below kubectl: status codes and words, watches, forms, bounds. */
import { JOBS, type KubeObject } from '../../crds';
import { jobNamed as job } from '../fixtures/manifests/builders';
import { startApiServer, type Answer, type Json } from '../support/api-server';
import { eventually } from '../support/kubectl';
import { nextNamespace, sharedServer } from '../support/shared-server';
import { openWatch, type WatchClient } from '../support/watch-client';

const server = sharedServer();
let ns: string;
let jobs: string;

beforeEach(async () => {
  ({ ns, jobs } = await nextNamespace(server));
});

const TABLE = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const create = (name: string): Promise<Answer> => server.request('POST', jobs, { body: job(name) });

const watch = (path: string, headers: object = {}): Promise<WatchClient> => openWatch(server, path, headers);

describe('refusals', () => {
  test.each<[string, () => Promise<Answer>, number, string, string]>([
    ['missing object', () => server.request('GET', `${jobs}/x`), 404, 'NotFound', 'jobs.gleaner.dev "x" not found'],
    ['no credentials', () => server.request('GET', jobs, { token: '' }), 403, 'Forbidden', 'User "system:anonymous" cannot list resource "jobs"'],
    ['wrong token', () => server.request('GET', '/api', { token: 'wrong' }), 401, 'Unauthorized', 'Unauthorized'],
    ['method', () => server.request('PUT', jobs, { body: {} }), 400, 'BadRequest', 'name must be provided'],
    ['create without a namespace', () => server.request('POST', '/api/v1/configmaps', { body: { metadata: { name: 'x' } } }), 405, 'MethodNotAllowed', 'does not allow'],
    ['no JSON', () => server.request('POST', jobs, { body: '{' }), 400, 'BadRequest', 'unexpected end of JSON input ({)'],
    ['no object', () => server.request('POST', jobs, { body: [] }), 400, 'BadRequest', 'json: cannot unmarshal array into Go value of type struct'],
    ['no kind', () => server.request('POST', jobs, { body: { metadata: {} } }), 400, 'BadRequest', "Object 'Kind' is missing"],
    ['other kind', () => server.request('POST', jobs, { body: { ...job('x'), kind: 'Task' } }), 422, 'Invalid', 'Task.gleaner.dev "x" is invalid: kind: Invalid value: "Task": must be Job'],
    ['other version', () => server.request('POST', jobs, { body: { ...job('x'), apiVersion: 'gleaner.dev/v9' } }), 400, 'BadRequest', 'does not match the expected API version'],
    ['other namespace', () => server.request('POST', jobs, { body: { ...job('x'), metadata: { name: 'x', namespace: 'y' } } }), 400, 'BadRequest', 'does not match the namespace sent'],
    ['resourceVersion on create', () => server.request('POST', jobs, { body: { ...job('x'), metadata: { name: 'x', resourceVersion: '1' } } }), 400, 'BadRequest', 'should not be set on objects to be created'],
    ['metadata that is no object', () => server.request('POST', jobs, { body: { ...job('x'), metadata: 'x' } }), 400, 'BadRequest', 'json: cannot unmarshal string into Go value of type v1.ObjectMeta'],
    ['PUT without resourceVersion', () => create('x').then(() => server.request('PUT', `${jobs}/x`, { body: job('x') })), 422, 'Invalid', 'must be specified for an update'],
    ['PUT of another name', () => create('x').then(() => server.request('PUT', `${jobs}/x`, { body: job('y') })), 400, 'BadRequest', 'does not match the name on the URL (x)'],
    ['stale version', () => create('x').then(() => server.merge(`${jobs}/x`, { metadata: { resourceVersion: '1' }, spec: { suspend: true } })), 409, 'Conflict', 'Operation cannot be fulfilled on jobs.gleaner.dev "x": the object has been modified'],
    ['other uid', () => create('x').then(() => server.merge(`${jobs}/x`, { metadata: { uid: 'other' } })), 422, 'Invalid', 'metadata.uid: Invalid value: "other": field is immutable'],
    ['delete of another uid', () => create('x').then(() => server.request('DELETE', `${jobs}/x`, { body: { preconditions: { uid: 'other' } } })), 409, 'Conflict', 'the UID in the precondition (other) does not match the UID in record'],
    ['propagation policy', () => create('x').then(() => server.request('DELETE', `${jobs}/x`, { body: { propagationPolicy: 'Sideways' } })), 422, 'Invalid', 'supported values: "Foreground", "Background", "Orphan", "nil"'],
    ['media type', () => server.request('POST', jobs, { body: 'x', headers: { 'Content-Type': 'text/plain' } }), 415, 'UnsupportedMediaType', 'application/json, application/yaml'],
    ['strategic merge of a custom resource', () => create('x').then(() => server.request('PATCH', `${jobs}/x`, { body: {}, headers: { 'Content-Type': 'application/strategic-merge-patch+json' } })), 415, 'UnsupportedMediaType', 'application/json-patch+json, application/merge-patch+json'],
    ['server-side apply in CBOR', () => server.request('PATCH', `${jobs}/x`, { body: '{}', headers: { 'Content-Type': 'application/apply-patch+cbor' } }), 415, 'UnsupportedMediaType', 'application/apply-patch+yaml'],
    ['__proto__ in a patch', () => create('x').then(() => server.merge(`${jobs}/x`, JSON.parse('{"spec":{"__proto__":{"suspend":true}}}') as object)), 400, 'BadRequest', 'unknown field "spec.__proto__"'],
    ['rename by patch', () => create('x').then(() => server.merge(`${jobs}/x`, { metadata: { name: 'y' } })), 400, 'BadRequest', 'the name of the object (y) does not match the name on the URL (x)'],
    ['unknown field in a strict patch', () => create('x').then(() => server.merge(`${jobs}/x?fieldValidation=Strict`, { spec: { nope: 1 } })), 422, 'Invalid', 'unknown field "spec.nope"'],
    ['negative scale', () => create('x').then(() => server.merge(`${jobs}/x/scale`, { spec: { replicas: -1 } })), 422, 'Invalid', '.spec.parallelism: Invalid value: -1: should be a non-negative integer'],
    ['label selector', () => server.request('GET', `${jobs}?labelSelector=a%3Eb`), 400, 'BadRequest', 'unable to parse requirement'],
    ['field selector', () => server.request('GET', `${jobs}?fieldSelector=spec.x%3D1`), 400, 'BadRequest', 'field label not supported: spec.x'],
    ['continue token', () => server.request('GET', `${jobs}?limit=1&continue=nonsense`), 400, 'BadRequest', 'ontinue'],
    ['limit', () => server.request('GET', `${jobs}?limit=x`), 400, 'BadRequest', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['resourceVersion', () => server.request('GET', `${jobs}?resourceVersion=x`), 422, 'Invalid', 'resourceVersion: Invalid value'],
    ['resourceVersionMatch alone', () => server.request('GET', `${jobs}?resourceVersionMatch=Exact`), 422, 'Invalid', 'forbidden unless resourceVersion is provided'],
    ['sendInitialEvents of a list', () => server.request('GET', `${jobs}?sendInitialEvents=true`), 422, 'Invalid', 'sendInitialEvents is forbidden for list'],
    ['sendInitialEvents alone', () => server.request('GET', `${jobs}?watch=true&sendInitialEvents=true`), 422, 'Invalid', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
    ['resourceVersionMatch of a watch', () => server.request('GET', `${jobs}?watch=true&resourceVersionMatch=NotOlderThan`), 422, 'Invalid', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'],
    ['a Table with its end marked', () => server.request('GET', `${jobs}?watch=true&allowWatchBookmarks=true`, { headers: TABLE }), 406, 'NotAcceptable', 'only the following media types are accepted'],
    ['dryRun', () => server.request('POST', `${jobs}?dryRun=Some`, { body: job('x') }), 422, 'Invalid', 'supported values: "All"'],
    ['fieldValidation', () => server.request('POST', `${jobs}?fieldValidation=Maybe`, { body: job('x') }), 422, 'Invalid', 'supported values: "", "Ignore", "Strict", "Warn"'],
    ['form', () => server.request('GET', jobs, { headers: { Accept: 'text/html' } }), 406, 'NotAcceptable', 'application/json'],
    ['nesting', () => server.request('POST', jobs, { body: '['.repeat(5000) }), 400, 'BadRequest', 'nested more than'],
  ])('%s', async (_, call, code, reason, words) => {
    const answer = await call();
    expect({ code: answer.code, text: answer.text }).toMatchObject({ code });
    expect(answer.json).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
    expect(answer.json.message).toContain(words);
  });

  test('a revision of the future: 504 with a cause and when to come back; in a watch as its only event', async () => {
    await create('x');
    const stream = await watch(`${jobs}?watch=true&resourceVersion=999999999`);
    await stream.ended;
    expect([stream.res.statusCode, stream.frames]).toMatchObject([200, [{ type: 'ERROR', object: { code: 504, reason: 'Timeout' } }]]);
    for (const path of [jobs, `${jobs}/x`]) {
      const { code, json, headers } = await server.request('GET', `${path}?resourceVersion=999999999`);
      expect(json.message).toMatch(/^Timeout: Too large resource version: 999999999, current: \d+$/);
      expect([code, json.reason, json.details.causes?.[0].reason, json.details.retryAfterSeconds, headers['retry-after']]).toEqual([504, 'Timeout', 'ResourceVersionTooLarge', 1, '1']);
    }
  });

  test('a failed operation of a JSON patch: 422 with empty details', async () => {
    await create('x');
    const { code, json } = await server.request('PATCH', `${jobs}/x`, { body: [{ op: 'test', path: '/spec/runtime', value: 'no' }], headers: { 'Content-Type': 'application/json-patch+json' } });
    expect([code, json.details]).toEqual([422, {}]);
  });

  test('paths that are nothing: 404 in plain text', async () => {
    for (const path of ['/nope', '/apis/nope.dev/v1', '/apis/nope.dev/v1/things', '/openapi/v4']) {
      const { code, headers } = await server.request('GET', path);
      expect([path, code, headers['content-type']]).toEqual([path, 404, 'text/plain; charset=utf-8']);
    }
  });

  test('a body above 3 MiB: 413, declared or not; just below it is looked at', async () => {
    const big = Buffer.alloc(3 * 1024 * 1024 + 1, 0x20);
    expect((await server.request('POST', jobs, { body: big })).code).toBe(413);
    expect((await server.request('POST', jobs, { body: big.subarray(1) })).code).toBe(400);
  });

  test('anyone sees version and health, nothing else', async () => {
    for (const path of ['/healthz', '/livez', '/readyz', '/version']) expect((await server.request('GET', path, { token: '' })).code).toBe(200);
    for (const path of ['/api', '/apis', '/openapi/v3', '/nope']) expect((await server.request('GET', path, { token: '' })).code).toBe(403);
  });

  test('a user without rights may discover, and is refused by name', async () => {
    const { token } = await server.tokens.create({ subject: 'alice' });
    expect((await server.request('GET', '/apis', { token })).code).toBe(200);
    expect((await server.request('GET', '/nope', { token })).json.message).toBe('forbidden: User "alice" cannot get path "/nope"');
    const { code, json } = await server.request('DELETE', `${jobs}/x`, { token });
    expect([code, json.reason, json.message]).toEqual([403, 'Forbidden', `jobs.gleaner.dev "x" is forbidden: User "alice" cannot delete resource "jobs" in API group "gleaner.dev" in the namespace "${ns}"`]);
  });
});

describe('discovery and OpenAPI', () => {
  test.each(['v2', 'v2beta1'])('aggregated discovery %s echoes its parameters', async (version) => {
    for (const path of ['/api', '/apis']) {
      const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      const { headers, json } = await server.request('GET', path, { headers: { Accept: `${accept},application/json` } });
      expect(headers['content-type']).toBe(accept);
      expect([json.kind, json.apiVersion]).toEqual(['APIGroupDiscoveryList', `apidiscovery.k8s.io/${version}`]);
    }
  });

  test('legacy discovery', async () => {
    expect((await server.request('GET', '/api')).json.versions).toEqual(['v1']);
    expect((await server.request('GET', '/apis')).json.groups).toEqual(expect.arrayContaining([
      expect.objectContaining({ name: 'coordination.k8s.io' }), expect.objectContaining({ name: 'gleaner.dev', preferredVersion: { groupVersion: 'gleaner.dev/v1alpha1', version: 'v1alpha1' } }),
    ]));
    const { json } = await server.request('GET', '/apis/gleaner.dev/v1alpha1');
    expect((json.resources as { name: string }[]).map(({ name }) => name)).toEqual(expect.arrayContaining(['jobs', 'jobs/status', 'jobs/scale', 'ratetiers']));
    expect((await server.request('GET', '/apis/gleaner.dev')).json.kind).toBe('APIGroup');
  });

  test('OpenAPI v3 has what kubectl looks for', async () => {
    const index = (await server.request('GET', '/openapi/v3')).json.paths as Record<string, { serverRelativeURL: string }>;
    expect(Object.keys(index)).toEqual(expect.arrayContaining(['api/v1', 'apis/coordination.k8s.io/v1', 'apis/gleaner.dev/v1alpha1']));
    const { json } = await server.request('GET', index['apis/gleaner.dev/v1alpha1'].serverRelativeURL);
    const gvk = { group: 'gleaner.dev', version: 'v1alpha1', kind: 'Job' };
    const { patch } = (json.paths as Record<string, { patch: Json }>)['/apis/gleaner.dev/v1alpha1/namespaces/{namespace}/jobs/{name}'];
    expect(patch['x-kubernetes-group-version-kind']).toEqual(gvk);
    expect(patch.parameters).toContainEqual(expect.objectContaining({ name: 'fieldValidation', in: 'query' }));
    expect(Object.keys((patch.requestBody as { content: object }).content)).not.toContain('application/strategic-merge-patch+json');
    const { schemas } = json.components as { schemas: Record<string, Json> };
    expect(schemas['dev.gleaner.v1alpha1.Job']['x-kubernetes-group-version-kind']).toEqual([gvk]);
  });
});

describe('lists', () => {
  test('pages go through everything once, from one revision', async () => {
    await Promise.all(Array.from({ length: 7 }, (_, index) => create(`j-${index}`)));
    const names: string[] = [];
    const versions = new Set<string | undefined>();
    let token: string | undefined = '';
    const remaining: (number | undefined)[] = [];
    while (token !== undefined) {
      const { json }: Answer = await server.request('GET', `${jobs}?limit=3${token && `&continue=${encodeURIComponent(token)}`}`);
      names.push(...json.items.map(({ metadata }) => metadata.name));
      versions.add(json.metadata.resourceVersion);
      remaining.push(json.metadata.remainingItemCount);
      token = json.metadata.continue || undefined;
      if (names.length === 3) await create('j-3a');
    }
    expect(names).toEqual(Array.from({ length: 7 }, (_, index) => `j-${index}`));
    expect([versions.size, remaining]).toEqual([1, [4, 1, undefined]]);
  });

  test('more objects than one piece come whole, as objects and as a table', async () => {
    const all = Array.from({ length: 600 }, (_, index) => ({ verb: 'create' as const, resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c-${1000 + index}`, namespace: ns } } }));
    await server.store.batch(all);
    const { json } = await server.request('GET', `/api/v1/namespaces/${ns}/configmaps`);
    expect(json.items.map(({ metadata }) => metadata.name)).toEqual(all.map(({ object }) => object.metadata.name));
    const table = await server.request('GET', `/api/v1/namespaces/${ns}/configmaps?includeObject=None`, { headers: TABLE });
    expect((table.json.rows as object[]).length).toBe(600);
    expect(table.json.rows).toContainEqual({ cells: ['c-1000', 0, expect.any(String)], object: null });
  });

  test('PartialObjectMetadataList', async () => {
    await create('x');
    const { json } = await server.request('GET', jobs, { headers: { Accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' } });
    expect(json.kind).toBe('PartialObjectMetadataList');
    expect(json.items[0]).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'x' } });
    expect(json.items[0].spec).toBeUndefined();
  });
});

describe('watches', () => {
  test('begins after the list, tells every change once and in order, and ends at timeoutSeconds', async () => {
    const { json } = await server.request('GET', jobs);
    const stream = await watch(`${jobs}?watch=true&timeoutSeconds=1&resourceVersion=${json.metadata.resourceVersion}`);
    await create('a');
    await server.merge(`${jobs}/a`, { spec: { suspend: true } });
    await server.request('DELETE', `${jobs}/a`);
    await stream.ended;
    expect(stream.frames.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    const versions = stream.frames.map(({ object }) => Number(object.metadata.resourceVersion));
    expect([...versions].sort((x, y) => x - y)).toEqual(versions);
    expect(stream.res.complete).toBe(true);
  });

  test('without a version: first what is there; an object that leaves the selector is DELETED', async () => {
    await server.request('POST', jobs, { body: { ...job('a'), metadata: { name: 'a', labels: { x: '1' } } } });
    await create('b');
    const stream = await watch(`${jobs}?watch=1&labelSelector=x`);
    await eventually(() => JSON.stringify(stream.frames), () => stream.frames.length === 1);
    await server.merge(`${jobs}/a`, { metadata: { labels: { x: null } } });
    await eventually(() => JSON.stringify(stream.frames), () => stream.frames.length === 2);
    expect(stream.frames.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED a', 'DELETED a']);
    stream.close();
  });

  test('one object is watched by name, or by the old path; its own path just gets it', async () => {
    await create('a');
    await create('b');
    const byName = await watch(`${jobs}?watch=true&fieldSelector=metadata.name%3Db`);
    const byPath = await watch(`/apis/gleaner.dev/v1alpha1/watch/namespaces/${ns}/jobs/b`);
    await server.merge(`${jobs}/b`, { spec: { suspend: true } });
    for (const stream of [byName, byPath]) {
      expect(await stream.take(2)).toEqual(['ADDED b', 'MODIFIED b']);
      stream.close();
    }
    expect((await server.request('GET', `${jobs}/b?watch=true`)).json).toMatchObject({ kind: 'Job', metadata: { name: 'b' } });
    expect((await server.request('DELETE', `/apis/gleaner.dev/v1alpha1/watch/namespaces/${ns}/jobs/b`)).code).toBe(405);
  });

  test('Table frames of one row; the columns come once', async () => {
    const stream = await watch(`${jobs}?watch=true`, TABLE);
    await create('a');
    await create('b');
    await eventually(() => JSON.stringify(stream.frames), () => stream.frames.length === 2);
    const [first, second] = stream.frames.map(({ object }) => object);
    expect([first.kind, (first.rows as object[]).length, (second.rows as object[]).length]).toEqual(['Table', 1, 1]);
    expect([Array.isArray(first.columnDefinitions), second.columnDefinitions]).toEqual([true, null]);
    stream.close();
  });

  test('a version that is compacted: 200, then an ERROR 410', async () => {
    for (let round = 0; round < 21; round++) {
      await server.store.batch(Array.from({ length: 500 }, (_, index) => ({ verb: 'create' as const, resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `r${round}-${index}`, namespace: ns } } })));
    }
    const stream = await watch(`${jobs}?watch=true&resourceVersion=1`);
    await stream.ended;
    expect(stream.res.statusCode).toBe(200);
    expect(stream.frames).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
  });

  test('a client that does not read is ended, and holds up neither writers nor other watchers', async () => {
    const lazy = await watch(`/api/v1/namespaces/${ns}/configmaps?watch=true`);
    lazy.res.pause();
    const eager = await watch(`/api/v1/namespaces/${ns}/configmaps?watch=true`);
    const padding = 'x'.repeat(2000);
    const make = (round: number): object[] => Array.from({ length: 500 }, (_, index) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `s${round}-${index}`, namespace: ns }, data: { padding } }));
    for (let round = 0; round < 30; round++) {
      await server.store.batch(make(round).map((object) => ({ verb: 'create' as const, resource: 'configmaps', object: object as KubeObject })));
      await eventually(() => `${eager.frames.length} frames`, () => eager.frames.length >= (round + 1) * 500);
    }
    const metric = async (): Promise<string> => server.metrics.getSingleMetricAsString('gleaner_watch_clients');
    await eventually(() => 'the lazy watch to end', async () => (await metric()).includes('{resource="configmaps"} 1'));
    lazy.res.resume();
    await lazy.ended;
    // Either it reads why, or (its reading began too late) the connection was cut; never a clean end with a gap in it.
    const last = lazy.frames[lazy.frames.length - 1];
    expect(last.type === 'ERROR' ? last.object.code : lazy.res.complete).toBe(last.type === 'ERROR' ? 410 : false);
    expect(eager.frames.length).toBe(15_000);
    eager.close();
  });

  test('a server that stops ends its watches cleanly', async () => {
    const other = await startApiServer();
    try {
      const stream = await openWatch(other, '/api/v1/namespaces?watch=true');
      other.api.stop();
      await stream.ended;
      expect(stream.res.complete).toBe(true);
    } finally {
      await other.stop();
    }
  });
});

describe('writes', () => {
  test('100 patches at once of different fields are all there', async () => {
    await create('x');
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => server.merge(`${jobs}/x`, { metadata: { labels: { [`l${index}`]: 'x' } } })));
    expect(answers.map(({ code }) => code)).toEqual(Array(100).fill(200));
    const stored = await server.store.get(JOBS, ns, 'x');
    expect(Object.keys(stored?.metadata.labels ?? {}).length).toBe(100);
  });

  test('a write that changes nothing keeps the version; status writes leave spec and labels alone', async () => {
    const created = (await create('x')).json;
    const again = await server.merge(`${jobs}/x`, { spec: { runtime: 'shell' } });
    expect(again.json.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    const { json } = await server.merge(`${jobs}/x/status`, { metadata: { labels: { a: 'b' } }, spec: { suspend: true }, status: { phase: 'Running' } });
    expect(json).toMatchObject({ metadata: { generation: 1 }, spec: { suspend: false }, status: { phase: 'Running' } });
    expect(json.metadata.labels).toBeUndefined();
    const main = await server.merge(`${jobs}/x`, { status: { phase: 'Failed' } });
    expect(main.json.status).toEqual({ phase: 'Running' });
  });

  test('dryRun=All of update, patch and delete writes nothing', async () => {
    const created = (await create('x')).json;
    expect((await server.merge(`${jobs}/x?dryRun=All`, { spec: { suspend: true } })).json).toMatchObject({ spec: { suspend: true }, metadata: { generation: 2 } });
    expect((await server.request('PUT', `${jobs}/x?dryRun=All`, { body: { ...created, spec: { ...(created.spec as object), parallelism: 1 } } })).code).toBe(200);
    expect((await server.request('DELETE', `${jobs}/x`, { body: { dryRun: ['All'] } })).json).toMatchObject({ status: 'Success' });
    expect((await server.request('DELETE', `${jobs}?dryRun=All`)).code).toBe(200);
    expect((await server.request('GET', `${jobs}/x`)).json).toEqual(created);
  });

  test('delete answers Status Success with the uid; deletecollection deletes what is selected', async () => {
    const { uid } = (await create('x')).json.metadata;
    expect((await server.request('DELETE', `${jobs}/x`)).json).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'x', group: 'gleaner.dev', kind: 'jobs', uid } });
    for (const name of ['a', 'b']) await server.request('POST', jobs, { body: { ...job(name), metadata: { name, labels: { which: name } } } });
    expect((await server.request('DELETE', `${jobs}?labelSelector=which%3Da`)).json.items.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect((await server.request('GET', jobs)).json.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
  });

  test('YAML bodies, and a warning for each unknown and repeated field', async () => {
    const body = `apiVersion: gleaner.dev/v1alpha1\nkind: Job\nmetadata: {name: yy}\nspec: {runtime: python, completions: 1, completions: 2, nope: 1, template: {program: {script: x}}}\n`;
    const { code, json, headers } = await server.request('POST', jobs, { body, headers: { 'Content-Type': 'application/yaml' } });
    expect([code, (json.spec as { completions: number }).completions]).toEqual([201, 2]);
    expect(headers.warning).toBe('299 - "line 4: key \\"completions\\" already set in map", 299 - "unknown field \\"spec.nope\\""');
  });

  test('requests are counted by verb, resource and code', async () => {
    await server.request('GET', `${jobs}/nope`);
    const text = await server.metrics.metrics();
    expect(text).toMatch(/gleaner_api_requests_total\{verb="get",resource="jobs\.gleaner\.dev",code="404"\} \d+/);
    expect(text).toMatch(/gleaner_api_request_seconds_count\{verb="create",resource="jobs\.gleaner\.dev"\} \d+/);
  });
});
