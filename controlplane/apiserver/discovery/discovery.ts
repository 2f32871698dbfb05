/** What is served: aggregated and legacy discovery documents, made from the registry. */
import { createHash } from 'node:crypto';

import { toProtobuf } from '../codec/to-protobuf';
import { toYaml } from '../codec/to-yaml';
import { PROTOBUF_TYPE, TYPES, YAML_TYPE, type AnswerForm } from '../http/accept';
import { notAcceptable } from '../http/errors';
import type { ResourceRegistry } from '../resources/registry';
import { groupVersion, type Resource, type Served, type VerbName } from '../resources/resource';

export interface Document {
  contentType: string;
  body: string | Buffer;
  headers?: Readonly<Record<string, string>>;
}

type JsonDocument = Document & { body: string };

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'] as const;
const READING = ['get', 'list', 'watch'];
const verbsOf = (served: Served | undefined, otherwise: readonly string[]): readonly string[] => (served ? Object.keys(served).sort() : otherwise);
/** While its definition is being deleted, nothing is written but deletions. */
const TERMINATING = VERBS.filter((verb) => verb !== 'create' && verb !== 'patch' && verb !== 'update');

/** The version in which objects are kept. */
const storedAs = (resource: Resource): string => resource.stored?.apiVersion ?? (resource.viewOf === 'events' ? 'v1' : groupVersion(resource));

/** In the order in which kube-apiserver lists those of custom resources. */
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

function verbsOfResource({ serve, readOnly, lifecycle, core, lacks = [] }: Resource): readonly string[] {
  if (lifecycle?.terminating) return TERMINATING;
  return verbsOf(serve, readOnly !== undefined ? READING : (core ? VERBS : CUSTOM_VERBS).filter((verb) => !lacks.includes(verb as VerbName)));
}

const JSON_TYPE = 'application/json';

interface Subresource {
  name: string;
  group: string;
  version: string;
  kind: string;
  verbs: readonly string[];
}

function subresourcesOf(resource: Resource): Subresource[] {
  const { group, version, kind, lifecycle } = resource;
  if (lifecycle?.terminating) return [];
  return [
    ...(resource.hasStatus ? [{ name: 'status', group, version, kind, verbs: resource.readOnly === undefined ? SUBRESOURCE_VERBS : ['get'] }] : []),
    ...(resource.scale ? [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: SUBRESOURCE_VERBS }] : []),
    ...(resource.subresources ?? []).map(({ serve, ...other }) => ({ ...other, verbs: verbsOf(serve, []) })),
  ];
}

/** Answers discovery paths; documents are kept until the registry changes. */
export class Discovery {
  #documents = new Map<string, Document | undefined>();
  #revision = -1;

  constructor(private readonly registry: ResourceRegistry) {}

  /** @returns undefined when `path` is no discovery path. @throws ApiError 406 */
  answer(path: string, form: AnswerForm): Document | undefined {
    if (this.#revision !== this.registry.revision) {
      this.#documents = new Map();
      this.#revision = this.registry.revision;
    }
    if (!isDiscoveryPath(path)) return undefined;
    const key = `${path} ${form.as} ${'version' in form ? form.version : ''} ${form.yaml ?? false} ${form.protobuf ?? false}`;
    if (this.#documents.has(key)) return this.#documents.get(key);
    const json = this.#make(path, form);
    const document = json && (form.yaml ? inYaml(json) : form.protobuf ? inProtobuf(json) : json);
    if (document) this.#documents.set(key, document);
    return document;
  }

  #make(path: string, form: AnswerForm): JsonDocument | undefined {
    if (path === '/api' || path === '/apis') {
      if (form.as === 'APIGroupDiscoveryList') return this.#aggregated(path === '/api', form.version);
      if (form.as !== 'object') throw notAcceptable(TYPES);
      return plain(path === '/api' ? this.#versions() : { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#groupNames().map((name) => this.#group(name)) });
    }
    const [, root, group, version] = path.split('/');
    if (root === 'apis' && version === undefined) {
      return this.#groupNames().includes(group) ? plain({ kind: 'APIGroup', apiVersion: 'v1', ...this.#group(group) }) : undefined;
    }
    const gv = root === 'api' ? group : `${group}/${version}`;
    const resources = this.registry.inGroupVersion(gv);
    return resources.length === 0 ? undefined : plain(resourceList(gv, resources));
  }

  #groupNames(): string[] {
    return [...new Set(this.registry.all().map(({ group }) => group))].filter((group) => group !== '');
  }

  #versions(): object {
    const versions = this.registry.groupVersions().filter((gv) => !gv.includes('/'));
    return { kind: 'APIVersions', versions, serverAddressByClientCIDRs: [] };
  }

  #group(name: string): object {
    const versions = this.registry
      .groupVersions()
      .filter((gv) => gv.startsWith(`${name}/`))
      .map((gv) => ({ groupVersion: gv, version: gv.slice(name.length + 1) }));
    return { name, versions, preferredVersion: versions[0] };
  }

  #aggregated(core: boolean, version: 'v2' | 'v2beta1'): JsonDocument {
    const groups = core ? [''] : this.#groupNames();
    const items = groups.map((name) => ({
      metadata: name === '' ? {} : { name },
      versions: this.registry
        .groupVersions()
        .filter((gv) => (core ? !gv.includes('/') : gv.startsWith(`${name}/`)))
        .map((gv) => ({
          version: core ? gv : gv.slice(name.length + 1),
          resources: [...this.registry.inGroupVersion(gv)].sort(byPlural).map(aggregatedResource),
          freshness: 'Current',
        })),
    }));
    const list = { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
    const etag = createHash('sha512').update(JSON.stringify(items)).digest('hex').toUpperCase();
    return {
      contentType: `${JSON_TYPE};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      body: `${JSON.stringify(list)}\n`,
      headers: { ETag: `"${etag}"`, Vary: 'Accept', 'Cache-Control': 'public' },
    };
  }
}

const byPlural = (a: Resource, b: Resource): number => (a.plural < b.plural ? -1 : 1);

function isDiscoveryPath(path: string): boolean {
  return path === '/api' || /^\/api\/[^/]+$/.test(path) || path === '/apis' || /^\/apis\/[^/]+(\/[^/]+)?$/.test(path);
}

const inYaml = ({ contentType, body, headers }: JsonDocument): Document => ({ contentType: contentType.replace(JSON_TYPE, YAML_TYPE), body: toYaml(JSON.parse(body)), ...(headers && { headers }) });

const inProtobuf = ({ contentType, body, headers }: JsonDocument): Document => ({
  contentType: contentType.replace(JSON_TYPE, PROTOBUF_TYPE), body: toProtobuf(JSON.parse(body) as object) ?? body, ...(headers && { headers }),
});

const plain = (body: object): JsonDocument => ({ contentType: JSON_TYPE, body: `${JSON.stringify(body)}\n` });

function aggregatedResource(resource: Resource): object {
  const { kind } = resource;
  // Of Kubernetes' own kinds, group and version are only said where they are others than the resource's.
  const { group, version } = resource.core ? { group: '', version: '' } : resource;
  const same = (of: { group: string; version: string }): boolean => of.group === resource.group && of.version === resource.version;
  const subresources = subresourcesOf(resource).map(({ name, verbs, ...of }) => ({ subresource: name, responseKind: same(of) ? { ...of, group, version } : of, verbs }));
  if (resource.core) subresources.sort((a, b) => (a.subresource < b.subresource ? -1 : 1));
  return {
    resource: resource.plural,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: verbsOfResource(resource),
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}

/** Names the form that objects are stored in. */
function storageHash(apiVersion: string, kind: string): string {
  return createHash('sha256').update(`${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}/${kind}`).digest().subarray(0, 8).toString('base64');
}

function resourceList(gv: string, resources: readonly Resource[]): object {
  return {
    kind: 'APIResourceList',
    // Of the core group it is not said.
    ...(gv.includes('/') && { apiVersion: 'v1' }),
    groupVersion: gv,
    resources: resources.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: verbsOfResource(resource),
        ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
        ...(resource.categories.length > 0 && { categories: resource.categories }),
        ...(resource.serve === undefined && { storageVersionHash: storageHash(storedAs(resource), resource.kind) }),
      },
      ...subresourcesOf(resource).map(({ name, group, version, kind, verbs }) => ({
        name: `${resource.plural}/${name}`,
        singularName: '',
        namespaced: resource.namespaced,
        ...(`${group}/${version}` !== groupVersion(resource) && group !== '' && { group, version }),
        kind,
        verbs,
      })),
    ],
    ),
  };
}
