/** A real kube-apiserver with our CustomResourceDefinitions, and stores over it. */
import { readFileSync } from 'node:fs';
import { loadCrds } from '../../crds';
import { JOBS, TASKS } from '../../crds/meta';
import { CORE_KINDS } from '../../controlplane/apiserver/resources/core-kinds';
import { resourcesFromCrd } from '../../controlplane/apiserver/resources/crd';
import { KubeApi, type KubeApiOptions } from '../../controlplane/store/cluster/api';
import { ClusterObjectStore, type ClusterStoreOptions } from '../../controlplane/store/cluster/cluster-store';
import { credentialsFromText } from '../../controlplane/store/cluster/credentials';
import { startKubeApiServer, type KubeApiServer, type KubeApiServerOptions } from './kube-apiserver';

interface Crd {
  status?: { conditions?: { type: string; status: string }[] };
}

export class TestKube {
  server!: KubeApiServer;
  /** Of the administrator. */
  admin!: KubeApi;

  async start(options: KubeApiServerOptions & { crds?: boolean } = {}): Promise<void> {
    const { crds = true, ...rest } = options;
    this.server = await startKubeApiServer(rest);
    this.admin = this.api();
    if (crds) await this.installCrds();
  }

  async stop(): Promise<void> {
    this.admin?.close();
    await this.server?.stop();
  }

  /** The administrator's, or of somebody with another token; with another address where a proxy stands between. */
  kubeconfig({ token, url }: { token?: string; url?: string } = {}): string {
    let text = readFileSync(this.server.kubeconfig, 'utf8');
    if (token !== undefined) text = text.replaceAll(this.server.adminToken, token);
    return url === undefined ? text : text.replaceAll(this.server.url, url);
  }

  api({ kubeconfig = this.kubeconfig(), ...options }: Partial<KubeApiOptions> & { kubeconfig?: string } = {}): KubeApi {
    return new KubeApi({ credentials: credentialsFromText(kubeconfig), ...options });
  }

  store(options: Partial<ClusterStoreOptions> = {}): ClusterObjectStore {
    return new ClusterObjectStore({ api: options.api ?? this.api(), resources: [...CORE_KINDS, ...loadCrds().flatMap((crd) => resourcesFromCrd(crd))], ...options });
  }

  async createNamespaces(...names: string[]): Promise<void> {
    for (const name of names) await this.admin.request({ method: 'POST', path: '/api/v1/namespaces', body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } });
  }

  /** Takes away all ConfigMaps, Jobs and Tasks of these namespaces, whatever holds them. */
  async empty(...namespaces: string[]): Promise<void> {
    const store = this.store({ api: this.admin });
    for (const namespace of namespaces) {
      for (const resource of ['configmaps', JOBS, TASKS]) {
        for (const item of (await store.list(resource, { namespace })).items) {
          if (item.metadata.finalizers?.length) await store.update(resource, { ...item, metadata: { ...item.metadata, finalizers: [] } });
          await store.delete(resource, namespace, item.metadata.name).catch(() => undefined);
        }
      }
    }
  }

  private async installCrds(): Promise<void> {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    for (const crd of loadCrds()) {
      await this.admin.json({ method: 'POST', path, body: crd });
      for (;;) {
        const { status } = (await this.admin.json({ method: 'GET', path: `${path}/${crd.metadata.name}` })) as Crd;
        if (status?.conditions?.some(({ type, status: holds }) => type === 'Established' && holds === 'True')) break;
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
      // The handler follows a moment later.
      while ((await this.admin.request({ method: 'GET', path: `/apis/${crd.spec.group}/${crd.spec.versions[0]?.name}/${crd.spec.names.plural}` })).status !== 200) {
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
    }
  }
}
