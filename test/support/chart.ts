/** The Helm chart and what it is rendered with in tests. */
import { parseAllDocuments } from 'yaml';
import { runCommand } from './gleaner';

export const CHART = 'deploy/chart';
export const CHART_NAMESPACE = 'gleaner-system';

export const set = (...values: string[]): string[] => values.flatMap((each) => ['--set', each]);
/** Everything on. */
export const FULL = set(
  'replicas=3', 's3.bucket=gleaner', 's3.endpoint=https://s3.example.org', 's3.region=eu-1', 's3.credentialsSecret=s3', 'database.caConfigMap=db-ca',
  'publicUrl=https://gleaner.example.org:7643', 'names={gleaner.lab}', 'service.type=LoadBalancer', 'metrics.serviceMonitor.enabled=true',
  'metrics.readers[0].kind=User', 'metrics.readers[0].name=prometheus', 'extraArgs={--heartbeat=2s}', 'image.digest=sha256:' + 'a'.repeat(64),
  'image.pullSecrets[0].name=registry', 'nodeSelector.disk=ssd', 'networkPolicy.from[0].ipBlock.cidr=10.0.0.0/8', 'networkPolicy.egress[0].ports[0].port=9000',
);
export const SMALL = set('replicas=1', 'blobs.existingClaim=blobs');

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}

/** The objects of a text in YAML. Their fields are for the caller to say. */
export const manifests = <T extends Manifest>(text: string): T[] => parseAllDocuments(text).map((each) => each.toJS() as T | null).filter((each) => each !== null);

export interface Helm {
  run(...args: string[]): ReturnType<typeof runCommand>;
  /** What the chart makes. @throws when helm fails, or warns */
  template(values: readonly string[]): Promise<string>;
}

/** @param dir for what helm keeps */
export function helm(binary: string, dir: string, kubeconfig?: () => string): Helm {
  const run = (...args: string[]): ReturnType<typeof runCommand> => runCommand(binary, args, {
    env: { PATH: process.env.PATH, HOME: dir, KUBECONFIG: kubeconfig?.(), HELM_CACHE_HOME: dir, HELM_CONFIG_HOME: dir, HELM_DATA_HOME: dir },
  });
  return {
    run,
    template: async (values) => {
      const { code, stdout, stderr } = await run('template', 'gleaner', CHART, '--namespace', CHART_NAMESPACE, '--kube-version', '1.32', ...values);
      if (code !== 0 || stderr !== '') throw new Error(`helm template: exit code ${code}\n${stderr}`);
      return stdout;
    },
  };
}
