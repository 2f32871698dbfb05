/** The operations on each resource, as both versions of OpenAPI describe them. */
import { groupVersion, type Resource, type VerbName } from '../../resources/resource';
import { patchTypes } from '../../verbs/patch';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

export interface Parameter {
  name: string;
  in: 'query' | 'path';
  type: 'string' | 'integer' | 'boolean';
  description: string;
}

/** What a body or an answer is. */
export type Content = 'object' | 'list' | 'status' | 'deleteOptions' | 'patch' | { group: string; version: string; kind: string };

export interface Operation {
  path: string;
  method: Method;
  /** `x-kubernetes-action` */
  action: string;
  id: string;
  description: string;
  parameters: readonly Parameter[];
  body?: { content: Content; types: readonly string[]; required: boolean };
  answers: readonly { code: number; description: string }[];
  answer: Content;
  produces: readonly string[];
  kind: { group: string; version: string; kind: string };
}

export interface Path {
  path: string;
  parameters: readonly Parameter[];
  operations: readonly Operation[];
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', type, description });
const PRETTY = query('pretty', 'string', 'If "true", the answer is indented for people.');
const DRY_RUN = query('dryRun', 'string', 'All: the request is checked and answered, and nothing is written.');
const FIELD_MANAGER = query('fieldManager', 'string', 'Who makes the change; apply demands it. At most 128 bytes, printable.');
const FIELD_VALIDATION = query('fieldValidation', 'string', 'What becomes of unknown and duplicate fields: Ignore, Warn or Strict.');
const WRITES = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];
const FORCE = query('force', 'boolean', 'Apply takes fields over from other managers instead of reporting conflicts.');
const LISTS = [
  query('allowWatchBookmarks', 'boolean', 'The watch may send events of type BOOKMARK.'),
  query('continue', 'string', 'Of the page before, to get the next one.'),
  query('fieldSelector', 'string', 'A selector to restrict the list of returned objects by their fields. Defaults to everything.'),
  query('labelSelector', 'string', 'A selector to restrict the list of returned objects by their labels. Defaults to everything.'),
  query('limit', 'integer', 'Most objects in one answer.'),
  query('resourceVersion', 'string', 'The version that is asked for, or after which the watch begins.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'The watch begins with what is there, and says where that ends.'),
  query('timeoutSeconds', 'integer', 'How long the list may take, or the watch lasts.'),
];
const WATCH = query('watch', 'boolean', 'Watch for changes to the described resources and return them as a stream of add, update, and remove notifications. Specify resourceVersion.');
const DELETES = [
  DRY_RUN,
  query('gracePeriodSeconds', 'integer', 'Seconds before the object goes.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Background, Foreground or Orphan.'),
];
const pathParameter = (name: string, description: string): Parameter => ({ name, in: 'path', type: 'string', description });

/** What answers are written in. */
const WRITTEN = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
/** Of custom resources. */
const CUSTOM_WRITTEN = WRITTEN.slice(0, 2);
const CUSTOM_STREAMS = STREAMS.slice(0, 1);
const answers = (...codes: number[]) => codes.map((code) => ({ code, description: { 200: 'OK', 201: 'Created', 202: 'Accepted' }[code] ?? '' }));

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `CoreV1`, `GleanerDevV1alpha1`: group and version in the names of operations. */
function groupId({ group, version }: Resource): string {
  const name = group === '' ? 'core' : group.replace(/\.k8s\.io$/, '');
  return name.split(/[.-]/).map(capital).join('') + capital(version);
}

/** `core_v1` */
export const tagOf = ({ group, version }: Resource): string => `${group === '' ? 'core' : group.replace(/\.k8s\.io$/, '').replace(/\./g, '_')}_${version}`;

interface Verb {
  method: Method;
  action: string;
  word: string;
  parameters: readonly Parameter[];
  body?: Content;
  answer: Content;
  codes: readonly number[];
}

const VERBS: Readonly<Record<Exclude<VerbName, 'watch'>, Verb>> = {
  list: { method: 'get', action: 'list', word: 'list', parameters: [...LISTS, WATCH], answer: 'list', codes: [200] },
  create: { method: 'post', action: 'post', word: 'create', parameters: WRITES, body: 'object', answer: 'object', codes: [200, 201, 202] },
  deletecollection: { method: 'delete', action: 'deletecollection', word: 'delete', parameters: [...LISTS, ...DELETES], body: 'deleteOptions', answer: 'status', codes: [200] },
  get: { method: 'get', action: 'get', word: 'read', parameters: [], answer: 'object', codes: [200] },
  update: { method: 'put', action: 'put', word: 'replace', parameters: WRITES, body: 'object', answer: 'object', codes: [200, 201] },
  patch: { method: 'patch', action: 'patch', word: 'patch', parameters: [...WRITES, FORCE], body: 'patch', answer: 'object', codes: [200, 201] },
  delete: { method: 'delete', action: 'delete', word: 'delete', parameters: DELETES, body: 'deleteOptions', answer: 'status', codes: [200, 202] },
};
const COLLECTION = ['list', 'create', 'deletecollection'] as const;
const OBJECT = ['get', 'update', 'patch', 'delete'] as const;
const SUBRESOURCE = ['get', 'create', 'update', 'patch'] as const;

interface Place {
  resource: Resource;
  path: string;
  parameters: readonly Parameter[];
  namespaced: boolean;
  subresource: string;
  /** What bodies and answers are. */
  content: Content;
  kind: { group: string; version: string; kind: string };
  everywhere?: boolean;
}

function at(place: Place, verbs: readonly Exclude<VerbName, 'watch'>[]): Path {
  return { path: place.path, parameters: place.parameters, operations: verbs.map((verb) => operationOf(place, VERBS[verb])) };
}

function operationOf({ resource, path, namespaced, subresource, content, kind, everywhere }: Place, verb: Verb): Operation {
  const written = resource.core ? WRITTEN : CUSTOM_WRITTEN;
  const is = (what: Content): Content => (what === 'object' ? content : what);
  const name = capital(resource.kind) + capital(subresource) + (everywhere ? 'ForAllNamespaces' : '');
  const what = subresource === '' ? resource.kind : `${subresource} of ${resource.kind}`;
  return {
    path,
    method: verb.method,
    action: verb.action,
    id: `${verb.word}${groupId(resource)}${verb.action === 'deletecollection' ? 'Collection' : ''}${namespaced && !everywhere ? 'Namespaced' : ''}${name}`,
    description: `${verb.action === 'deletecollection' ? 'delete a collection of' : verb.word} ${what}`,
    parameters: verb.parameters,
    ...(verb.body && { body: { content: is(verb.body), types: verb.body === 'patch' ? patchTypes(resource) : ['*/*'], required: verb.body !== 'deleteOptions' } }),
    answers: answers(...verb.codes),
    answer: is(verb.answer),
    produces: verb.action === 'list' ? [...written, ...(resource.core ? STREAMS : CUSTOM_STREAMS)] : written,
    kind,
  };
}

/** All paths of a resource with what can be done there. */
export function pathsOf(resource: Resource): Path[] {
  const { group, version, kind, plural, namespaced, serve, readOnly, lacks = [], hasStatus, scale, subresources = [] } = resource;
  const gv = groupVersion(resource);
  const root = `/${gv.includes('/') ? 'apis' : 'api'}/${gv}`;
  const own = { group, version, kind };
  const within = namespaced ? [pathParameter('namespace', 'Name of the namespace.')] : [];
  const base = `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
  const named = [pathParameter('name', `Name of the ${kind}.`), ...within, PRETTY];
  const served = <T extends VerbName>(verbs: readonly T[]): T[] => verbs.filter((verb) => (serve ? serve[verb] !== undefined : !lacks.includes(verb) && (readOnly === undefined || verb === 'get' || verb === 'list')));
  const place = (path: string, parameters: readonly Parameter[], more: Partial<Place> = {}): Place => ({ resource, path, parameters, namespaced, subresource: '', content: 'object', kind: own, ...more });
  const editable = readOnly === undefined ? (['get', 'update', 'patch'] as const) : (['get'] as const);
  const paths = [
    at(place(base, [...within, PRETTY]), served(COLLECTION)),
    at(place(`${base}/{name}`, named), served(OBJECT)),
    ...(namespaced ? [at(place(`${root}/${plural}`, [PRETTY], { everywhere: true }), served(['list']))] : []),
    ...(hasStatus ? [at(place(`${base}/{name}/status`, named, { subresource: 'status' }), editable)] : []),
    ...(scale ? [at(place(`${base}/{name}/scale`, named, { subresource: 'scale', content: SCALE, kind: SCALE }), editable)] : []),
    ...subresources.map((each) => {
      const of = { group: each.group, version: each.version, kind: each.kind };
      return at(place(`${base}/{name}/${each.name}`, named, { subresource: each.name, content: of, kind: of }), SUBRESOURCE.filter((verb) => each.serve[verb] !== undefined));
    }),
  ];
  return paths.filter(({ operations }) => operations.length > 0);
}

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
