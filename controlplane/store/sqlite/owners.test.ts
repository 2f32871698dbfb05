/** `metadata` in writes of the status: `managedFields`, and all of a Namespace's. */
import type { KubeObject, ManagedFieldsEntry } from '../../../crds/meta';
import { job, JOBS, withMeta, type Job } from '../conformance/support';
import { StoreFolder } from './test-support';

const owner = (manager: string): ManagedFieldsEntry => ({
  manager, operation: 'Update', apiVersion: 'gleaner.dev/v1alpha1', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:runtime': {} } },
});

let folder: StoreFolder;
beforeEach(async () => {
  folder = await StoreFolder.open();
});
afterEach(() => folder.remove());

test('a write of the status that names its version brings the owners along, alone or with a new status', async () => {
  const first = await folder.store.create(JOBS, job('a', 1, { managedFields: [owner('one')] }));
  const second = await folder.store.updateStatus<Job>(JOBS, { ...withMeta(first, { managedFields: [owner('two')] }), status: { phase: 'Running' } });
  expect(second).toMatchObject({ status: { phase: 'Running' }, metadata: { managedFields: [owner('two')], generation: 1 } });
  const third = await folder.store.updateStatus<Job>(JOBS, withMeta(second, { managedFields: [owner('three')] }));
  expect(third).toMatchObject({ status: { phase: 'Running' }, metadata: { managedFields: [owner('three')] } });
  expect(await folder.store.updateStatus(JOBS, third)).toBe(third);
  const again = await folder.reopen();
  expect(await again.get(JOBS, 'lab-a', 'a')).toEqual(third);
});

test('one that names no version, or no owners, leaves them', async () => {
  await folder.store.create(JOBS, job('a', 1, { managedFields: [owner('one')] }));
  const second = await folder.store.updateStatus<Job>(JOBS, { ...job('a', 1, { managedFields: [owner('two')] }), status: { phase: 'Running' } });
  expect(second.metadata.managedFields).toEqual([owner('one')]);
  const third = await folder.store.updateStatus<Job>(JOBS, { ...withMeta(second, { managedFields: undefined }), status: { phase: 'Done' } });
  expect(third).toMatchObject({ status: { phase: 'Done' }, metadata: { managedFields: [owner('one')] } });
});

test('of a Namespace labels, annotations and finalizers go with its status, if that names its version', async () => {
  const { store } = folder;
  const first = await store.create<KubeObject>('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', labels: { x: 'y' } } });
  const asked = { annotations: { a: 'b' }, finalizers: ['example.com/hold'] };
  expect((await store.updateStatus('namespaces', { ...first, metadata: { annotations: asked.annotations, name: 'a' } } as KubeObject)).metadata).toEqual(first.metadata);
  const second = await store.updateStatus('namespaces', withMeta(first, { ...asked, creationTimestamp: '2000-01-01T00:00:00Z', labels: undefined }));
  expect(second.metadata).toMatchObject({ annotations: asked.annotations, finalizers: asked.finalizers, uid: first.metadata.uid, creationTimestamp: first.metadata.creationTimestamp });
  expect(second.metadata.labels).toBeUndefined();
  expect(await store.updateStatus('namespaces', second)).toBe(second);
  expect(await (await folder.reopen()).get('namespaces', '', 'a')).toEqual(second);
});
