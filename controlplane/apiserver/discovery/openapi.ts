/**
 * OpenAPI v3: an index and one document per group version, for kubectl's explain and validation.
 *
 * OpenAPI v2, which kubectl before 1.27 reads, is a document without types: such a kubectl then checks nothing itself and leaves that to
 * the server, instead of refusing to apply anything.
 */
import { createHash } from 'node:crypto';

import { patchTypes } from '../verbs/patch';
import type { ResourceRegistry } from '../resources/registry';
import { groupVersion, type Resource, type VerbName } from '../resources/resource';
import { OBJECT_META } from '../schema/object-meta';
import type { Schema } from '../schema/schema';
import type { Document } from './discovery';

const META_NAME = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });

const OPENAPI_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const TITLE = 'Gleaner';

/** `openapi.v2.Document {swagger: "2.0", info: {title, version}}` in protobuf; all of it is ASCII as long as no text reaches 128 bytes. */
function emptyV2(version: string): string {
  const field = (number: number, text: string): string => String.fromCharCode(number * 8 + 2, text.length) + text;
  return field(1, '2.0') + field(2, field(1, TITLE) + field(2, version.slice(0, 64)));
}

/** Answers `/openapi/v2`, `/openapi/v3` and below; documents are kept until the registry changes. */
export class OpenApi {
  #documents = new Map<string, Document>();
  #revision = -1;

  constructor(
    private readonly registry: ResourceRegistry,
    private readonly version: string,
  ) {}

  /** @returns undefined when there is no such document */
  answer(path: string): Document | undefined {
    if (this.#revision !== this.registry.revision) {
      this.#documents = this.#make();
      this.#revision = this.registry.revision;
    }
    return this.#documents.get(path);
  }

  #make(): Map<string, Document> {
    const documents = new Map<string, Document>();
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const gv of this.registry.groupVersions()) {
      const key = gv.includes('/') ? `apis/${gv}` : `api/${gv}`;
      const body = JSON.stringify(documentOf(this.registry.inGroupVersion(gv), this.version), named);
      const hash = createHash('sha256').update(body).digest('hex').toUpperCase();
      paths[key] = { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` };
      documents.set(`/openapi/v3/${key}`, { contentType: 'application/json', body });
    }
    documents.set('/openapi/v2', { contentType: OPENAPI_V2, body: emptyV2(this.version) });
    documents.set('/openapi/v3', { contentType: 'application/json', body: JSON.stringify({ paths }) });
    return documents;
  }
}

/** `dev.gleaner.v1alpha1.Job`, `io.k8s.api.core.v1.Namespace` */
function schemaName({ group, version, kind, core }: Resource): string {
  if (core) return `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`;
  return `${group.split('.').reduce((name, part) => `${part}.${name}`)}.${version}.${kind}`;
}

/** Schemas that have a name stand in one place, and are referred to elsewhere. */
function named(this: object, key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('component' in value)) return value;
  const { component, ...schema } = value as Schema;
  return key === component ? schema : ref(component as string);
}

/** Puts the schemas that have a name, below `schema`, where they are referred to. */
function collectComponents(schema: Schema, schemas: Record<string, object>): void {
  if (schema.component !== undefined) {
    if (Object.hasOwn(schemas, schema.component)) return;
    schemas[schema.component] = schema;
  }
  const { properties = {}, items, additionalProperties, allOf = [], anyOf = [], oneOf = [], not } = schema;
  for (const below of [...Object.values(properties), ...allOf, ...anyOf, ...oneOf]) collectComponents(below, schemas);
  for (const below of [items, additionalProperties, not]) if (typeof below === 'object') collectComponents(below, schemas);
}

function documentOf(resources: readonly Resource[], version: string): object {
  const paths: Record<string, object> = {};
  const schemas: Record<string, object> = { [META_NAME]: OBJECT_META };
  for (const resource of resources) {
    const { group, version: apiVersion, kind } = resource;
    const name = schemaName(resource);
    collectComponents(resource.schema, schemas);
    schemas[name] = {
      ...resource.schema,
      properties: { ...resource.schema.properties, metadata: { allOf: [ref(META_NAME)], description: 'Standard object metadata.', default: {} } },
      'x-kubernetes-group-version-kind': [{ group, version: apiVersion, kind }],
    };
    if (resource.serve === undefined || resource.serve.list) schemas[`${name}List`] = {
      type: 'object',
      description: `${resource.listKind} is a list of ${kind}`,
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        items: { type: 'array', items: ref(name) },
      },
      'x-kubernetes-group-version-kind': [{ group, version: apiVersion, kind: resource.listKind }],
    };
    Object.assign(paths, pathsOf(resource, name));
  }
  return { openapi: '3.0.0', info: { title: 'Gleaner', version }, paths, components: { schemas } };
}

const query = (name: string, type: string): object => ({ name, in: 'query', schema: { type, uniqueItems: true } });
const pathParameter = (name: string): object => ({ name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } });
const WRITE_PARAMETERS = [query('dryRun', 'string'), query('fieldManager', 'string'), query('fieldValidation', 'string')];
const LIST_PARAMETERS = [
  ...['labelSelector', 'fieldSelector', 'continue', 'resourceVersion', 'resourceVersionMatch'].map((name) => query(name, 'string')),
  ...['limit', 'timeoutSeconds'].map((name) => query(name, 'integer')),
  ...['watch', 'allowWatchBookmarks'].map((name) => query(name, 'boolean')),
];

function pathsOf(resource: Resource, name: string): Record<string, object> {
  const gv = groupVersion(resource);
  const base = `/${gv.includes('/') ? 'apis' : 'api'}/${gv}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
  const parameters = resource.namespaced ? [pathParameter('namespace')] : [];
  const named = [pathParameter('name'), ...parameters];
  const { group, version, kind } = resource;
  const operation = (action: string, more: object, answer = name): object => ({
    tags: [gv.replace('/', '_')],
    ...more,
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: ref(answer) } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  });
  const body = (types: readonly string[], schema: object): object => ({
    requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) },
  });
  const writes = {
    get: operation('get', {}),
    put: operation('put', { parameters: WRITE_PARAMETERS, ...body(['application/json'], ref(name)) }),
    patch: operation('patch', {
      parameters: [...WRITE_PARAMETERS, query('force', 'boolean')],
      ...body(patchTypes(resource), { type: 'object', description: 'Patch is provided to give a concrete name and type to the patch body.' }),
    }),
  };
  if (resource.serve) {
    const all: Partial<Record<VerbName, object>> = {
      list: operation('list', { parameters: LIST_PARAMETERS }, `${name}List`),
      create: operation('post', { parameters: WRITE_PARAMETERS, ...body(['application/json'], ref(name)) }),
      get: writes.get,
    };
    const { serve } = resource;
    const [list, create, get] = (['list', 'create', 'get'] as const).map((verb) => serve[verb] && all[verb]);
    return {
      ...((list ?? create) && { [base]: { ...(list && { get: list }), ...(create && { post: create }), parameters } }),
      ...(get && { [`${base}/{name}`]: { get, parameters: named } }),
    };
  }
  return {
    [base]: {
      get: operation('list', { parameters: LIST_PARAMETERS }, `${name}List`),
      post: operation('post', { parameters: WRITE_PARAMETERS, ...body(['application/json'], ref(name)) }),
      delete: operation('deletecollection', { parameters: [...LIST_PARAMETERS, ...WRITE_PARAMETERS] }),
      parameters,
    },
    [`${base}/{name}`]: { ...writes, delete: operation('delete', { parameters: WRITE_PARAMETERS }), parameters: named },
    ...(resource.hasStatus && { [`${base}/{name}/status`]: { ...writes, parameters: named } }),
  };
}
