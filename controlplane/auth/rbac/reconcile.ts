/**
 * Brings the default roles and bindings up to date at start: what is missing is added, what somebody added stays, and what is annotated
 * `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone. A binding to another role is made anew.
 */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import { StoreError, type ObjectStore } from '../../store/store';
import { AUTO_UPDATE, CLUSTER_ROLE_BINDING_DEFAULTS, CLUSTER_ROLE_DEFAULTS } from './defaults';
import { compact, uncovered } from './rules';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, type ClusterRole, type RoleBinding, type Subject } from './types';

const ATTEMPTS = 5;

/** What is missing is made in one go. @throws StoreError when the store cannot be written */
export async function ensureDefaultRoles(store: ObjectStore): Promise<void> {
  const all: Default[] = [
    ...CLUSTER_ROLE_DEFAULTS.map((expected) => ({ resource: CLUSTER_ROLES, expected, reconcile: reconcileRole as Reconcile })),
    ...CLUSTER_ROLE_BINDING_DEFAULTS.map((expected) => ({ resource: CLUSTER_ROLE_BINDINGS, expected, reconcile: reconcileBinding as Reconcile })),
  ];
  const absent: Default[] = [];
  for (const each of all) {
    if (await store.get(each.resource, '', each.expected.metadata.name)) await ensure(store, each);
    else absent.push(each);
  }
  const outcomes = absent.length === 0 ? [] : await store.batch(absent.map(({ resource, expected }) => ({ verb: 'create', resource, object: expected })));
  for (const [at, outcome] of outcomes.entries()) if (!outcome.ok) await ensure(store, absent[at]);
}

/** @returns undefined when nothing is to be written */
type Reconcile = (existing: KubeObject, expected: KubeObject) => KubeObject | 'recreate' | undefined;

interface Default {
  resource: ResourceName;
  expected: KubeObject;
  reconcile: Reconcile;
}

/** Others may write at the same time (another replica): whoever is late looks again. */
async function ensure(store: ObjectStore, { resource, expected, reconcile }: Default): Promise<void> {
  const { name } = expected.metadata;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const existing = await store.get(resource, '', name);
      const next = existing ? reconcile(existing, expected) : expected;
      if (next === undefined) return;
      if (existing && next !== 'recreate') await store.update(resource, next);
      else {
        if (existing) await store.delete(resource, '', name, { uid: existing.metadata.uid ?? '' });
        await store.create(resource, expected);
      }
      return;
    } catch (error) {
      const raced = error instanceof StoreError && (error.reason === 'Conflict' || error.reason === 'AlreadyExists' || error.reason === 'NotFound');
      if (!raced || attempt === ATTEMPTS) throw error;
    }
  }
}

/** @returns undefined when nothing is to be written */
export function reconcileRole(existing: ClusterRole, expected: ClusterRole): ClusterRole | undefined {
  if (existing.metadata.annotations?.[AUTO_UPDATE] === 'false') return undefined;
  const metadata = mergedMetadata(existing, expected);
  const missing = uncovered(existing.rules ?? [], expected.rules ?? []);
  const selectors = existing.aggregationRule?.clusterRoleSelectors ?? [];
  const wanted = expected.aggregationRule?.clusterRoleSelectors ?? [];
  const missingSelectors = wanted.filter((selector) => !selectors.some((each) => JSON.stringify(each) === JSON.stringify(selector)));
  const surplusAggregation = !expected.aggregationRule && !!existing.aggregationRule;
  if (!metadata && missing.length === 0 && missingSelectors.length === 0 && !surplusAggregation) return undefined;
  const { aggregationRule: _old, ...rest } = existing;
  const aggregation = surplusAggregation || (selectors.length === 0 && missingSelectors.length === 0)
    ? {} : { aggregationRule: { clusterRoleSelectors: [...selectors, ...missingSelectors] } };
  return { ...rest, metadata: metadata ?? existing.metadata, rules: [...(existing.rules ?? []), ...compact(missing)], ...aggregation };
}

/** @returns 'recreate' when it binds another role, which no update may change; undefined when nothing is to be written */
export function reconcileBinding(existing: RoleBinding, expected: RoleBinding): RoleBinding | 'recreate' | undefined {
  if (existing.metadata.annotations?.[AUTO_UPDATE] === 'false') return undefined;
  const { kind, name } = existing.roleRef;
  if (kind !== expected.roleRef.kind || name !== expected.roleRef.name) return 'recreate';
  const metadata = mergedMetadata(existing, expected);
  const same = (a: Subject, b: Subject): boolean => a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');
  const missing = (expected.subjects ?? []).filter((subject) => !(existing.subjects ?? []).some((each) => same(each, subject)));
  if (!metadata && missing.length === 0) return undefined;
  return { ...existing, metadata: metadata ?? existing.metadata, subjects: [...(existing.subjects ?? []), ...missing] };
}

/** The expected labels and annotations under those that are there; undefined when none is missing. */
function mergedMetadata(existing: KubeObject, expected: KubeObject): KubeObject['metadata'] | undefined {
  const { labels = {}, annotations = {} } = existing.metadata;
  const lacks = (have: Record<string, string>, want: Record<string, string> = {}): boolean => Object.keys(want).some((key) => !Object.hasOwn(have, key));
  if (!lacks(labels, expected.metadata.labels) && !lacks(annotations, expected.metadata.annotations)) return undefined;
  return { ...existing.metadata, labels: { ...expected.metadata.labels, ...labels }, annotations: { ...expected.metadata.annotations, ...annotations } };
}
