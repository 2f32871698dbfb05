import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { KubeObject } from '../../../crds/meta';
import { openDatabase, type OpenedDatabase } from '../../db/open';
import { SqliteObjectStore } from '../../store/sqlite/sqlite-store';
import { ensureNamespace, NamespaceController } from './namespace-controller';

let dir: string;
let database: OpenedDatabase;
let store: SqliteObjectStore;
let controller: NamespaceController;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-ns-'));
  database = await openDatabase(join(dir, 'gleaner.db'));
  store = new SqliteObjectStore(database);
  controller = new NamespaceController({ store, resources: () => ['configmaps', 'secrets'] });
  await ensureNamespace(store, 'lab');
});
afterEach(async () => {
  await controller.stop();
  store.close();
  await database.close();
  rmSync(dir, { recursive: true, force: true });
});

const put = (name: string, finalizers: string[] = []): Promise<KubeObject> =>
  store.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'lab', ...(finalizers.length > 0 && { finalizers }) } });

type Namespace = KubeObject & { status?: { phase?: string; conditions?: { message: string }[] } };
const namespace = (): Promise<Namespace | undefined> => store.get<Namespace>('namespaces', '', 'lab');

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500 && !(await condition()); attempt++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await condition()).toBe(true);
}

test('ensureNamespace makes it once, active and selectable by name', async () => {
  await ensureNamespace(store, 'lab');
  expect(await namespace()).toMatchObject({ metadata: { labels: { 'kubernetes.io/metadata.name': 'lab' } }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
});

test('somebody who was faster is no error', async () => {
  const errors: unknown[] = [];
  const watching = new NamespaceController({ store, resources: () => [], onError: (error) => errors.push(error) });
  await watching.start();
  for (let index = 0; index < 30; index++) await ensureNamespace(store, `n-${index}`);
  await until(async () => (await store.list<Namespace>('namespaces')).items.every(({ status }) => status?.phase === 'Active'));
  await watching.stop();
  expect(errors).toEqual([]);
});

test('a namespace that is deleted takes its content along, in batches', async () => {
  await Promise.all(Array.from({ length: 1200 }, (_, index) => put(`c-${index}`)));
  await store.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace: 'other' } });
  await controller.start();
  expect(await store.delete('namespaces', '', 'lab')).toMatchObject({ gone: false });
  await until(async () => (await namespace()) === undefined);
  expect((await store.list('configmaps')).items.map(({ metadata }) => metadata.name)).toEqual(['mine']);
});

test('waits for finalizers and says what is left; works on what was deleted before it started', async () => {
  const held = await put('held', ['example.com/x']);
  await store.delete('namespaces', '', 'lab');
  await controller.start();
  await until(async () => (await namespace())?.status?.phase === 'Terminating');
  await until(async () => (await namespace())?.status?.conditions !== undefined);
  expect((await namespace())?.status?.conditions).toMatchObject([
    { type: 'NamespaceDeletionDiscoveryFailure', status: 'False', reason: 'ResourcesDiscovered' },
    { type: 'NamespaceDeletionGroupVersionParsingFailure', status: 'False', reason: 'ParsedGroupVersions' },
    { type: 'NamespaceDeletionContentFailure', status: 'False', reason: 'ContentDeleted' },
    { type: 'NamespaceContentRemaining', status: 'True', reason: 'SomeResourcesRemain', message: 'Some resources are remaining: configmaps. has 1 resource instances' },
    { type: 'NamespaceFinalizersRemaining', status: 'True', reason: 'SomeFinalizersRemain', message: 'Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances' },
  ]);
  const current = await store.get('configmaps', 'lab', 'held');
  expect(current?.metadata.deletionTimestamp).toBeDefined();
  await store.update('configmaps', { ...held, metadata: { ...held.metadata, resourceVersion: undefined, finalizers: [] } });
  await until(async () => (await namespace()) === undefined);
});

test('every new namespace is active, held until its content is gone, and goes when nothing holds it', async () => {
  const bare = await store.create<Namespace>('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'bare-', name: '' } });
  const { name } = bare.metadata;
  expect(bare).toMatchObject({ metadata: { labels: { 'kubernetes.io/metadata.name': name } }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
  expect(bare.metadata.generation).toBeUndefined();
  expect(await store.delete('namespaces', '', name)).toMatchObject({ gone: false, object: { status: { phase: 'Terminating' } } });
  const going = (await store.get('namespaces', '', name))!;
  await store.update('namespaces', { ...going, spec: {} } as KubeObject);
  expect(await store.get('namespaces', '', name)).toBeUndefined();
});
