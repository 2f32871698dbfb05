/**
 * Replicas as the Helm chart deploys them, as far as that goes without nodes: all that the chart makes is in the cluster, replicas have the
 * rights of its service account and no others, its Services have addresses that answer, and what its Deployment says of certificate and
 * webhook is what they are started with.
 */
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { helm, set } from './chart';
import { freePort } from './free-ports';
import type { KubeApiServerOptions } from './kube-apiserver';
import { KubeAudit } from './kube-audit';
import { KubeCluster, OPERATOR_NAMESPACE } from './kube-cluster';
import { LoadBalancer } from './load-balancer';

/** Of loopback: what stands for kube-proxy listens on the address that the cluster gives the Service. */
const SERVICE_RANGE = '127.77.0.0/24';
const TAKEN_FLAGS = /^--(name|webhook|webhook-failure-policy)=/;

interface Manifest {
  kind: string;
  spec?: { template?: { spec?: { containers?: { args?: string[] }[] } } };
}

export class ChartCluster extends KubeCluster {
  readonly audit = new KubeAudit(join(this.dir, 'kube-audit'));
  /** What the API server reaches the webhook by. */
  private webhook: LoadBalancer | undefined;
  private readonly peers = new Map<string, number>();

  constructor(private readonly helm: string) {
    super();
  }

  override startKube({ flags = [], ...options }: KubeApiServerOptions = {}): Promise<void> {
    const more = [
      ...this.audit.flags, `--service-cluster-ip-range=${SERVICE_RANGE}`,
      // Asks for the right to update jobs/finalizers: Tasks name their Job as an owner that is not to go before them.
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
    ];
    return super.startKube({ controllerManager: true, ...options, flags: [...more, ...flags] });
  }

  protected override async startService(): Promise<LoadBalancer> {
    const port = await freePort();
    const release = await helm(this.helm, this.dir).template(set('replicas=2', 'blobs.existingClaim=blobs', `service.port=${port}`));
    await this.kubectlOk(['apply', '-f', '-'], release);
    await this.actAsServiceAccount();
    const deployment = parseAllDocuments(release).map((each) => each.toJS() as Manifest | null).find((each) => each?.kind === 'Deployment');
    this.flags.push(...(deployment?.spec?.template?.spec?.containers?.[0]?.args ?? []).filter((arg) => TAKEN_FLAGS.test(arg)));
    this.webhook = await LoadBalancer.start(...await this.addressOf('gleaner-webhook'));
    return LoadBalancer.start(...await this.addressOf('gleaner'));
  }

  override async startReplica(name: string, extra: string[] = []): Promise<void> {
    const port = this.peers.get(name) ?? await freePort();
    await super.startReplica(name, ['--peer-port', String(port), ...extra]);
    this.peers.set(name, port);
    if (this.webhook) this.webhook.targets = [...this.peers.values()];
  }

  override async close(): Promise<void> {
    await this.webhook?.stop();
    await super.close();
  }

  /** Of a Service: what the cluster gave it, and its port. */
  private async addressOf(service: string): Promise<[string, number]> {
    const { spec } = await this.getJson<{ spec: { clusterIP: string; ports: { port: number }[] } }>(`service/${service}`, `--namespace=${OPERATOR_NAMESPACE}`);
    return [spec.clusterIP, spec.ports[0].port];
  }
}
