/** Discovery and OpenAPI as documents: what is in them, and how they are cached. */
import { gunzipSync } from 'node:zlib';

import type { Answer } from '../support/api-server';
import { sharedServer } from '../support/shared-server';

const WIDGET = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{
      name: 'v1', served: true, storage: true, subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
      schema: {
        openAPIV3Schema: {
          type: 'object', description: 'A widget.',
          properties: {
            spec: {
              type: 'object', required: ['port', 'maybe'],
              properties: {
                port: { 'x-kubernetes-int-or-string': true }, maybe: { type: 'string', nullable: true }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                inner: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }, replicas: { type: 'integer', default: 1, oneOf: [{ minimum: 0 }] },
              },
            },
            status: { type: 'object', properties: { replicas: { type: 'integer' } } },
          },
        },
      },
    }],
  },
};
const server = sharedServer({ crds: [WIDGET] });

interface Schema {
  type?: string;
  $ref?: string;
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  required?: string[];
  [key: string]: unknown;
}
interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }>; schema?: Schema }>;
  consumes?: string[];
  [key: string]: unknown;
}
interface OpenApi3 {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}
interface OpenApi2 {
  paths: Record<string, Record<string, Operation>>;
  definitions: Record<string, Schema>;
}

const etagOf = ({ etag }: Answer['headers']): string => String(etag);
const get = (path: string, headers: Record<string, string> = {}) => server.request('GET', path, { headers });
async function v3(gv: string): Promise<OpenApi3> {
  const { paths } = (await get('/openapi/v3')).json as unknown as { paths: Record<string, { serverRelativeURL: string }> };
  return (await get(paths[gv]!.serverRelativeURL)).json as unknown as OpenApi3;
}
const v2 = async (): Promise<OpenApi2> => (await get('/openapi/v2')).json as unknown as OpenApi2;

describe('OpenAPI v3', () => {
  test('is cached by hash', async () => {
    const index = await get('/openapi/v3');
    expect(index.headers.etag).toMatch(/^"[0-9A-F]{128}"$/);
    expect((await get('/openapi/v3', { 'If-None-Match': etagOf(index.headers) })).code).toBe(304);
    const { paths } = index.json as unknown as { paths: Record<string, { serverRelativeURL: string }> };
    const address = paths['api/v1']!.serverRelativeURL;
    const document = await get(address);
    expect(document.headers).toMatchObject({ 'cache-control': 'public, immutable', vary: 'Accept', etag: `"${address.split('=')[1]}"`, 'content-type': 'application/json' });
    expect(Date.parse(String(document.headers.expires)) - Date.now()).toBeGreaterThan(360 * 24 * 3600 * 1000);
    expect((await get(address, { 'If-None-Match': etagOf(document.headers) })).code).toBe(304);
    const plain = await get('/openapi/v3/api/v1');
    expect([plain.code, plain.headers.etag, plain.headers.expires]).toEqual([200, document.headers.etag, undefined]);
    const stale = await get('/openapi/v3/api/v1?hash=0123');
    expect([stale.code, stale.headers.location]).toEqual([301, address]);
    for (const type of ['application/com.github.proto-openapi.spec.v3@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf']) {
      const { code, headers } = await get(address, { Accept: type });
      expect([code, headers['content-type'], headers.etag]).toEqual([200, 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf', document.headers.etag]);
    }
    expect((await get('/openapi/v3/api/v1', { Accept: 'text/html' })).code).toBe(406);
    expect((await get('/openapi/v3/apis/nope.dev/v1')).code).toBe(404);
  });

  test('describes every operation of a custom resource', async () => {
    const { paths, components } = await v3('apis/example.com/v1');
    const base = '/apis/example.com/v1/namespaces/{namespace}/widgets';
    expect(Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, Object.keys(item).filter((key) => key !== 'parameters')]))).toEqual({
      [base]: ['get', 'post', 'delete'],
      [`${base}/{name}`]: ['get', 'put', 'patch', 'delete'],
      '/apis/example.com/v1/widgets': ['get'],
      [`${base}/{name}/status`]: ['get', 'put', 'patch'],
      [`${base}/{name}/scale`]: ['get', 'put', 'patch'],
    });
    const { patch, delete: remove } = paths[`${base}/{name}`]!;
    expect(patch).toMatchObject({ operationId: 'patchExampleComV1NamespacedWidget', 'x-kubernetes-action': 'patch', 'x-kubernetes-group-version-kind': { group: 'example.com', version: 'v1', kind: 'Widget' } });
    expect(patch!.parameters?.map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(Object.keys(patch!.requestBody!.content)).toEqual(['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']);
    expect(Object.values(remove!.requestBody!.content)[0]!.schema.$ref).toBe('#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions');
    expect(paths[`${base}/{name}/scale`]!.get!.responses[200]!.content!['application/json']!.schema.$ref).toBe('#/components/schemas/io.k8s.api.autoscaling.v1.Scale');
    expect(paths[base]!.get!['x-kubernetes-action']).toBe('list');
    expect(components.schemas['com.example.v1.WidgetList']).toMatchObject({ required: ['items'], 'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'WidgetList' }] });
  });

  test('gives the schema of a definition as it was written, with the fields that every object has', async () => {
    const { 'com.example.v1.Widget': widget } = (await v3('apis/example.com/v1')).components.schemas;
    expect(widget).toMatchObject({ type: 'object', description: 'A widget.', 'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }] });
    expect(widget!.properties!.metadata).toMatchObject({ allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] });
    const { port, maybe, inner, replicas } = widget!.properties!.spec!.properties!;
    expect(port).toEqual({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] });
    expect([maybe, replicas]).toEqual([{ type: 'string', nullable: true }, { type: 'integer', default: 1, oneOf: [{ minimum: 0 }] }]);
    expect(Object.keys(inner!.properties!)).toEqual(['apiVersion', 'kind', 'metadata']);
  });

  test('says of core kinds how lists merge; every reference leads somewhere', async () => {
    for (const gv of ['api/v1', 'apis/events.k8s.io/v1', 'apis/coordination.k8s.io/v1', 'apis/rbac.authorization.k8s.io/v1', 'apis/gleaner.dev/v1alpha1']) {
      const document = await v3(gv);
      const text = JSON.stringify(document);
      const missing = [...text.matchAll(/#\/components\/schemas\/([\w.-]+)/g)].map(([, name]) => name!).filter((name) => !document.components.schemas[name]);
      expect([gv, missing]).toEqual([gv, []]);
    }
    const { schemas } = (await v3('api/v1')).components;
    expect(schemas['io.k8s.api.core.v1.PodSpec']!.properties!.containers).toMatchObject({
      'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'name',
      items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Container' },
    });
    expect(schemas['io.k8s.api.core.v1.Event']!.required).toEqual(['metadata', 'involvedObject']);
    expect(schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']!.properties!.finalizers).toMatchObject({ 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' });
    expect(Object.keys((await v3('api/v1')).paths['/api/v1/namespaces/{name}/finalize']!)).toEqual(['put', 'parameters']);
  });
});

describe('OpenAPI v2', () => {
  test('is served in JSON and in protobuf, with one ETag', async () => {
    const json = await get('/openapi/v2');
    expect([json.headers['content-type'], json.headers.vary]).toEqual(['application/json', 'Accept']);
    for (const type of ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf']) {
      const { headers, code } = await get('/openapi/v2', { Accept: type });
      expect([code, headers['content-type'], headers.etag]).toEqual([200, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf', json.headers.etag]);
    }
    expect((await get('/openapi/v2', { 'If-None-Match': etagOf(json.headers) })).code).toBe(304);
    expect((await get('/openapi/v2', { Accept: 'text/html' })).code).toBe(406);
  });

  test('says less than v3 where old clients would take it for all there may be', async () => {
    const { definitions, paths } = await v2();
    const spec = definitions['com.example.v1.Widget']!.properties!.spec!;
    expect(spec.required).toEqual(['port']);
    expect(spec.properties).toMatchObject({ port: { 'x-kubernetes-int-or-string': true }, free: { 'x-kubernetes-preserve-unknown-fields': true } });
    for (const field of ['maybe', 'free', 'inner']) expect([field, spec.properties![field]!.type, spec.properties![field]!.properties]).toEqual([field, undefined, undefined]);
    expect(spec.properties!.replicas).toEqual({ type: 'integer', default: 1 });
    const text = JSON.stringify(definitions);
    expect([...text.matchAll(/#\/definitions\/([\w.-]+)/g)].map(([, name]) => name!).filter((name) => !definitions[name])).toEqual([]);
    expect(definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ type: 'string', format: 'int-or-string' });
    const { patch } = paths['/api/v1/namespaces/{namespace}/configmaps/{name}']!;
    expect([patch!.consumes, patch!.parameters?.map(({ name }) => name)]).toEqual([
      ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'],
      ['body', 'dryRun', 'fieldManager', 'fieldValidation', 'force'],
    ]);
  });

  test('is sent with gzip to who takes it', async () => {
    const { headers, bytes } = await server.request('GET', '/openapi/v2', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(headers['content-encoding']).toBe('gzip');
    expect((JSON.parse(gunzipSync(bytes).toString()) as { swagger: string }).swagger).toBe('2.0');
  });
});

describe('aggregated discovery', () => {
  const accept = (version: string): string => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

  test.each(['v2', 'v2beta1'])('%s has an ETag', async (version) => {
    for (const path of ['/api', '/apis']) {
      const { headers, json } = await get(path, { Accept: accept(version) });
      expect(headers).toMatchObject({ etag: expect.stringMatching(/^"[0-9A-F]{128}"$/), vary: 'Accept', 'cache-control': 'public', 'content-type': accept(version) });
      expect([json.kind, json.apiVersion]).toEqual(['APIGroupDiscoveryList', `apidiscovery.k8s.io/${version}`]);
      expect((await get(path, { Accept: accept(version), 'If-None-Match': etagOf(headers) })).code).toBe(304);
    }
  });

  test('falls back to the forms that the client names after it', async () => {
    const { headers } = await get('/apis', { Accept: `${accept('v3')},${accept('v2beta1')},application/json` });
    expect(headers['content-type']).toBe(accept('v2beta1'));
    expect((await get('/apis', { Accept: `${accept('v3')},application/json` })).json.kind).toBe('APIGroupList');
  });
});
