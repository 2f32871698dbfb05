/** Whole requests: for every served resource, something is wrong with path, query, headers or body. */
import fc from 'fast-check';

import { objectBody, patchBody, type Body } from './bodies';
import { oddText } from './values';

/** What discovery says of a resource, with an object that the server would take. */
export interface Target {
  groupVersion: string;
  plural: string;
  namespaced: boolean;
  subresources: readonly string[];
  /** Nothing is stored: only `create`. */
  review: boolean;
  example: object;
  /** Of objects that are made; absent: any. */
  names?: readonly string[];
}

/** Who sends it: one of `system:masters`, an issuer of the namespace, nobody. */
export type Identity = 'administrator' | 'issuer' | 'anonymous';

export interface Malformed {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: Body;
  /** Absent: the administrator. */
  as?: Identity;
  /** Written as it is to the connection. */
  raw?: boolean;
}

/** In which everything happens; names are few, so that what is accepted does not pile up. */
export const NAMESPACE = 'fuzz';
const NAMES = ['fuzz-a', 'fuzz-b', 'fuzz-c', 'fuzz-d'];

/** Lone surrogates cannot be encoded. */
const encode = (text: string): string => encodeURIComponent(Buffer.from(text).toString('utf8'));

/** A part of a path: printable, so that it can be sent at all. */
const segmentOf = (names: readonly string[]): fc.Arbitrary<string> => fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...names) },
  { weight: 2, arbitrary: oddText.map((text) => encode(text).slice(0, 400)) },
  { weight: 1, arbitrary: fc.constantFrom('', '%', '%zz', '%00', '..', '%2e%2e', '%2f', 'a%0d%0ab', '__proto__', 'constructor', '%F0%9F', '%ff%fe', 'a;b=c', "'", '~', '*') },
);
const segment = segmentOf(NAMES);

const parameter = fc.tuple(
  fc.oneof(
    fc.constantFrom(
      'labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'watch', 'allowWatchBookmarks', 'sendInitialEvents', 'timeoutSeconds', 'dryRun', 'fieldValidation', 'fieldManager',
      'force', 'propagationPolicy', 'gracePeriodSeconds', 'orphanDependents', 'pretty', 'timeout', 'includeObject', '__proto__', 'constructor',
    ),
    oddText,
  ),
  fc.oneof(
    oddText,
    fc.constantFrom(
      'true', 'false', '1', '0', '-1', '500', '99999999999999999999', 'All', 'Strict', 'Warn', 'Ignore', 'Exact', 'NotOlderThan', 'Background', 'Foreground', 'Orphan', 'a=b,c!=d,e in (f,g),!h', 'metadata.name=x',
      'metadata.name!=x,metadata.namespace==fuzz', 'spec.x=1', 'a in (', ',,,', '=', 'a\\', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0', 'e30', '////', 'bnVsbA', 'eyJ2IjpudWxsfQ',
    ),
    fc.base64String({ maxLength: 200 }),
  ),
);
const query = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 4, arbitrary: fc.array(parameter, { minLength: 1, maxLength: 4 }).map((pairs) => `?${pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')}`) },
  { weight: 1, arbitrary: fc.constantFrom('?', '?&&&', '?=', '?a', '?%', '?%zz=1', '?labelSelector=%ff', '?watch', '?limit=1&limit=2', `?${'a=b&'.repeat(400)}`, '?a[]=1', '?dryRun=All&dryRun=x') },
);

const headers = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.dictionary(
      fc.constantFrom('Accept', 'Accept-Encoding', 'Content-Encoding', 'User-Agent', 'If-None-Match', 'If-Match', 'Impersonate-User', 'Impersonate-Group', 'X-Forwarded-For', 'X-Http-Method-Override', 'Expect-Ct', 'Range', 'Accept-Language'),
      fc.oneof(
        fc.constantFrom(
          'application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;as=Table;v=v9', 'application/vnd.kubernetes.protobuf', 'text/html', '*/*;q=x', ';;;', 'gzip', 'identity;q=0', 'deflate, br', 'a'.repeat(2000),
          'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'system:masters', 'bytes=0-1', '"', 'application/json;stream=watch', 'application/cbor',
        ),
        fc.string({ maxLength: 60 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?').trim()),
      ),
      { maxKeys: 3 },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('Bearer', 'Bearer x', 'Bearer a.b.c', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'Basic YTpi', `Bearer ${'x'.repeat(6000)}`, 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOjF9.AAAA').map((Authorization) => ({ Authorization })) },
);

/** Never what would take away much by being in order: a whole collection, or an object of a fixed name. */
function objectRequest(target: Target): fc.Arbitrary<Malformed> {
  const root = target.groupVersion === 'v1' ? '/api/v1' : `/apis/${target.groupVersion}`;
  const place = target.namespaced ? `${root}/namespaces/${NAMESPACE}` : root;
  const names = target.names ?? NAMES;
  const example = fc.tuple(fc.constantFrom(...names), fc.constant(target.example)).map(([name, object]) => ({ ...object, metadata: { name, ...(target.namespaced && { namespace: NAMESPACE }) } }));
  const below = fc.oneof(
    { weight: 4, arbitrary: fc.constant('') },
    { weight: 2, arbitrary: fc.constantFrom(...target.subresources, 'status', 'scale', 'log', 'token', 'nothing', '').map((part) => `/${part}`) },
    { weight: 1, arbitrary: segment.map((part) => `/${part}`) },
  );
  const deep = fc.tuple(segmentOf(names), below);
  const object = deep.map(([name, rest]) => `${place}/${target.plural}/${name}${rest}`);
  const made = (method: string, path: fc.Arbitrary<string>, body?: fc.Arbitrary<Body>): fc.Arbitrary<Malformed> =>
    fc.tuple(path, query, headers, body ?? fc.constant(undefined)).map(([at, asked, sent, content]) => ({ method, path: at + asked, headers: sent, ...(content && { body: content }) }));
  const collection = fc.constant(`${place}/${target.plural}`);
  const create = made('POST', fc.oneof({ weight: 4, arbitrary: collection }, { weight: 1, arbitrary: object }), objectBody(example));
  if (target.review) return create;
  const named = object.filter((path) => !path.endsWith(`/${target.plural}/`));
  return fc.oneof(
    { weight: 4, arbitrary: create },
    { weight: 3, arbitrary: made('PUT', object, objectBody(example)) },
    { weight: 4, arbitrary: made('PATCH', object, patchBody(example)) },
    { weight: 2, arbitrary: made('GET', fc.oneof(collection, object)) },
    { weight: 1, arbitrary: made('DELETE', named, objectBody(fc.constant({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', preconditions: { uid: 'x' } }))) },
    { weight: 1, arbitrary: made('DELETE', named) },
  );
}

/** Requests about nothing in particular. */
const elsewhere: fc.Arbitrary<Malformed> = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
    fc.oneof(
      fc.constantFrom('/', '/api', '/apis', '/openapi/v3', '/openapi/v2', '/openapi/v3/apis/gleaner.dev/v1alpha1', '/version', '/livez', '/metrics', '/api/v1', '/apis/nothing.example/v1', '/link', '/elements', '/results', '/logs', '/oidc', '/.well-known/openid-configuration', '/openid/v1/jwks'),
      fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => `/${parts.join('/')}`),
      fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => `/apis/gleaner.dev/v1alpha1/${parts.join('/')}`),
    ),
    query,
    headers,
    objectBody(fc.constant({ a: { b: [1] } })),
  )
  .map(([method, path, asked, sent, body]) => ({ method, path: path.replaceAll(/[^\x21-\x7e]/g, '') + asked, headers: sent, ...(['POST', 'PUT', 'PATCH'].includes(method) && { body }) }));

/** Bytes that are hardly HTTP. */
const raw: fc.Arbitrary<Malformed> = fc
  .oneof(
    fc.constantFrom(
      'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 'BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /api/v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`, `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(3000)}\r\n`,
      'POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n',
      'POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 'POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{', 'POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n',
      'GET /link HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 1\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET http://other/ HTTP/1.1\r\nHost: x\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /api/v1/namespaces?watch=true HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n', '\r\n\r\n\r\n',
    ),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    oddText.map((text) => `GET /${text} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
  )
  .map((text) => ({ method: '', path: '', headers: {}, body: { type: '', bytes: Buffer.from(text, 'latin1') }, raw: true }));

const identity: fc.Arbitrary<Identity> = fc.oneof({ weight: 4, arbitrary: fc.constant('administrator' as const) }, { weight: 1, arbitrary: fc.constant('issuer' as const) }, { weight: 1, arbitrary: fc.constant('anonymous' as const) });
const sentBy = (requests: fc.Arbitrary<Malformed>): fc.Arbitrary<Malformed> => fc.tuple(requests, identity).map(([request, as]) => ({ ...request, as }));

export function malformedRequest(targets: readonly Target[]): fc.Arbitrary<Malformed> {
  return fc.oneof(
    { weight: 20, arbitrary: sentBy(fc.constantFrom(...targets).chain(objectRequest)) },
    { weight: 3, arbitrary: sentBy(elsewhere) },
    { weight: 1, arbitrary: raw },
  );
}
