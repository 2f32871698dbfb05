import { clusterRole } from '../../auth/rbac/test-support';
import { CLUSTER_ROLES, type ClusterRole } from '../../auth/rbac/types';
import { StoreFolder } from '../../store/sqlite/test-support';
import { Reflector } from '../runtime/reflector';
import { RoleAggregator } from './aggregate';

const rule = (verb: string) => ({ verbs: [verb], apiGroups: [''], resources: ['pods'] });
const labelled = (name: string, label: string, verb?: string, gathers?: string): ClusterRole => clusterRole(name, verb === undefined ? [] : [rule(verb)], {
  metadata: { name, labels: { [label]: 'true' } },
  ...(gathers !== undefined && { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [gathers]: 'true' } }] } }),
});

test('rules flow through roles that gather roles that gather, and go with the role that had them', async () => {
  const folder = await StoreFolder.open();
  const { store } = folder;
  const clusterRoles = new Reflector<ClusterRole>({ store, resource: CLUSTER_ROLES });
  const errors: unknown[] = [];
  const aggregator = new RoleAggregator({ store, clusterRoles, onError: (error) => errors.push(error) });
  const rulesOf = async (name: string): Promise<ClusterRole['rules']> => (await store.get<ClusterRole>(CLUSTER_ROLES, '', name))?.rules;
  const settled = async (verbs: string[]): Promise<void> => {
    for (let attempt = 0; attempt < 200 && JSON.stringify(await rulesOf('admin')) !== JSON.stringify(verbs.map(rule)); attempt += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await rulesOf('admin')).toEqual(verbs.map(rule));
  };
  try {
    await clusterRoles.start();
    await store.create(CLUSTER_ROLES, labelled('admin', 'x', undefined, 'to-admin'));
    await store.create(CLUSTER_ROLES, labelled('edit', 'to-admin', undefined, 'to-edit'));
    await store.create(CLUSTER_ROLES, labelled('one', 'to-edit', 'get'));
    await aggregator.start();
    await settled(['get']);
    await store.create(CLUSTER_ROLES, labelled('two', 'to-edit', 'list'));
    await settled(['get', 'list']);
    await store.delete(CLUSTER_ROLES, '', 'one');
    await settled(['list']);
    const admin = (await store.get<ClusterRole>(CLUSTER_ROLES, '', 'admin'))!;
    await store.update(CLUSTER_ROLES, { ...admin, rules: [rule('delete')] });
    await settled(['list']);
    expect(errors).toEqual([]);
  } finally {
    await aggregator.stop();
    clusterRoles.stop();
    await folder.remove();
  }
});
