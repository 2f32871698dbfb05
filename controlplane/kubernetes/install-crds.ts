/** Puts our CustomResourceDefinitions into a cluster by server-side apply, and waits until they are served. */
import { loadCrds } from '../../crds';
import type { KubeApi } from '../store/cluster/api';

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WAIT_MS = 30_000;
const LOOK_MS = 200;

interface Definition {
  spec?: { versions?: { name: string; served: boolean }[] };
  status?: { conditions?: { type: string; status: string; message?: string }[] };
}

/** @throws StoreError when the cluster refuses, Error when they do not become served */
export async function installCrds(api: KubeApi, delay: (ms: number) => Promise<unknown> = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); })): Promise<string[]> {
  const crds = loadCrds();
  for (const crd of crds) {
    await api.json({
      method: 'PATCH', path: `${PATH}/${crd.metadata.name}`, query: { fieldManager: 'gleaner', force: 'true' }, contentType: 'application/apply-patch+yaml', body: crd,
    });
  }
  for (let waited = 0; ; waited += LOOK_MS) {
    const missing = await missingCrds(api);
    if (missing.length === 0) return crds.map(({ metadata }) => metadata.name);
    if (waited >= WAIT_MS) throw new Error(`the cluster does not serve ${missing.join(', ')} after ${WAIT_MS / 1000} s: see "kubectl describe crd"`);
    await delay(LOOK_MS);
  }
}

/** Names of our definitions that the cluster does not serve in our version. */
export async function missingCrds(api: KubeApi): Promise<string[]> {
  const missing: string[] = [];
  for (const { metadata, spec } of loadCrds()) {
    const { status, body } = await api.request({ method: 'GET', path: `${PATH}/${metadata.name}` });
    const definition = status === 200 ? (body as Definition) : undefined;
    const established = definition?.status?.conditions?.some((each) => each.type === 'Established' && each.status === 'True') ?? false;
    const served = definition?.spec?.versions?.some((each) => each.name === spec.versions[0]?.name && each.served) ?? false;
    const answers = established && served && (await api.request({ method: 'GET', path: `/apis/${spec.group}/${spec.versions[0]?.name}/${spec.names.plural}`, query: { limit: '1' } })).status !== 404;
    if (!answers) missing.push(metadata.name);
  }
  return missing;
}
