/**
 * Replicas as the Helm chart deploys them, as far as that goes without nodes: all that the chart makes is in the cluster, replicas have the
 * rights of its service account and no others, its Service has an address that answers, and what its Deployment says of certificate and
 * webhook is what they are started with.
 */
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { freePort } from './free-ports';
import { runCommand } from './gleaner';
import type { KubeApiServerOptions } from './kube-apiserver';
import { KubeAudit } from './kube-audit';
import { KubeCluster, OPERATOR_NAMESPACE } from './kube-cluster';
import { LoadBalancer } from './load-balancer';

const CHART = join(__dirname, '..', '..', 'deploy', 'chart');
/** Of loopback: what stands for kube-proxy listens on the address that the cluster gives the Service. */
const SERVICE_RANGE = '127.77.0.0/24';
const TAKEN_FLAGS = /^--(name|webhook|webhook-failure-policy)=/;

interface Manifest {
  kind: string;
  spec?: { template?: { spec?: { containers?: { args?: string[] }[] } } };
}

/** What a release `gleaner` in the operator's namespace consists of; `only`: of these templates. */
export async function renderChart(helm: string, home: string, values: readonly string[], only: readonly string[] = []): Promise<string> {
  const args = ['template', 'gleaner', CHART, '--namespace', OPERATOR_NAMESPACE, '--kube-version', '1.32', ...only.flatMap((file) => ['--show-only', `templates/${file}`])];
  const { code, stdout, stderr } = await runCommand(helm, [...args, ...values.flatMap((value) => ['--set', value])], { env: { PATH: process.env.PATH, HOME: home } });
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  return stdout;
}

export class ChartCluster extends KubeCluster {
  readonly audit = new KubeAudit(join(this.dir, 'kube-audit'));

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
    const release = await renderChart(this.helm, this.dir, ['replicas=2', 'blobs.existingClaim=blobs', `service.port=${port}`]);
    await this.kubectlOk(['apply', '-f', '-'], release);
    await this.actAsServiceAccount();
    const deployment = parseAllDocuments(release).map((each) => each.toJS() as Manifest | null).find((each) => each?.kind === 'Deployment');
    this.flags.push(...(deployment?.spec?.template?.spec?.containers?.[0]?.args ?? []).filter((arg) => TAKEN_FLAGS.test(arg)));
    const address = await this.kubectlOk(['-n', OPERATOR_NAMESPACE, 'get', 'service', 'gleaner', '-o', 'jsonpath={.spec.clusterIP}']);
    return LoadBalancer.start(address, port);
  }
}
