/** The service `kubernetes` with its endpoints: where the API is, as programs that know Kubernetes look for it. */
import { isIP } from 'node:net';
import type { KubeObject } from '../crds/meta';
import type { ObjectStore } from './store/store';

const LABELS = { component: 'apiserver', provider: 'kubernetes' };
const NAME = 'kubernetes';
const NAMESPACE = 'default';
const PORT_NAME = 'https';
const SERVICE_PORT = 443;

function objects(address: string, port: number): [string, KubeObject][] {
  const family = isIP(address) === 6 ? 'IPv6' : 'IPv4';
  const metadata = { name: NAME, namespace: NAMESPACE, labels: LABELS };
  const open = { name: PORT_NAME, port, protocol: 'TCP' };
  const spec = {
    type: 'ClusterIP', clusterIP: address, clusterIPs: [address], ipFamilies: [family], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster',
    sessionAffinity: 'None', ports: [{ name: PORT_NAME, port: SERVICE_PORT, protocol: 'TCP', targetPort: port }],
  };
  const named = <T extends object>(kind: string, apiVersion: string, rest: T, labels: Record<string, string> = {}): KubeObject =>
    ({ apiVersion, kind, metadata: { ...metadata, labels: { ...LABELS, ...labels } }, ...rest }) as KubeObject;
  return [
    ['services', named('Service', 'v1', { spec, status: { loadBalancer: {} } })],
    ['endpoints', named('Endpoints', 'v1', { subsets: [{ addresses: [{ ip: address }], ports: [open] }] }, { 'endpointslice.kubernetes.io/skip-mirror': 'true' })],
    [
      'endpointslices.discovery.k8s.io',
      named(
        'EndpointSlice', 'discovery.k8s.io/v1', { addressType: family, endpoints: [{ addresses: [address], conditions: { ready: true } }], ports: [open] },
        { 'kubernetes.io/service-name': NAME },
      ),
    ],
  ];
}

/** Says where the API is; names that are no address are left out, for a service has addresses. */
export async function publishApiService(store: ObjectStore, host: string, port: number): Promise<void> {
  const address = host.replace(/^\[|\]$/g, '');
  if (isIP(address) === 0) return;
  for (const [resource, object] of objects(address, port)) {
    const current = await store.get(resource, NAMESPACE, NAME);
    if (current === undefined) await store.create(resource, object);
    else await store.update(resource, { ...current, ...object, metadata: { ...current.metadata, labels: object.metadata.labels } });
  }
}
