/** The Helm chart and the kustomize base, against a real kube-apiserver: valid, accepted, restricted, and what their roles allow. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CHART, CHART_NAMESPACE, FULL, helm as chart, manifests, SMALL, type Manifest } from '../support/chart';
import { runCommand } from '../support/gleaner';
import { kubectl, type Kubectl } from '../support/kubectl';
import { describeWithKube, startKubeApiServer, type KubeApiServer } from '../support/kube-apiserver';

interface Deployment extends Manifest {
  spec: { template: { metadata: object; spec: { securityContext: object; containers: { args: string[] }[] } } };
}

const deployment = (text: string): Deployment => {
  const found = manifests<Deployment>(text).find(({ kind }) => kind === 'Deployment');
  if (!found) throw new Error('there is no Deployment');
  return found;
};

describeWithKube('deploying', ['etcd', 'kube-apiserver', 'helm'], (paths) => {
  let server: KubeApiServer;
  let kube: Kubectl;
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-deploy-'));
  const { run: helm, template } = chart(paths.helm, dir, () => server.kubeconfig);
  const can = async (user: string, ...what: string[]): Promise<boolean> => (await kube.run(['auth', 'can-i', '-q', `--as=${user}`, ...what])).code === 0;

  beforeAll(async () => {
    server = await startKubeApiServer();
    kube = kubectl(server.kubeconfig, server.dir);
    await kube.ok(['apply', '--server-side', '-f', 'deploy/base/namespace.yaml', '-f', 'deploy/base/crds.yaml']);
    await kube.ok(['apply', '-f', '-'], { input: SERVICE_MONITOR });
    await kube.ok(['create', 'serviceaccount', 'default', '-n', CHART_NAMESPACE]);
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

  test('a namespace of the profile "restricted" takes its pods, and not without their security context', async () => {
    const { metadata, spec } = deployment(await template(SMALL)).spec.template;
    const create = (containers: object[]) => {
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'gleaner', namespace: CHART_NAMESPACE }, spec: { ...spec, serviceAccountName: 'default', containers } };
      return kube.run(['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(pod) });
    };
    expect(await create(spec.containers)).toEqual({ code: 0, stdout: 'pod/gleaner created (server dry run)\n', stderr: '' });
    const lax = await create(spec.containers.map((each) => ({ ...each, securityContext: {} })));
    expect([lax.code, lax.stderr]).toEqual([1, expect.stringContaining('violates PodSecurity "restricted:latest"')]);
  });

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

  /** What the roles of the installed chart allow whom. */
  const rolesAllow = async (): Promise<void> => {
    const replica = `system:serviceaccount:${CHART_NAMESPACE}:gleaner`;
    for (const name of ['issuer', 'viewer']) await kube.ok(['create', 'rolebinding', name, `--clusterrole=gleaner-${name}`, `--user=${name}`, '-n', 'default']);
    for (const name of ['viewer', 'operator']) await kube.ok(['create', 'clusterrolebinding', name, `--clusterrole=gleaner-${name}`, `--user=all-${name}`]);
    const may: [string, ...string[]][] = [
      [replica, 'get', 'secrets/gleaner-pki', '-n', CHART_NAMESPACE], [replica, 'create', 'tasks.gleaner.dev', '-A'], [replica, 'update', 'jobs.gleaner.dev', '--subresource=status', '-A'],
      [replica, 'update', 'leases.coordination.k8s.io/gleaner', '-n', CHART_NAMESPACE], ['anybody', 'get', 'configmaps/gleaner-gateway', '-n', CHART_NAMESPACE],
      ['anybody', 'list', 'ratetiers.gleaner.dev', '-A'], ['issuer', 'create', 'jobs.gleaner.dev', '-n', 'default'], ['issuer', 'get', 'jobs.gleaner.dev', '--subresource=results', '-n', 'default'],
      ['viewer', 'list', 'tasks.gleaner.dev', '-n', 'default'], ['all-viewer', 'get', '/metrics'], ['all-viewer', 'list', 'agents.gleaner.dev', '-A'],
      ['all-operator', 'create', 'namespaces', '-A'], ['all-operator', 'post', '/tokens'], ['all-operator', 'delete', 'agents.gleaner.dev', '-A'], ['prometheus', 'get', '/metrics'],
    ];
    const mayNot: [string, ...string[]][] = [
      [replica, 'get', 'secrets/another', '-n', CHART_NAMESPACE], [replica, 'list', 'secrets', '-n', CHART_NAMESPACE], [replica, 'get', 'secrets/gleaner-pki', '-n', 'default'],
      [replica, 'update', 'secrets/gleaner-pki', '-n', CHART_NAMESPACE], [replica, 'update', 'jobs.gleaner.dev', '-A'], [replica, 'list', 'pods', '-A'],
      [replica, 'create', 'clusterrolebindings', '-A'], [replica, 'update', 'validatingwebhookconfigurations/another', '-A'],
      ['anybody', 'get', 'configmaps/another', '-n', CHART_NAMESPACE], ['anybody', 'get', '/metrics'], ['anybody', 'list', 'jobs.gleaner.dev', '-n', 'default'],
      ['issuer', 'create', 'jobs.gleaner.dev', '-n', CHART_NAMESPACE], ['issuer', 'create', 'tasks.gleaner.dev', '-n', 'default'], ['issuer', 'list', 'agents.gleaner.dev', '-A'],
      ['viewer', 'create', 'jobs.gleaner.dev', '-n', 'default'], ['all-viewer', 'post', '/tokens'], ['all-operator', 'get', 'secrets', '-n', CHART_NAMESPACE],
      ['all-operator', 'create', 'clusterrolebindings', '-A'], ['prometheus', 'get', '/tokens'],
    ];
    const answers = async (all: [string, ...string[]][]): Promise<string[]> => {
      const allowed: string[] = [];
      for (const each of all) if (await can(...each)) allowed.push(each.join(' '));
      return allowed;
    };
    expect(await answers(may)).toEqual(may.map((each) => each.join(' ')));
    expect(await answers(mayNot)).toEqual([]);
  };

  test('helm installs, upgrades and uninstalls it; the definitions stay', async () => {
    const installed = await helm('install', 'gleaner', CHART, '--namespace', CHART_NAMESPACE, ...SMALL);
    expect(installed.stderr).toBe('');
    expect(installed.stdout).toContain('STATUS: deployed');
    expect(installed.stdout).toContain('rollout status deployment/gleaner');
    expect(await kube.ok(['get', 'deployment', 'gleaner', '-n', CHART_NAMESPACE, '-o', 'jsonpath={.spec.replicas}'])).toBe('1');
    // As a replica does it.
    const webhook = JSON.parse(await kube.ok(['get', 'validatingwebhookconfiguration', 'gleaner', '-o', 'json'])) as object;
    await kube.ok(['replace', '-f', '-'], { input: JSON.stringify({ ...webhook, ...WEBHOOKS }) });
    const upgraded = await helm('upgrade', 'gleaner', CHART, '--namespace', CHART_NAMESPACE, ...FULL);
    expect(upgraded.stderr).toBe('');
    expect(await kube.ok(['get', 'deployment', 'gleaner', '-n', CHART_NAMESPACE, '-o', 'jsonpath={.spec.replicas}'])).toBe('3');
    expect(await kube.ok(['get', 'validatingwebhookconfiguration', 'gleaner', '-o', 'jsonpath={.webhooks[*].name}'])).toBe('admission.gleaner.dev');
    await rolesAllow();
    const gone = await helm('uninstall', 'gleaner', '--namespace', CHART_NAMESPACE);
    expect(gone.stdout).toBe('release "gleaner" uninstalled\n');
    expect(await kube.fails(['get', 'deployment', 'gleaner', '-n', CHART_NAMESPACE])).toContain('NotFound');
    expect(await kube.fails(['get', 'validatingwebhookconfiguration', 'gleaner'])).toContain('NotFound');
    expect(await kube.ok(['get', 'crd', '-o', 'name'])).toContain('jobs.gleaner.dev');
  }, 90_000);

  test('its arguments are known to gleaner server', async () => {
    const { stdout: help } = await runCommand(process.execPath, ['bin/gleaner', 'server', '--help']);
    const known = new Set(help.match(/--[a-z0-9-]+/g));
    for (const values of [FULL, SMALL]) {
      const args = deployment(await template(values)).spec.template.spec.containers[0].args;
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
