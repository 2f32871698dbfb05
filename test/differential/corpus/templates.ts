/** Pod templates, whose lists merge by keys: defaults, rules, strategic merge, apply; both forms of events; what types of secrets ask for. */
import { apply, del, get, merge, post, put, strategic, TABLE, table, type Sequence, type Step } from '../step';

const TEMPLATES = '/api/v1/namespaces/${ns}/podtemplates';
const container = (name: string, more: object = {}): object => ({ name, image: `${name}:1`, ...more });
const template = (name: string, spec: object, metadata: object = {}): object => ({
  apiVersion: 'v1', kind: 'PodTemplate', metadata: { name, ...metadata }, template: { metadata: { labels: { x: 'y' } }, spec },
});

const created: Step[] = [
  ...table<[string, object]>([
    ['plain', { containers: [container('a')] }],
    ['ports', { containers: [container('a', { ports: [{ containerPort: 80 }, { containerPort: 81, protocol: 'UDP', name: 'q' }] })] }],
    ['quantities', { containers: [container('a', { resources: { limits: { cpu: 1, memory: '0.5Gi' }, requests: { cpu: '1000m', memory: '1024Ki' } } })] }],
    ['probes', { containers: [container('a', { livenessProbe: { httpGet: { path: '/', port: 80, scheme: 'HTTP' } }, readinessProbe: { exec: { command: ['x'] }, periodSeconds: 3 } })] }],
    ['probes by default', { containers: [container('a', { livenessProbe: { httpGet: { port: 80 } }, startupProbe: { grpc: { port: 9 } }, lifecycle: { preStop: { httpGet: { port: 'x' } } }, env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] })] }],
    ['volumes', { containers: [container('a')], volumes: [{ name: 'v', hostPath: { path: '/' } }, { name: 's', secret: { secretName: 's' } }, { name: 'c', configMap: { name: 'c' } }, { name: 'e', emptyDir: {} }] }],
    ['policies', { containers: [container('a', { imagePullPolicy: 'Never' })], restartPolicy: 'Always', dnsPolicy: 'Default', terminationGracePeriodSeconds: 0 }],
    ['images', { containers: [{ name: 'a', image: 'a' }, { name: 'b', image: 'b:latest' }, { name: 'c', image: 'c:1' }, { name: 'd', image: 'r.io:5000/d' }] }],
    ['init', { initContainers: [container('i')], containers: [container('a')] }],
    ['no containers', {}],
    ['containers that are none', { containers: [] }],
    ['no image', { containers: [{ name: 'a' }] }],
    ['bad name', { containers: [container('A_b')] }],
    ['two of one name', { containers: [container('a'), container('a')] }],
    ['bad restart policy', { containers: [container('a')], restartPolicy: 'Sometimes' }],
    ['bad pull policy', { containers: [container('a', { imagePullPolicy: 'Sometimes' })] }],
    ['two volume types', { containers: [container('a')], volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] }],
    ['two volumes of one name', { containers: [container('a')], volumes: [{ name: 'v', emptyDir: {} }, { name: 'v', emptyDir: {} }] }],
    ['bad quantity', { containers: [container('a', { resources: { limits: { cpu: 'much' } } })] }],
    ['containers of text', { containers: 'x' }],
    ['argument of number', { containers: [container('a', { args: [1] })] }],
  ], (label, spec) => post(label, TEMPLATES, template(label.replaceAll(' ', '-'), spec))),
  get('Table', `${TEMPLATES}/init`, { headers: TABLE }),
];

const base = template('smp', {
  containers: [container('a', { env: [{ name: 'X', value: '1' }], args: ['x'], ports: [{ containerPort: 80 }, { containerPort: 81, name: 'q' }] }), container('b'), container('c')],
  volumes: [{ name: 'v', emptyDir: {} }, { name: 'w', hostPath: { path: '/' } }], tolerations: [{ key: 'a', operator: 'Exists' }], imagePullSecrets: [{ name: 's1' }],
}, { finalizers: ['a.io/x', 'b.io/x'], labels: { l: 'm', n: 'o' } });
const SMP = `${TEMPLATES}/smp?dryRun=All`;
const containers = (list: object[], more: object = {}): object => ({ template: { spec: { ...more, containers: list } } });

const merged: Step[] = [
  post('create', TEMPLATES, base),
  ...table<[string, object]>([
    ['one container', containers([{ name: 'b', image: 'new' }])],
    ['env and args', containers([{ name: 'a', env: [{ name: 'Y', value: '2' }], args: ['y'] }])],
    ['delete one', containers([{ name: 'a', $patch: 'delete' }])],
    ['add one', containers([container('d')])],
    ['order with a new one', containers([container('d')], { '$setElementOrder/containers': [{ name: 'c' }, { name: 'd' }, { name: 'a' }] })],
    ['order alone', { template: { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } } }],
    ['replace all', containers([{ $patch: 'replace' }, container('z')])],
    ['keys that stay', { template: { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] } } }],
    ['another type', { template: { spec: { volumes: [{ name: 'v', emptyDir: null, hostPath: { path: '/x' } }] } } }],
    ['two types', { template: { spec: { volumes: [{ name: 'v', hostPath: { path: '/x' } }] } } }],
    ['add to a set', { metadata: { finalizers: ['c.io/x', 'a.io/x'] } }],
    ['take from a set', { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.io/x'] } }],
    ['order of a set', { metadata: { '$setElementOrder/finalizers': ['b.io/x', 'a.io/x'] } }],
    ['replace a map', { metadata: { labels: { $patch: 'replace', z: '1' } } }],
    ['empty a map', { metadata: { labels: { $patch: 'delete' } } }],
    ['no map', { metadata: { labels: null } }],
    ['keys of a map that stay', { metadata: { labels: { $retainKeys: ['n'], n: '1' } } }],
    ['keys that do not', { metadata: { labels: { $retainKeys: ['n'], m: '1' } } }],
    ['an atomic list', { template: { spec: { tolerations: [{ key: 'b', operator: 'Exists' }] } } }],
    ['secrets by name', { template: { spec: { imagePullSecrets: [{ name: 's2' }] } } }],
    ['port by number', containers([{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }] }])],
    ['port away', containers([{ name: 'a', ports: [{ containerPort: 81, $patch: 'delete' }] }])],
    ['unknown field', containers([{ name: 'a', odd: 'x' }])],
    ['new maps with nulls', { template: { spec: { nodeSelector: { a: 'b', c: null }, securityContext: { runAsUser: 0 } } } }],
    ['quantities', containers([{ name: 'b', resources: { limits: { cpu: '0.5', memory: '1024Mi' } } }])],
    ['no template', { template: null }],
  ], (label, patch) => strategic(label, SMP, patch)),
  merge('merge replaces lists', SMP, containers([container('only')])),
  strategic('written', `${TEMPLATES}/smp?fieldManager=strat`, containers([{ name: 'b', image: 'new' }])),
  strategic('without change', `${TEMPLATES}/smp`, containers([{ name: 'b', image: 'new' }])),
  merge('let go', `${TEMPLATES}/smp`, { metadata: { finalizers: null } }),
  del('delete', `${TEMPLATES}/smp`),
];

const own = (manager: string, list: object[], more = ''): Step => apply(`${manager}${more}`, `${TEMPLATES}/ssa?fieldManager=${manager}${more}`, template('ssa', { containers: list }));
const applied: Step[] = [
  own('one', [container('a', { ports: [{ containerPort: 80 }] })]),
  own('two', [container('b', { env: [{ name: 'A', value: '1' }] })]),
  own('two', [{ name: 'a', image: 'other' }], '&x=1'),
  own('two', [{ name: 'a', image: 'other' }], '&force=true'),
  own('one', [container('a')], '&y=1'),
  get('all owners', `${TEMPLATES}/ssa`),
];

const EVENTS = '/apis/events.k8s.io/v1/namespaces/${ns}/events';
const about = { kind: 'ConfigMap', name: 'c', namespace: '${ns}' };
const event = (name: string, more: object = {}): object => ({
  apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name }, regarding: about, reason: 'Because', note: 'hello', type: 'Normal', action: 'Did',
  eventTime: '2024-01-01T00:00:00.123456Z', reportingController: 'example.com/c', reportingInstance: 'i-1', ...more,
});
const events: Step[] = [
  post('create', EVENTS, event('e'), { capture: { rv: 'metadata.resourceVersion' } }),
  get('as core/v1', '/api/v1/namespaces/${ns}/events/e'),
  post('of core/v1', '/api/v1/namespaces/${ns}/events', { apiVersion: 'v1', kind: 'Event', metadata: { name: 'old', namespace: '${ns}' }, involvedObject: about, message: 'legacy', count: 3, firstTimestamp: '2024-01-01T00:00:00Z' }),
  get('as events.k8s.io', `${EVENTS}/old`),
  get('list', `${EVENTS}?fieldSelector=regarding.name%3Dc`),
  get('by controller', `${EVENTS}?fieldSelector=reportingController%3Dexample.com/c`),
  get('by a field of the other form', `${EVENTS}?fieldSelector=involvedObject.name%3Dc`),
  merge('the series', `${EVENTS}/e`, { series: { count: 2, lastObservedTime: '2024-01-01T00:00:01.000000Z' } }),
  merge('the note', `${EVENTS}/e`, { note: 'other' }),
  merge('the type', `${EVENTS}/e`, { type: 'Warning' }),
  put('put, as it is', `${EVENTS}/e`, event('e', { series: { count: 2, lastObservedTime: '2024-01-01T00:00:01.000000Z' } })),
  ...table<[string, object]>([
    ['without time', { eventTime: null }], ['odd type', { type: 'Odd' }], ['without controller', { reportingController: '' }], ['without action and reason', { action: '', reason: '' }],
    ['count', { deprecatedCount: 1 }], ['source', { deprecatedSource: { component: 'x' } }], ['long reason', { reason: 'r'.repeat(129) }], ['long note', { note: 'n'.repeat(1025) }],
    ['short series', { series: { count: 1, lastObservedTime: '2024-01-01T00:00:01.000000Z' } }], ['elsewhere', { regarding: { ...about, namespace: 'other' } }], ['bad controller', { reportingController: 'a b' }],
  ], (label, change) => post(label, EVENTS, event(`x-${label.replaceAll(' ', '-')}`, change))),
  del('delete', `${EVENTS}/e`),
  get('gone in both', '/api/v1/namespaces/${ns}/events/e'),
];

const SECRETS = '/api/v1/namespaces/${ns}/secrets';
const secret = (name: string, type: string, data: object, more: object = {}): object => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, ...more }, type, data });
const secrets: Step[] = [
  ...table<[string, string, object]>([
    ['tls', 'kubernetes.io/tls', { 'tls.crt': '', 'tls.key': '' }], ['tls without key', 'kubernetes.io/tls', { 'tls.crt': '' }], ['tls of nothing', 'kubernetes.io/tls', {}],
    ['basic', 'kubernetes.io/basic-auth', { username: '' }], ['basic of nothing', 'kubernetes.io/basic-auth', {}], ['ssh', 'kubernetes.io/ssh-auth', { 'ssh-privatekey': 'eA==' }],
    ['ssh, empty', 'kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }], ['docker', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': 'e30=' }],
    ['docker of nothing', 'kubernetes.io/dockerconfigjson', {}], ['old docker of nothing', 'kubernetes.io/dockercfg', {}], ['token of nobody', 'kubernetes.io/service-account-token', {}],
    ['own type', 'example.com/x', {}], ['bad keys', 'Opaque', { '..a': '', 'a b': '', '.': '' }],
  ], (label, type, data) => post(label, SECRETS, secret(label.replaceAll(/[ ,]+/g, '-'), type, data))),
  merge('another type', `${SECRETS}/own-type`, { type: 'example.com/y' }),
  merge('immutable', `${SECRETS}/own-type`, { immutable: true }),
  merge('data of an immutable one', `${SECRETS}/own-type`, { data: { a: 'Yg==' } }),
  merge('no longer', `${SECRETS}/own-type`, { immutable: false }),
];

const NAMED = '/api/v1/namespaces/${ns}-f';
const finalized: Step[] = [
  post('create', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '${ns}-f' }, spec: { finalizers: ['example.com/mine'] } }),
  put('put leaves spec', NAMED, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '${ns}-f', labels: { a: 'b' } }, spec: { finalizers: [] } }),
  merge('a phase that cannot be', `${NAMED}/status`, { status: { phase: 'Terminating' } }),
  put('finalize with a bad name', `${NAMED}/finalize`, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '${ns}-f' }, spec: { finalizers: ['not a name'] } }),
  put('finalize', `${NAMED}/finalize`, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '${ns}-f' }, spec: { finalizers: ['kubernetes'] } }),
  get('after', NAMED),
];

export const SHAPES: readonly Sequence[] = [
  { name: 'templates-created', steps: created },
  { name: 'templates-merged', steps: merged },
  { name: 'templates-applied', steps: applied },
  { name: 'events-forms', steps: events },
  { name: 'secret-types', steps: secrets },
  { name: 'namespace-finalize', steps: finalized },
];
