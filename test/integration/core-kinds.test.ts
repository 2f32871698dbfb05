/** Kubernetes' own kinds as the API serves them: their rules, their life, their tables. */
import { makeNamespace } from '../support/api-server';
import { eventually } from '../support/kubectl';
import { sharedServer } from '../support/shared-server';

const server = sharedServer({ namespaceContent: true });

const post = (path: string, body: object) => server.request('POST', path, { body });
const get = (path: string) => server.request('GET', path);

describe('namespaces', () => {
  const namespace = (name: string) => `/api/v1/namespaces/${name}`;

  test('are active, held by spec.finalizers, selectable by name', async () => {
    const { json } = await post('/api/v1/namespaces', { metadata: { generateName: 'made-' } });
    expect(json).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' }, metadata: { labels: { 'kubernetes.io/metadata.name': json.metadata.name } } });
    const tried = await server.request('POST', '/api/v1/namespaces?dryRun=All', { body: { metadata: { name: 'tried' } } });
    expect(tried.json).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' }, metadata: { labels: { 'kubernetes.io/metadata.name': 'tried' } } });
    expect((await get('/api/v1/namespaces/tried')).code).toBe(404);
    expect(json.metadata).not.toHaveProperty('finalizers');
    expect(json.metadata).not.toHaveProperty('generation');
  });

  test('that every Kubernetes has stay', async () => {
    for (const name of ['default', 'kube-system', 'kube-public']) {
      const { code, json } = await server.request('DELETE', namespace(name));
      expect([code, json.message]).toEqual([403, `namespaces "${name}" is forbidden: this namespace may not be deleted`]);
    }
  });

  test('updates leave what holds them; /finalize does not', async () => {
    await post('/api/v1/namespaces', { metadata: { name: 'held' }, spec: { finalizers: ['example.com/mine'] } });
    const held = (await get(namespace('held'))).json;
    expect(held.spec).toEqual({ finalizers: ['example.com/mine', 'kubernetes'] });
    expect((await server.request('PUT', namespace('held'), { body: { ...held, spec: {} } })).json.spec).toEqual(held.spec);
    const bad = await server.request('PUT', `${namespace('held')}/finalize`, { body: { ...held, spec: { finalizers: ['not a name'] } } });
    expect([bad.code, bad.json.details.causes?.[0].field]).toEqual([422, 'spec.finalizers[0]']);

    const going = (await server.request('DELETE', namespace('held'))).json;
    expect([going.kind, going.status]).toMatchObject(['Namespace', { phase: 'Terminating' }]);
    await eventually(() => 'its content is gone', async () => {
      const { spec } = (await get(namespace('held'))).json as { spec?: { finalizers?: string[] } };
      return JSON.stringify(spec?.finalizers) === '["example.com/mine"]';
    });
    const last = (await get(namespace('held'))).json;
    expect((await server.request('PUT', `${namespace('held')}/finalize`, { body: { ...last, spec: {} } })).code).toBe(200);
    expect((await get(namespace('held'))).code).toBe(404);
  });

  test('what is left is told by conditions; a phase that cannot be is refused', async () => {
    await makeNamespace(server, 'left');
    await post(`${namespace('left')}/configmaps`, { metadata: { name: 'stays', finalizers: ['example.com/hold'] } });
    await server.request('DELETE', namespace('left'));
    type Status = { conditions?: { type: string; status: string; message: string }[] };
    const conditions = async () => ((await get(namespace('left'))).json.status as unknown as Status).conditions ?? [];
    await eventually(() => 'conditions', async () => (await conditions()).some(({ type, status }) => type === 'NamespaceFinalizersRemaining' && status === 'True'));
    expect((await conditions()).find(({ type }) => type === 'NamespaceContentRemaining')?.message).toBe('Some resources are remaining: configmaps. has 1 resource instances');
    const wrong = await server.merge(`${namespace('left')}/status`, { status: { phase: 'Active' } });
    expect([wrong.code, wrong.json.message]).toEqual([422, 'Namespace "left" is invalid: status.Phase: Invalid value: "Active": may only be \'Terminating\' if `deletionTimestamp` is not empty']);
    const late = await post(`${namespace('left')}/configmaps`, { metadata: { name: 'late' } });
    expect([late.code, late.json.details.causes?.[0].reason]).toEqual([403, 'NamespaceTerminating']);
    await server.merge(`${namespace('left')}/configmaps/stays`, { metadata: { finalizers: null } });
    await eventually(() => 'gone', async () => (await get(namespace('left'))).code === 404);
  });

  test('get a service account and the certificates, which come back', async () => {
    await makeNamespace(server, 'furnished');
    const account = `${namespace('furnished')}/serviceaccounts/default`;
    const bundle = `${namespace('furnished')}/configmaps/kube-root-ca.crt`;
    for (const path of [account, bundle]) {
      await eventually(() => path, async () => (await get(path)).code === 200);
      await server.request('DELETE', path);
      await eventually(() => `${path} again`, async () => (await get(path)).code === 200);
    }
    const forged = await server.merge(bundle, { data: { 'ca.crt': 'forged' } });
    expect(forged.json.data).toEqual({ 'ca.crt': 'forged' });
    await eventually(() => 'put right', async () => ((await get(bundle)).json.data as { 'ca.crt': string })['ca.crt'] === server.caCertificate);
  });
});

describe('secrets', () => {
  const secrets = '/api/v1/namespaces/default/secrets';
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  test.each<[string, object, string[]]>([
    ['kubernetes.io/tls', { 'tls.crt': '' }, ['data[tls.key]']],
    ['kubernetes.io/basic-auth', {}, ['data[username]', 'data[password]']],
    ['kubernetes.io/basic-auth', { password: '' }, []],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, ['data[ssh-privatekey]']],
    ['kubernetes.io/dockercfg', {}, ['data[.dockercfg]']],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('no json') }, ['data[.dockerconfigjson]']],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('{"auths":{}}') }, []],
    ['kubernetes.io/service-account-token', {}, ['metadata.annotations[kubernetes.io/service-account.name]']],
    ['Opaque', { '..x': '', 'a b': '' }, ['data[..x]', 'data[a b]']],
    ['example.com/other', {}, []],
  ])('%s %j', async (type, data, fields) => {
    const { code, json } = await server.request('POST', `${secrets}?dryRun=All`, { body: { metadata: { name: 'x' }, type, data } });
    expect([code, (json.details?.causes ?? []).map(({ field }) => field)]).toEqual([fields.length === 0 ? 201 : 422, fields]);
  });

  test('keep their type; immutable ones their data', async () => {
    const { json } = await post(secrets, { metadata: { name: 'fixed' }, immutable: true, stringData: { a: 'b' } });
    expect(json).toMatchObject({ type: 'Opaque', data: { a: base64('b') } });
    expect(json).not.toHaveProperty('stringData');
    const put = async (body: object) => (await server.request('PUT', `${secrets}/fixed`, { body: { ...json, ...body } })).json.details.causes?.map(({ field }) => field);
    expect(await put({ type: 'x' })).toEqual(['type']);
    expect(await put({ data: {} })).toEqual(['data']);
    expect(await put({ immutable: false })).toEqual(['immutable']);
  });
});

describe('events', () => {
  const core = '/api/v1/namespaces/default/events';
  const v1 = '/apis/events.k8s.io/v1/namespaces/default/events';
  const about = { kind: 'ConfigMap', name: 'c', namespace: 'default' };
  const event = {
    metadata: { name: 'new' }, regarding: about, reason: 'Because', note: 'hello', type: 'Normal', action: 'Did',
    eventTime: '2024-01-01T00:00:00.123456Z', reportingController: 'example.com/c', reportingInstance: 'i-1',
  };

  test('are one storage with two forms', async () => {
    const made = (await post(v1, event)).json;
    expect(made).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'hello', regarding: about });
    const seen = (await get(`${core}/new`)).json;
    expect(seen).toMatchObject({ apiVersion: 'v1', message: 'hello', involvedObject: about, reportingComponent: 'example.com/c', metadata: { resourceVersion: made.metadata.resourceVersion } });
    expect(seen).not.toHaveProperty('note');
    await post(core, { metadata: { name: 'old' }, involvedObject: about, message: 'legacy', count: 3 });
    const listed = (await get(`${v1}?fieldSelector=regarding.name=c`)).json;
    expect([listed.kind, listed.items.map(({ note }) => note)]).toEqual(['EventList', ['hello', 'legacy']]);
    expect(listed.items[1]).toMatchObject({ deprecatedCount: 3 });
    expect((await get(`${core}?fieldSelector=source=example.com/c`)).json.items).toHaveLength(1);
    expect((await get(`${v1}?fieldSelector=involvedObject.name=c`)).code).toBe(400);
    const watched = await get(`${v1}?watch=true&resourceVersion=0&timeoutSeconds=1`);
    expect(watched.text.trim().split('\n').map((line) => (JSON.parse(line) as { object: { apiVersion: string } }).object.apiVersion)).toEqual(['events.k8s.io/v1', 'events.k8s.io/v1']);
  });

  test('of events.k8s.io only go on in their series', async () => {
    const merge = (body: object) => server.merge(`${v1}/new`, body);
    expect((await merge({ series: { count: 2, lastObservedTime: '2024-01-01T00:00:01.000000Z' } })).json.series).toMatchObject({ count: 2 });
    expect((await merge({ note: 'other' })).json.details.causes?.map(({ field }) => field)).toEqual(['message']);
    expect((await merge({ series: { count: 1 } })).json.message).toContain('series.count: Invalid value: "": should be at least 2');
  });

  test.each<[object, string[]]>([
    [{ eventTime: null }, ['eventTime']],
    [{ type: 'Odd' }, ['type']],
    [{ reportingController: '' }, ['reportingController', 'reportingController', 'reportingController']],
    [{ action: '', reason: '' }, ['action', 'reason']],
    [{ regarding: { ...about, namespace: '' } }, []],
    [{ deprecatedCount: 1 }, ['count']],
    [{ deprecatedSource: { component: 'x' } }, ['source']],
    [{ reason: 'r'.repeat(129) }, ['reason']],
    [{ series: { count: 2 } }, ['series.lastObservedTime']],
  ])('events.k8s.io refuses %j', async (change, fields) => {
    const { code, json } = await server.request('POST', `${v1}?dryRun=All`, { body: { ...event, ...change, metadata: { name: 'bad' } } });
    expect([code, (json.details?.causes ?? []).map(({ field }) => field)]).toEqual([fields.length === 0 ? 201 : 422, fields]);
  });

  test('of core/v1 belong to the namespace of what they are about', async () => {
    const { json } = await post(core, { metadata: { name: 'stray' }, involvedObject: { ...about, namespace: 'elsewhere' } });
    expect(json.message).toBe('Event "stray" is invalid: involvedObject.namespace: Invalid value: "elsewhere": does not match event.namespace');
  });
});

describe('pod templates', () => {
  const templates = '/api/v1/namespaces/default/podtemplates';
  const container = { name: 'c', image: 'nginx', ports: [{ containerPort: 80 }] };

  test('are completed as Kubernetes does', async () => {
    const { json } = await post(templates, { metadata: { name: 't' }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } } });
    expect(json.template).toEqual({
      metadata: { creationTimestamp: null, labels: { a: 'b' } },
      spec: {
        containers: [{
          ...container, ports: [{ containerPort: 80, protocol: 'TCP' }], resources: {}, imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File',
        }],
        restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', securityContext: {}, schedulerName: 'default-scheduler',
      },
    });
  });

  test.each<[object, number, string]>([
    [{ spec: {} }, 422, 'template.spec.containers: Required value'],
    [{ spec: { containers: [{ name: 'A', image: 'i' }] } }, 422, 'template.spec.containers[0].name: Invalid value: "A"'],
    [{ spec: { containers: [container, container] } }, 422, 'template.spec.containers[1].name: Duplicate value: "c"'],
    [{ spec: { containers: [{ name: 'c' }] } }, 422, 'template.spec.containers[0].image: Required value'],
    [{ spec: { containers: [{ ...container, odd: 1 }] } }, 400, 'unknown field "template.spec.containers[0].odd"'],
  ])('refuse %j', async (template, code, words) => {
    const answer = await server.request('POST', `${templates}?fieldValidation=Strict`, { body: { metadata: { name: 'bad' }, template } });
    expect([answer.code, answer.json.message]).toEqual([code, expect.stringContaining(words)]);
  });
});

test('services can only be read', async () => {
  const { code, json } = await post('/api/v1/namespaces/default/services', { metadata: { name: 's' } });
  expect([code, json.reason, json.message]).toEqual([405, 'MethodNotAllowed', expect.stringContaining('Gleaner runs Jobs')]);
  expect((await get('/api/v1/services')).json.items).toEqual([]);
});

test.each([
  ['/api/v1/namespaces', ['Name', 'Status', 'Age']],
  ['/api/v1/secrets', ['Name', 'Type', 'Data', 'Age']],
  ['/api/v1/configmaps', ['Name', 'Data', 'Age']],
  ['/api/v1/serviceaccounts', ['Name', 'Secrets', 'Age']],
  ['/api/v1/events', ['Last Seen', 'Type', 'Reason', 'Object', 'Subobject', 'Source', 'Message', 'First Seen', 'Count', 'Name']],
  ['/apis/events.k8s.io/v1/events', ['Last Seen', 'Type', 'Reason', 'Object', 'Subobject', 'Source', 'Message', 'First Seen', 'Count', 'Name']],
  ['/api/v1/podtemplates', ['Name', 'Containers', 'Images', 'Pod Labels']],
  ['/api/v1/services', ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector']],
  ['/api/v1/endpoints', ['Name', 'Endpoints', 'Age']],
  ['/apis/discovery.k8s.io/v1/endpointslices', ['Name', 'AddressType', 'Ports', 'Endpoints', 'Age']],
  ['/apis/coordination.k8s.io/v1/leases', ['Name', 'Holder', 'Age']],
])('columns of %s', async (path, names) => {
  const { json } = await server.request('GET', path, { headers: { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
  expect((json.columnDefinitions as { name: string }[]).map(({ name }) => name)).toEqual(names);
});
