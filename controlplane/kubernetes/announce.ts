/**
 * Tells the people of a cluster where Gleaner is: the ConfigMap `gleaner-gateway` in the operator's namespace, with the address and the
 * CA that the command line trusts. Whoever may read it finds results, logs and bills without more configuration.
 */
import type { ObjectStore } from '../store/store';
import type { KubeObject } from '../../crds/meta';

export const GATEWAY_MAP = 'gleaner-gateway';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** Writes nothing when it is there as it should be. */
export async function announce(store: ObjectStore, namespace: string, data: { url: string; 'ca.crt': string }): Promise<void> {
  const current = await store.get<ConfigMap>('configmaps', namespace, GATEWAY_MAP);
  if (!current) {
    const labels = { 'app.kubernetes.io/part-of': 'gleaner' };
    await store.create<ConfigMap>('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: GATEWAY_MAP, namespace, labels }, data });
  } else if (current.data?.url !== data.url || current.data['ca.crt'] !== data['ca.crt']) {
    await store.update<ConfigMap>('configmaps', { ...current, data: { ...current.data, ...data } });
  }
}
