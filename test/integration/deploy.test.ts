/** The Helm chart and the kustomize base, against a real kube-apiserver: valid, accepted, restricted, and what their roles allow. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

import { runCommand } from '../support/gleaner';
import { kubectl, type Kubectl } from '../support/kubectl';
import { describeWithKube, startKubeApiServer, type KubeApiServer } from '../support/kube-apiserver';

const CHART = 'deploy/chart';
const NAMESPACE = 'gleaner-system';
/** Everything on. */
const FULL = [
  'replicas=3', 's3.bucket=gleaner', 's3.endpoint=https://s3.example.org', 's3.region=eu-1', 's3.credentialsSecret=s3', 'database.caConfigMap=db-ca',
  'publicUrl=https://gleaner.example.org:7643', 'names={gleaner.lab}', 'service.type=LoadBalancer', 'metrics.serviceMonitor.enabled=true',
  'metrics.readers[0].kind=User', 'metrics.readers[0].name=prometheus', 'extraArgs={--heartbeat=2s}', 'image.digest=sha256:' + 'a'.repeat(64),
  'image.pullSecrets[0].name=registry', 'nodeSelector.disk=ssd',
].flatMap((each) => ['--set', each]);
const SMALL = ['--set', 'replicas=1', '--set', 'blobs.existingClaim=blobs'];

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec?: { template?: { spec?: { containers?: { args?: string[] }[] } } };
}

describeWithKube('deploying', ['etcd', 'kube-apiserver', 'helm'], (paths) => {
  let server: KubeApiServer;
  let kube: Kubectl;
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-deploy-'));
  const helm = (...args: string[]) => runCommand(paths.helm, args, {
    env: { PATH: process.env.PATH, HOME: dir, KUBECONFIG: server?.kubeconfig, HELM_CACHE_HOME: dir, HELM_CONFIG_HOME: dir, HELM_DATA_HOME: dir },
  });
  const template = async (values: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await helm('template', 'gleaner', CHART, '--namespace', NAMESPACE, '--kube-version', '1.32', ...values);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const manifests = (text: string): Manifest[] => parseAllDocuments(text).map((each) => each.toJS() as Manifest | null).filter((each) => each !== null);

  beforeAll(async () => {
    server = await startKubeApiServer();
    kube = kubectl(server.kubeconfig, server.dir);
    await kube.ok(['apply', '--server-side', '-f', 'deploy/base/namespace.yaml', '-f', 'deploy/base/crds.yaml']);
    await kube.ok(['apply', '-f', '-'], { input: SERVICE_MONITOR });
    await kube.ok(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s']);
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test.each([['everything on', FULL], ['small', SMALL]])('helm lint, %s', async (_name, values) => {
    const { code, stdout } = await helm('lint', '--strict', CHART, ...values);
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(code).toBe(0);
  });

  test.each([['everything on', FULL], ['small', SMALL]])('a real kube-apiserver takes what the chart makes, without a warning: %s', async (_name, values) => {
    const text = await template(values);
    const { code, stdout, stderr } = await kube.run(['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'], { input: text });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout.trim().split('\n').length).toBe(manifests(text).length);
  }, 60_000);

  test.each<[string[], RegExp]>([
    [[], /neither s3.bucket nor blobs.existingClaim is set/],
    [['s3.bucket=bkt', 'blobs.existingClaim=b'], /s3.bucket and blobs.existingClaim are both set/],
    [['s3.bucket=bkt', 'database.urlSecret='], /database.urlSecret is empty/],
    [['s3.bucket=bkt', 'replicas=0'], /replicas: Must be greater than or equal to 1/],
    [['s3.bucket=bkt', 'service.type=Cluster'], /service.type: service.type must be one of/],
    [['s3.bucket=bkt', 'replica=2'], /Additional property replica is not allowed/],
    [['s3.bucket=bkt', 'publicUrl=http://x'], /publicUrl: Does not match pattern/],
  ])('values %j are refused', async (values, words) => {
    const { code, stderr } = await helm('template', 'gleaner', CHART, '--kube-version', '1.32', ...values.flatMap((each) => ['--set', each]));
    expect(stderr).toMatch(words);
    expect(code).toBe(1);
  });

  test('helm installs, upgrades and uninstalls it; the definitions stay', async () => {
    const installed = await helm('install', 'gleaner', CHART, '--namespace', NAMESPACE, ...SMALL);
    expect(installed.stderr).toBe('');
    expect(installed.stdout).toContain('STATUS: deployed');
    expect(installed.stdout).toContain('rollout status deployment/gleaner');
    expect(await kube.ok(['get', 'deployment', 'gleaner', '-n', NAMESPACE, '-o', 'jsonpath={.spec.replicas}'])).toBe('1');
    // As a replica does it.
    const webhook = JSON.parse(await kube.ok(['get', 'validatingwebhookconfiguration', 'gleaner', '-o', 'json'])) as object;
    await kube.ok(['replace', '-f', '-'], { input: JSON.stringify({ ...webhook, ...WEBHOOKS }) });
    const upgraded = await helm('upgrade', 'gleaner', CHART, '--namespace', NAMESPACE, ...FULL);
    expect(upgraded.stderr).toBe('');
    expect(await kube.ok(['get', 'deployment', 'gleaner', '-n', NAMESPACE, '-o', 'jsonpath={.spec.replicas}'])).toBe('3');
    expect(await kube.ok(['get', 'validatingwebhookconfiguration', 'gleaner', '-o', 'jsonpath={.webhooks[*].name}'])).toBe('admission.gleaner.dev');
    const gone = await helm('uninstall', 'gleaner', '--namespace', NAMESPACE);
    expect(gone.stdout).toBe('release "gleaner" uninstalled\n');
    expect(await kube.fails(['get', 'deployment', 'gleaner', '-n', NAMESPACE])).toContain('NotFound');
    expect(await kube.fails(['get', 'validatingwebhookconfiguration', 'gleaner'])).toContain('NotFound');
    expect(await kube.ok(['get', 'crd', '-o', 'name'])).toContain('jobs.gleaner.dev');
  }, 90_000);

  test('its arguments are known to gleaner server', async () => {
    const { stdout: help } = await runCommand(process.execPath, ['bin/gleaner', 'server', '--help']);
    const known = new Set(help.match(/--[a-z0-9-]+/g));
    for (const values of [FULL, SMALL]) {
      const args = manifests(await template(values)).find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec?.containers?.[0]?.args ?? [];
      const flags = args.filter((each) => each.startsWith('--')).map((each) => each.replace(/=.*/, ''));
      expect(flags.length).toBeGreaterThan(8);
      expect(flags.filter((flag) => !known.has(flag))).toEqual([]);
    }
  });

  test('the kustomize base is what the chart makes, and the cluster takes it', async () => {
    expect(await runCommand('deploy/base/render.sh', ['--check'])).toMatchObject({ code: 0, stderr: '' });
    const built = await kube.ok(['kustomize', 'deploy/base']);
    expect(manifests(built).filter(({ kind }) => kind === 'CustomResourceDefinition').length).toBe(6);
    const { code, stderr } = await kube.run(['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'], { input: built });
    expect(stderr).toBe('');
    expect(code).toBe(0);
  }, 60_000);

  test('every value is documented', () => {
    const [values] = parseAllDocuments(readFileSync(`${CHART}/values.yaml`, 'utf8'));
    const page = readFileSync('docs/deploy.md', 'utf8');
    const keys = Object.keys(values.toJS() as object);
    expect(keys.filter((key) => !page.includes(`\`${key}`))).toEqual([]);
  });
});

/** What a replica writes, in short. */
const WEBHOOKS = {
  webhooks: [{
    name: 'admission.gleaner.dev', admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Ignore', clientConfig: { url: 'https://127.0.0.1:1/validate' },
    rules: [{ apiGroups: ['gleaner.dev'], apiVersions: ['v1alpha1'], operations: ['CREATE'], resources: ['jobs'] }],
  }],
};

/** As much of the Prometheus operator's definition as is used. */
const SERVICE_MONITOR = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  names: {kind: ServiceMonitor, plural: servicemonitors}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
`;
