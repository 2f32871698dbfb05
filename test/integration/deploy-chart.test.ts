/** What the Helm chart makes of its values, object by object: what is there, what goes when it is switched off, and that one part fits the other. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

import { CHART, CHART_NAMESPACE, FULL, helm, manifests, SMALL, type Manifest } from '../support/chart';
import { describeWithKube } from '../support/kube-apiserver';
import { describeRight, rightsOf, type Role } from '../support/rights';

type Labels = Record<string, string>;
interface Probe {
  httpGet: { path: string; port: string; scheme: string };
}
interface Container {
  args: string[];
  ports: { name: string; containerPort: number }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  securityContext: object;
}
interface Deployment extends Manifest {
  spec: { template: { metadata: { labels: Labels }; spec: { securityContext: object; containers: Container[]; serviceAccountName: string } } };
}
interface Service extends Manifest {
  spec: { type?: string; clusterIP?: string; selector: Labels; ports: { name: string; port: number; targetPort: string }[] };
}
interface NetworkPolicy extends Manifest {
  spec: { podSelector: { matchLabels: Labels }; policyTypes: string[]; ingress: object[]; egress: object[] };
}
interface Binding extends Manifest {
  roleRef: { kind: string; name: string };
  subjects: { kind: string; name: string; namespace?: string }[];
}

const USER_ROLES = ['aggregate-to-edit', 'aggregate-to-view', 'catalog', 'issuer', 'operator', 'viewer'].map((name) => `ClusterRole/gleaner-${name}`);
const REPLICA_ROLES = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'].map((kind) => `${kind}/gleaner-controlplane`);
const ALWAYS = [
  'Deployment/gleaner', 'NetworkPolicy/gleaner', 'Service/gleaner', 'Service/gleaner-peers', 'Service/gleaner-webhook', 'ServiceAccount/gleaner',
  'ValidatingWebhookConfiguration/gleaner', ...REPLICA_ROLES, 'Role/gleaner-gateway-reader', 'RoleBinding/gleaner-gateway-reader', ...USER_ROLES, 'ClusterRoleBinding/gleaner-catalog',
];
const SWITCHES: Record<string, string[]> = {
  'networkPolicy.enabled=false': ['NetworkPolicy/gleaner'],
  'podDisruptionBudget.enabled=false': ['PodDisruptionBudget/gleaner'],
  'replicas=1': ['PodDisruptionBudget/gleaner'],
  'metrics.serviceMonitor.enabled=false': ['ServiceMonitor/gleaner'],
  'metrics.readers=null': ['ClusterRole/gleaner-metrics', 'ClusterRoleBinding/gleaner-metrics'],
  'webhook.enabled=false': ['Service/gleaner-webhook', 'ValidatingWebhookConfiguration/gleaner'],
  'rbac.create=false': [...REPLICA_ROLES, 'Role/gleaner-gateway-reader', 'RoleBinding/gleaner-gateway-reader'],
  'serviceAccount.create=false': ['ServiceAccount/gleaner'],
  'userRoles.create=false': [...USER_ROLES, 'ClusterRoleBinding/gleaner-catalog'],
};
const matches = (selector: Labels, labels: Labels = {}): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);

describeWithKube('the chart', ['helm'], (paths) => {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-chart-'));
  const { template } = helm(paths.helm, dir);
  const namesOf = (objects: Manifest[]): string[] => objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
  let full: Manifest[];
  const get = <T extends Manifest>(name: string): T => {
    const found = full.find(({ kind, metadata }) => `${kind}/${metadata.name}` === name);
    if (!found) throw new Error(`the chart makes no ${name}`);
    return found as T;
  };
  const pod = (): Deployment['spec']['template'] => get<Deployment>('Deployment/gleaner').spec.template;
  const container = (): Container => pod().spec.containers[0];
  const flag = (name: string): string[] => container().args.filter((each) => each.startsWith(`${name}=`)).map((each) => each.slice(name.length + 1));

  beforeAll(async () => { full = manifests(await template(FULL)); }, 30_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('makes these objects, all of them in its namespace', async () => {
    const more = ['ClusterRole/gleaner-metrics', 'ClusterRoleBinding/gleaner-metrics', 'PodDisruptionBudget/gleaner', 'ServiceMonitor/gleaner'];
    expect(namesOf(full)).toEqual([...ALWAYS, ...more].sort());
    expect(namesOf(manifests(await template(SMALL)))).toEqual([...ALWAYS].sort());
    const everywhere = /^Cluster|^ValidatingWebhookConfiguration$/;
    expect(full.filter(({ kind, metadata }) => metadata.namespace !== (everywhere.test(kind) ? undefined : CHART_NAMESPACE))).toEqual([]);
  });

  test.each(Object.entries(SWITCHES))('%s leaves out what it is about, and nothing else', async (value, gone) => {
    expect(namesOf(manifests(await template([...FULL, '--set', value])))).toEqual(namesOf(full).filter((name) => !gone.includes(name)));
  });

  test('one container, of the profile "restricted" and more', () => {
    const { securityContext, containers } = pod().spec;
    expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } });
    expect(containers.map((each) => each.securityContext)).toEqual([{
      allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' },
    }]);
  });

  test('its probes ask the replica itself, at the peer port', () => {
    const probe = (path: string): Probe => ({ httpGet: { path, port: 'peer', scheme: 'HTTPS' } });
    expect(container()).toMatchObject({ startupProbe: probe('/livez'), livenessProbe: probe('/livez'), readinessProbe: probe('/readyz') });
    expect(container().ports).toEqual([expect.objectContaining({ name: 'https', containerPort: 7643 }), expect.objectContaining({ name: 'peer', containerPort: 7644 })]);
    expect([flag('--port'), flag('--peer-port')]).toEqual([['7643'], ['7644']]);
  });

  test('its Services reach the pods, each at a port that they have', () => {
    const ports = container().ports.map(({ name }) => name);
    for (const name of ['gleaner', 'gleaner-peers', 'gleaner-webhook']) {
      const { spec } = get<Service>(`Service/${name}`);
      expect(matches(spec.selector, pod().metadata.labels)).toBe(true);
      expect(ports).toEqual(expect.arrayContaining(spec.ports.map(({ targetPort }) => targetPort)));
    }
    expect(get<Service>('Service/gleaner').spec).toMatchObject({ type: 'LoadBalancer', ports: [{ port: 7643, targetPort: 'https' }] });
    expect(get<Service>('Service/gleaner-peers').spec).toMatchObject({ clusterIP: 'None', ports: [{ name: 'peer', port: 7644, targetPort: 'peer' }] });
  });

  test('one replica at a time may be taken away', () => {
    const { spec } = get<Manifest & { spec: { selector: { matchLabels: Labels } } }>('PodDisruptionBudget/gleaner');
    expect(spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: expect.anything() as Labels } });
    expect(matches(spec.selector.matchLabels, pod().metadata.labels)).toBe(true);
  });

  test('Prometheus scrapes every replica by itself, verifies it, and may', () => {
    interface Monitor extends Manifest {
      spec: { selector: { matchLabels: Labels }; endpoints: { port: string; tlsConfig: { serverName: string } }[] };
    }
    const { spec } = get<Monitor>('ServiceMonitor/gleaner');
    const selected = full.filter(({ kind, metadata }) => kind === 'Service' && matches(spec.selector.matchLabels, metadata.labels)) as Service[];
    expect(namesOf(selected)).toEqual(['Service/gleaner-peers']);
    expect(spec.endpoints).toEqual([expect.objectContaining({ scheme: 'https', path: '/metrics', interval: '30s', bearerTokenFile: expect.any(String) as string })]);
    const [{ port, tlsConfig }] = spec.endpoints;
    expect(selected[0].spec.ports.map(({ name }) => name)).toContain(port);
    expect(tlsConfig).toEqual({ serverName: 'gleaner.gleaner-system.svc', ca: { configMap: { name: 'gleaner-gateway', key: 'ca.crt' } } });
    expect(flag('--name')).toContain(tlsConfig.serverName);
    expect(get<Manifest & { rules: object[] }>('ClusterRole/gleaner-metrics').rules).toEqual([{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]);
    expect(get('ClusterRoleBinding/gleaner-metrics')).toMatchObject({ roleRef: { kind: 'ClusterRole', name: 'gleaner-metrics' }, subjects: [{ kind: 'User', name: 'prometheus' }] });
  });

  test('the network lets in and out what is named', () => {
    const { spec } = get<NetworkPolicy>('NetworkPolicy/gleaner');
    expect(matches(spec.podSelector.matchLabels, pod().metadata.labels)).toBe(true);
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    const tcp = (...ports: (string | number)[]): object[] => ports.map((port) => ({ port, protocol: 'TCP' }));
    expect(spec.ingress).toEqual([{ ports: tcp('https'), from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }, { ports: tcp('peer') }]);
    expect(spec.egress).toEqual([
      { ports: [{ port: 53, protocol: 'UDP' }, ...tcp(53)] }, { ports: tcp(443, 6443) }, { ports: tcp(5432) },
      { ports: tcp(7644), to: [{ podSelector: spec.podSelector }] }, { ports: [{ port: 9000 }] },
    ]);
  });

  test("the API server's webhook calls come through, whoever else is let in", () => {
    const [, service, port] = /^service\/(.+):(\d+)$/.exec(flag('--webhook')[0]) ?? [];
    expect(flag('--name')).toContain(`${service}.${CHART_NAMESPACE}.svc`);
    const { spec } = get<Service>(`Service/${service}`);
    // An API server does not go to a Service without an address.
    expect([spec.type, spec.clusterIP]).toEqual(['ClusterIP', undefined]);
    const target = spec.ports.find((each) => each.port === Number(port))?.targetPort;
    expect(get<NetworkPolicy>('NetworkPolicy/gleaner').spec.ingress).toContainEqual({ ports: [{ port: target, protocol: 'TCP' }] });
  });

  test("a replica's roles are those that the tests run one with; of Secrets it reads its own", () => {
    const base = parseAllDocuments(readFileSync('deploy/base/rbac.yaml', 'utf8')).map((each) => each.toJS() as Role & Binding);
    for (const each of base) {
      const made = get<Manifest & Role & Binding>(`${each.kind}/${each.metadata.name}`);
      expect({ rules: made.rules, roleRef: made.roleRef, subjects: made.subjects }).toEqual({ rules: each.rules, roleRef: each.roleRef, subjects: each.subjects });
    }
    expect(base).toHaveLength(7);
    expect(pod().spec.serviceAccountName).toBe('gleaner');
    const rights = REPLICA_ROLES.filter((name) => !name.includes('Binding')).flatMap((name) => rightsOf(get<Manifest & Role>(name)));
    expect(rights.filter(({ resource }) => resource === 'secrets').map(describeRight)).toEqual(['Role create secrets', 'Role get secrets gleaner-pki']);
    expect(rights.filter(({ verb, resource }) => `${verb} ${resource}`.includes('*') || /^(pods|roles|rolebindings|clusterroles|clusterrolebindings)\b/.test(resource))).toEqual([]);
    expect(rightsOf(get<Manifest & Role>('Role/gleaner-gateway-reader')).map(describeRight)).toEqual(['Role get configmaps gleaner-gateway']);
  });

  test('every value is in values.yaml, its schema and the page, and no other', () => {
    interface Schema {
      properties?: Record<string, Schema>;
    }
    const { properties: { global: _ofHelm, ...properties } = {} } = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Schema;
    const leaves = ({ properties: below }: Schema, path: string): string[] =>
      (below ? Object.entries(below).flatMap(([key, each]) => leaves(each, path === '' ? key : `${path}.${key}`)) : [path]);
    const known = leaves({ properties }, '').sort();
    const values = (value: unknown, path: string): string[] =>
      (known.includes(path) || typeof value !== 'object' || value === null ? [path] : Object.entries(value).flatMap(([key, each]) => values(each, path === '' ? key : `${path}.${key}`)));
    expect(values(parse(readFileSync(`${CHART}/values.yaml`, 'utf8')), '').sort()).toEqual(known);
    const rows = readFileSync('docs/deploy.md', 'utf8').split('\n| value | default | |\n|---|---|---|\n')[1].split('\n\n')[0].split('\n').map((row) => row.split('|').map((cell) => cell.trim()));
    const documented = rows.flatMap(([, names]) => {
      const [first, ...others] = [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
      return [first, ...others.map((name) => (name.startsWith('.') ? first.replace(/\.[^.]+$/, name) : name))];
    });
    expect(documented.sort()).toEqual(known);
    expect(rows.filter(([, , normally, what]) => normally === '' || what === '')).toEqual([]);
  });
});
