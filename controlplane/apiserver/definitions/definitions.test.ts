/** Definitions over a real SQLite store: what is served after a start, what goes on that was interrupted. */
import type { CustomResourceDefinition } from '../resources/crd';
import { CORE_KINDS } from '../resources/core-kinds';
import { ResourceRegistry } from '../resources/registry';
import { StoreFolder } from '../../store/sqlite/test-support';
import { conditionOf } from './conditions';
import { CLEANUP_FINALIZER, CRDS } from './crd-resource';
import { definitionOf, Definitions } from './definitions';

let folder: StoreFolder;
let registry: ResourceRegistry;
let definitions: Definitions;
const errors: unknown[] = [];

const NAMES = { plural: 'widgets', kind: 'Widget' };
const crd = (names: CustomResourceDefinition['spec']['names'] = NAMES, more: object = {}): CustomResourceDefinition =>
  definitionOf({
    metadata: { name: `${names.plural}.example.com` },
    spec: {
      group: 'example.com', scope: 'Cluster', names,
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } } }],
      ...more,
    },
  });
const SHIPPED = crd({ plural: 'owns', kind: 'Own' });

async function start(shipped: CustomResourceDefinition[] = [SHIPPED]): Promise<void> {
  registry = new ResourceRegistry(CORE_KINDS);
  definitions = new Definitions({
    store: folder.store, registry, shipped,
    define: (name, definition) => folder.store.defineResource(name, definition),
    onError: (error) => errors.push(error),
  });
  await definitions.start();
}
async function restart(shipped?: CustomResourceDefinition[]): Promise<void> {
  await definitions.stop();
  await folder.reopen();
  await start(shipped);
}
const read = async (name: string): Promise<CustomResourceDefinition | undefined> => folder.store.get<CustomResourceDefinition>(CRDS, '', name);
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`did not come about: ${what}`);
}
const isTrue = (name: string, type: string) => async (): Promise<boolean> => conditionOf((await read(name)) ?? {}, type)?.status === 'True';
const widget = (name: string, metadata: object = {}) => folder.store.create('widgets.example.com', { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, ...metadata } });

beforeEach(async () => {
  folder = await StoreFolder.open();
  await start();
});
afterEach(async () => {
  await definitions.stop();
  await folder.remove();
  expect(errors.splice(0)).toEqual([]);
});

test('what was defined is served after a start, before it resolves, also when its status was never written', async () => {
  await folder.store.create(CRDS, crd());
  expect(registry.find('example.com/v1', 'widgets')).toMatchObject({ kind: 'Widget', listKind: 'WidgetList', namespaced: false });
  await restart();
  expect(registry.find('example.com/v1', 'widgets')).toBeDefined();
  expect(registry.find('example.com/v1', 'owns')).toBeDefined();
  await until('it is established', isTrue('widgets.example.com', 'Established'));
});

test('the server\'s own definitions are brought up to date, and keep what others wrote on them', async () => {
  await until('it is established', isTrue('owns.example.com', 'Established'));
  const own = (await read('owns.example.com'))!;
  await folder.store.update(CRDS, { ...own, metadata: { ...own.metadata, labels: { team: 'a' } } });
  const { resourceVersion } = (await read('owns.example.com'))!.metadata;
  await restart();
  expect((await read('owns.example.com'))!.metadata.resourceVersion).toBe(resourceVersion);
  await restart([crd({ plural: 'owns', kind: 'Own', shortNames: ['ow'] })]);
  const after = (await read('owns.example.com'))!;
  expect([after.spec.names.shortNames, after.metadata.labels]).toEqual([['ow'], { team: 'a' }]);
  expect(registry.find('example.com/v1', 'owns')?.shortNames).toEqual(['ow']);
});

test('a deletion that was interrupted goes on after a start', async () => {
  await folder.store.create(CRDS, crd());
  await until('it is established', isTrue('widgets.example.com', 'Established'));
  await widget('free');
  await widget('held', { finalizers: ['example.com/hold'] });
  const current = (await read('widgets.example.com'))!;
  await folder.store.update(CRDS, { ...current, metadata: { ...current.metadata, finalizers: [CLEANUP_FINALIZER] } });
  await folder.store.delete(CRDS, '', 'widgets.example.com');
  await until('free is gone', async () => (await folder.store.get('widgets.example.com', '', 'free')) === undefined);
  await restart();
  expect(registry.find('example.com/v1', 'widgets')?.lifecycle).toEqual({ terminating: true });
  const held = (await folder.store.get('widgets.example.com', '', 'held'))!;
  await folder.store.update('widgets.example.com', { ...held, metadata: { ...held.metadata, finalizers: [] } });
  await until('the definition is gone', async () => (await read('widgets.example.com')) === undefined);
  expect(registry.find('example.com/v1', 'widgets')).toBeUndefined();
});

test('of two definitions with one name, the first is served, in whatever order they are read later', async () => {
  await folder.store.create(CRDS, crd({ plural: 'zebras', kind: 'Animal' }));
  await until('the first is established', isTrue('zebras.example.com', 'Established'));
  await folder.store.create(CRDS, crd({ plural: 'ants', kind: 'Animal' }));
  await until('the second is judged', async () => conditionOf((await read('ants.example.com'))!, 'NamesAccepted')?.status === 'False');
  await restart();
  expect([registry.find('example.com/v1', 'zebras'), registry.find('example.com/v1', 'ants')].map((each) => each?.plural)).toEqual(['zebras', undefined]);
  await folder.store.delete(CRDS, '', 'zebras.example.com');
  expect(registry.find('example.com/v1', 'ants')).toBeDefined();
});

test('names of kinds that the server has without definitions are taken', async () => {
  const leases = definitionOf({
    metadata: { name: 'leases.coordination.k8s.io', annotations: { 'api-approved.kubernetes.io': 'unapproved' } },
    spec: { ...crd().spec, group: 'coordination.k8s.io', names: { plural: 'leases', kind: 'Lease' } },
  });
  await folder.store.create(CRDS, leases);
  await until('it is judged', async () => conditionOf((await read('leases.coordination.k8s.io'))!, 'NamesAccepted')?.status === 'False');
  expect(registry.find('coordination.k8s.io/v1', 'leases')?.core).toBe(true);
});

test('names that change are given up, and then free for others', async () => {
  await folder.store.create(CRDS, crd({ ...NAMES, shortNames: ['wd'] }));
  await until('it is established', isTrue('widgets.example.com', 'Established'));
  await folder.store.create(CRDS, crd({ plural: 'woods', kind: 'Wood', shortNames: ['wd'] }));
  await until('the second is judged', async () => conditionOf((await read('woods.example.com'))!, 'NamesAccepted')?.reason === 'ShortNamesConflict');
  const first = (await read('widgets.example.com'))!;
  await folder.store.update(CRDS, { ...first, spec: { ...first.spec, names: { ...first.spec.names, shortNames: undefined } } });
  await until('the second has it', isTrue('woods.example.com', 'Established'));
  expect(registry.find('example.com/v1', 'widgets')?.shortNames).toEqual([]);
  expect(registry.find('example.com/v1', 'woods')?.shortNames).toEqual(['wd']);
});
