/** Discovery and OpenAPI: what both servers serve, described alike. */
import { isObject, type JsonObject } from '../../../controlplane/apiserver/schema/schema';
import { get, post, type Sequence, type Step } from '../step';

/** Groups that both servers serve whole. */
const GROUPS = ['apiextensions.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io', 'coordination.k8s.io', 'events.k8s.io', 'gleaner.dev', 'rbac.authorization.k8s.io', 'stable.example.com'];
const CORE = new Set(['configmaps', 'events', 'namespaces', 'namespaces/finalize', 'namespaces/status', 'podtemplates', 'secrets', 'serviceaccounts', 'serviceaccounts/token']);
const AGGREGATED = { Accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json' };

const named = (list: unknown, keep: (name: string) => boolean): JsonObject[] =>
  (Array.isArray(list) ? (list as JsonObject[]) : []).filter(({ name }) => keep(String(name))).sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));

/** Hashes of what is stored are the server's own. */
const withoutHash = (resource: JsonObject): JsonObject => Object.fromEntries(Object.entries(resource).filter(([name]) => name !== 'storageVersionHash'));

function ofGroups(body: unknown): unknown {
  const { groups, ...rest } = body as JsonObject;
  return { ...rest, groups: named(groups, (name) => GROUPS.includes(name)) };
}

function ofResources(body: unknown, keep: (name: string) => boolean = () => true): unknown {
  const { resources, ...rest } = body as JsonObject;
  return { ...rest, resources: named(resources, keep).map(withoutHash) };
}

function ofAggregated(body: unknown): unknown {
  const { items, ...rest } = body as { items: { metadata: { name?: string }; versions: { resources: JsonObject[] }[] }[] };
  const chosen = items.filter(({ metadata }) => GROUPS.includes(metadata.name ?? '')).sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  return { ...rest, items: chosen.map(({ metadata: { name }, ...group }) => ({ name, ...group })) };
}

function aggregatedCore(body: unknown): unknown {
  const { items } = body as { items: { versions: { resources: { resource: string }[] }[] }[] };
  return items[0].versions.map(({ resources, ...version }) => ({ ...version, resources: resources.filter(({ resource }) => CORE.has(resource)).sort((a, b) => (a.resource < b.resource ? -1 : 1)) }));
}

/** Of each operation what clients read: what it does, to what. */
function operations(body: unknown): unknown {
  const { paths } = body as { paths: Record<string, JsonObject> };
  const chosen = Object.entries(paths).filter(([path]) => !path.endsWith('/'));
  return Object.fromEntries(chosen.map(([path, methods]) => [path, Object.fromEntries(Object.entries(methods).filter(([, operation]) => isObject(operation)).map(([method, operation]) => [method, essence(operation as JsonObject)]))]));
}

const essence = (operation: JsonObject): object => ({ action: operation['x-kubernetes-action'], kind: operation['x-kubernetes-group-version-kind'] });

/** Each server has checks of its own; the counters of the embedded one are another part's. */
function ofPaths(body: unknown): unknown {
  const { paths, ...rest } = body as { paths: string[] };
  const isCommon = (path: string): boolean => {
    const [, root, name] = path.split('/');
    if (root === 'apis') return name === undefined || name === '' || GROUPS.includes(name);
    if (['healthz', 'livez', 'readyz'].includes(root)) return name === undefined || ['log', 'ping', 'shutdown'].includes(name);
    return root !== 'metrics';
  };
  return { ...rest, paths: paths.filter(isCommon) };
}

function widgetSchema(body: unknown): unknown {
  const { components } = body as { components: { schemas: Record<string, JsonObject> } };
  const { 'com.example.stable.v1.Widget': widget } = components.schemas;
  const { properties, ...rest } = widget as { properties: JsonObject };
  return { ...rest, properties: { spec: properties.spec, status: properties.status } };
}

const steps: Step[] = [
  get('groups', '/apis', { pick: ofGroups }),
  get('versions', '/api', { pick: (body) => (body as JsonObject).versions }),
  get('groups, aggregated', '/apis', { headers: AGGREGATED, pick: ofAggregated }),
  get('core, aggregated', '/api', { headers: AGGREGATED, pick: aggregatedCore }),
  get('core', '/api/v1', { pick: (body) => ofResources(body, (name) => CORE.has(name)) }),
  ...GROUPS.map((group) => get(`group ${group}`, `/apis/${group}`)),
  get('group with a slash', '/apis/stable.example.com/'),
  ...['apiextensions.k8s.io/v1', 'authentication.k8s.io/v1', 'authorization.k8s.io/v1', 'coordination.k8s.io/v1', 'events.k8s.io/v1', 'gleaner.dev/v1alpha1', 'rbac.authorization.k8s.io/v1', 'stable.example.com/v1', 'stable.example.com/v1beta1'].map((version) =>
    get(`resources of ${version}`, `/apis/${version}`, { pick: ofResources })),
  get('aggregated discovery of one group', '/apis/stable.example.com', { headers: AGGREGATED }),
  get('openapi index', '/openapi/v3', { pick: (body) => Object.keys((body as { paths: object }).paths).filter((path) => GROUPS.some((group) => path.startsWith(`apis/${group}/`))).sort() }),
  get('openapi operations of widgets', '/openapi/v3/apis/stable.example.com/v1', { pick: operations }),
  get('openapi schema of widgets', '/openapi/v3/apis/stable.example.com/v1', { pick: widgetSchema }),
  get('openapi operations of leases', '/openapi/v3/apis/coordination.k8s.io/v1', { pick: operations }),
  get('version', '/version', { pick: (body) => [Object.keys(body as object).sort(), (body as JsonObject).platform] }),
  get('all paths', '/', { pick: ofPaths }),
  get('all paths, by the other name', '/index.html', { pick: ofPaths }),
  get('all paths, for who takes no JSON', '/', { headers: { Accept: 'application/yaml' }, pick: ofPaths }),
  post('all paths, posted', '/', undefined, { pick: ofPaths }),
  get('all paths, without credentials', '/', { token: '' }),
  get('two slashes', '//'),
];

export const DOCUMENTS: Sequence[] = [{ name: 'documents', steps }];
