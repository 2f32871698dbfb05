import 'reflect-metadata';

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { KubeObject } from '../../crds/meta';
import { MASTERS } from '../auth/authorizer';
import { ensureNamespace } from '../controllers/namespace/namespace-controller';
import { CommitError } from '../db/writer';
import { StoreFolder } from '../store/sqlite/test-support';
import { CORE_KINDS } from './resources/core-kinds';
import { ResourceRegistry } from './resources/registry';
import { ApiServer } from './server';

test.each([
  ['/api/v1/namespaces/default', 'application/yaml', 200, 'application/yaml', /^apiVersion: v1\nkind: Namespace\nmetadata:\n {2}creationTimestamp: "/],
  ['/api/v1/configmaps', 'application/yaml', 200, 'application/yaml', /^apiVersion: v1\nitems: \[\]\nkind: ConfigMapList\nmetadata:\n {2}resourceVersion: "\d+"\n$/],
  ['/api/v1/namespaces', 'application/yaml;as=Table;v=v1;g=meta.k8s.io', 200, 'application/yaml', /^apiVersion: meta\.k8s\.io\/v1\ncolumnDefinitions:\n[^]*\nkind: Table\n[^]*\nrows:\n- cells:\n {2}- default\n/],
  ['/api/v1/namespaces/none', 'application/yaml', 404, 'application/yaml', /^apiVersion: v1\ncode: 404\ndetails:\n {2}kind: namespaces\n {2}name: none\nkind: Status\n/],
  ['/api/v1', 'application/yaml', 200, 'application/yaml', /^groupVersion: v1\nkind: APIResourceList\nresources:\n- /],
  ['/apis', 'application/yaml;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io', 200, 'application/yaml;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', /^apiVersion: apidiscovery\.k8s\.io\/v2\nitems:\n/],
  ['/api/v1/namespaces?watch=true', 'application/yaml', 406, 'application/yaml', /accepted: application\/json;stream=watch, application\/vnd\.kubernetes\.protobuf;stream=watch"\n/],
  ['/version', 'application/yaml', 406, 'application/yaml', /Available representations: application\/json\n/],
  ['/version', 'application/yaml, application/json', 200, 'application/json', /^\{\n  "major": "1"/],
  ['/api/v1/namespaces/default', 'application/vnd.kubernetes.protobuf', 200, 'application/vnd.kubernetes.protobuf', /^k8s\0/],
  ['/version', 'application/vnd.kubernetes.protobuf', 406, 'application/vnd.kubernetes.protobuf', /^k8s\0[^]*Available representations: application\/json/],
  ['/api/v1/namespaces/default', '*/*', 200, 'application/json', /^\{/],
] as const)('GET %s, Accept: %s', async (path, accept, status, type, body) => {
  const folder = await StoreFolder.open();
  const api = new ApiServer({ store: folder.store, registry: new ResourceRegistry(CORE_KINDS), authenticator: { authenticate: () => Promise.resolve({ user: 'admin', groups: [MASTERS] }) } });
  const server = createServer((req, res) => void api.handle(req, res)).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    await ensureNamespace(folder.store, 'default');
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers: { accept } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, type]);
    expect(await answer.text()).toMatch(body);
  } finally {
    server.closeAllConnections();
    server.close();
    await folder.remove();
  }
});

test('a database that cannot write: clients learn that it is so, and the log learns why', async () => {
  const folder = await StoreFolder.open();
  const logged: unknown[] = [];
  const api = new ApiServer({
    store: folder.store, registry: new ResourceRegistry(CORE_KINDS),
    authenticator: { authenticate: () => Promise.resolve({ user: 'admin', groups: [MASTERS] }) },
    logger: { error: (...fields: unknown[]) => void logged.push(...fields) },
  });
  const server = createServer((req, res) => void api.handle(req, res)).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    await ensureNamespace(folder.store, 'default');
    const { raw } = folder.database;
    raw.pragma(`max_page_count = ${String(raw.pragma('page_count', { simple: true }))}`);
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/namespaces/default/configmaps`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data: { filler: 'x'.repeat(300_000) } }),
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.json()).toMatchObject({ reason: 'ServiceUnavailable', message: 'the server cannot write now; its log says why; try again later' });
    expect(logged).toEqual([{ err: expect.any(CommitError) as unknown }, 'request failed']);
    expect((logged[0] as { err: Error }).err.message).toContain(raw.name);
  } finally {
    server.closeAllConnections();
    server.close();
    await folder.remove();
  }
});

test.each([['Orphan', 'orphan'], ['Foreground', 'foregroundDeletion']])('what was changed a moment ago is not deleted without its mark: %s', async (policy, finalizer) => {
  const folder = await StoreFolder.open();
  const { store } = folder;
  await ensureNamespace(store, 'default');
  const first = await store.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } });
  await store.update('configmaps', { ...first, data: { changed: 'a moment ago' } } as KubeObject);
  // As while the change is on its way to the disk: who reads sees what was before.
  let stale = 2;
  const late = new Proxy(store, {
    get: (target, member): unknown => {
      if (member === 'get') return (resource: string, namespace: string, name: string) => (name === 'a' && stale-- > 0 ? Promise.resolve(first) : target.get(resource, namespace, name));
      const value: unknown = Reflect.get(target, member);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
  const api = new ApiServer({ store: late, registry: new ResourceRegistry(CORE_KINDS), authenticator: { authenticate: () => ({ user: 'admin', groups: [MASTERS] }) } });
  const server = createServer((req, res) => void api.handle(req, res)).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/namespaces/default/configmaps/a?propagationPolicy=${policy}`;
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(200);
    expect(await store.get('configmaps', 'default', 'a')).toMatchObject({ metadata: { finalizers: [finalizer], deletionTimestamp: expect.any(String) as string }, data: { changed: 'a moment ago' } });
    expect(stale).toBeLessThan(0);
  } finally {
    server.closeAllConnections();
    server.close();
    await folder.remove();
  }
});
