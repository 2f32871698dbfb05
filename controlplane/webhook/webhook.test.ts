import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { webhookConfiguration } from './configuration';
import { webhookHandler } from './handler';
import { registerWebhook, type ClusterApi } from './register';
import { answerReview, MalformedReview } from './review';

const JOB = { apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name: 'j', namespace: 'lab' }, spec: { runtime: 'shell', parameters: { matrix: { A: ['x'] } }, template: { program: { script: 'true' } } } };
const withMatrix = (matrix: object, metadata: object = JOB.metadata): object => ({ ...JOB, metadata, spec: { ...JOB.spec, parameters: { matrix } } });
const BAD = withMatrix({ A: [] });

function review(object: unknown, more: object = {}): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1', operation: 'CREATE', name: 'j', namespace: 'lab', kind: { group: 'gleaner.dev', version: 'v1alpha1', kind: 'Job' },
      resource: { group: 'gleaner.dev', version: 'v1alpha1', resource: 'jobs' }, object, oldObject: null, dryRun: false, ...more,
    },
  };
}

test('a good object is allowed, under the uid of the request', () => {
  expect(answerReview(review(JOB))).toEqual({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'u-1', allowed: true } });
});

test('a bad one is refused, each field by its name', () => {
  const { response } = answerReview(review(withMatrix({ A: [], '1x': ['y'] }), { dryRun: true }));
  expect(response).toMatchObject({
    uid: 'u-1',
    allowed: false,
    status: {
      code: 422,
      reason: 'Invalid',
      message: expect.stringMatching(/^Job\.gleaner\.dev "j" is invalid: \[spec\.parameters\.matrix\.A: Required value: must have at least one value, spec\.parameters\.matrix\.1x: Invalid value: "1x": /),
      details: {
        name: 'j', group: 'gleaner.dev', kind: 'Job',
        causes: [
          { field: 'spec.parameters.matrix.A', reason: 'FieldValueRequired', message: 'Required value: must have at least one value' },
          { field: 'spec.parameters.matrix.1x', reason: 'FieldValueInvalid' },
        ],
      },
    },
  });
});

test.each([
  ['what CEL says', review({ ...JOB, spec: { ...JOB.spec, completions: 5 } })],
  ['an update that leaves the fault as it was', review({ ...BAD, metadata: { name: 'j', labels: { a: 'b' } } }, { operation: 'UPDATE', oldObject: BAD })],
  ['an object that is going', review(withMatrix({ A: [] }, { name: 'j', deletionTimestamp: '2026-01-01T00:00:00Z' }), { operation: 'UPDATE', oldObject: JOB })],
  ['its status', review(BAD, { operation: 'UPDATE', subResource: 'status', oldObject: JOB })],
  ['a deletion', review(null, { operation: 'DELETE', oldObject: BAD })],
  ['a resource of others', review(BAD, { resource: { group: 'batch', version: 'v1', resource: 'jobs' } })],
])('not its business: %s', (_, body) => {
  expect(answerReview(body).response).toEqual({ uid: 'u-1', allowed: true });
});

test('an update that brings the fault is refused', () => {
  expect(answerReview(review(BAD, { operation: 'UPDATE', oldObject: JOB })).response.allowed).toBe(false);
});

test.each([
  ['nothing', null], ['a list', []], ['another kind', { apiVersion: 'admission.k8s.io/v1', kind: 'Status' }], ['another version', { ...review(JOB), apiVersion: 'admission.k8s.io/v1beta1' }],
  ['no request', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }], ['no uid', review(JOB, { uid: '' })], ['an endless uid', review(JOB, { uid: 'x'.repeat(300) })], ['no resource', review(JOB, { resource: 'jobs' })],
])('%s is no review', (_, body) => expect(() => answerReview(body)).toThrow(MalformedReview));

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('over HTTP', () => {
  const failures: unknown[] = [];
  let server: Server;

  beforeAll(async () => {
    const handler = webhookHandler({ onError: (error) => failures.push(error), maxBytes: 10_000, bodyMs: 300 });
    server = createServer((req, res) => void handler(req, res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function send(method: string, path: string, body: string, headers: Record<string, string> = JSON_TYPE, end = true): Promise<{ code: number; text: string }> {
    return new Promise((resolve, reject) => {
      const req = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method, path, headers }, (res) => {
        let text = '';
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => (text += chunk));
        res.on('end', () => {
          req.destroy();
          resolve({ code: res.statusCode ?? 0, text });
        });
      });
      req.on('error', reject);
      if (end) req.end(body);
      else req.write(body);
    });
  }

  test('a review is answered', async () => {
    const { code, text } = await send('POST', '/validate?timeout=5s', JSON.stringify(review(BAD)));
    expect({ code, answer: JSON.parse(text) as unknown }).toMatchObject({ code: 200, answer: { kind: 'AdmissionReview', response: { uid: 'u-1', allowed: false, status: { code: 422 } } } });
  });

  const deep = `${'['.repeat(4000)}${']'.repeat(4000)}`;
  test.each<[string, number, string, string, string, Record<string, string>]>([
    ['another path', 404, 'POST', '/', '{}', JSON_TYPE],
    ['another method', 405, 'GET', '/validate', '', JSON_TYPE],
    ['another type', 415, 'POST', '/validate', '{}', { 'Content-Type': 'application/yaml' }],
    ['no type', 415, 'POST', '/validate', '{}', {}],
    ['no JSON', 400, 'POST', '/validate', '{', JSON_TYPE],
    ['no review', 400, 'POST', '/validate', '{}', JSON_TYPE],
    ['too much, as it says', 413, 'POST', '/validate', 'x'.repeat(10_001), { 'Content-Type': 'application/json', 'Content-Length': '10001' }],
    ['too much, unannounced', 413, 'POST', '/validate', 'x'.repeat(10_001), { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }],
    ['deeply nested', 200, 'POST', '/validate', JSON.stringify(review('DEEP')).replace('"DEEP"', `{"spec":${deep}}`), JSON_TYPE],
    ['a trap', 200, 'POST', '/validate', JSON.stringify(review('TRAP')).replace('"TRAP"', '{"spec":{"__proto__":{"x":1},"toString":1},"metadata":{"toString":1}}'), JSON_TYPE],
  ])('%s: %i', async (_, code, method, path, body, headers) => {
    expect((await send(method, path, body, headers)).code).toBe(code);
    expect(failures).toEqual([]);
  });

  test('a body that does not come is not waited for', async () => {
    expect((await send('POST', '/validate', '{', { 'Content-Type': 'application/json', 'Content-Length': '100' }, false)).code).toBe(400);
  });
});

test('its configuration names what has checks, and nothing that the control plane writes', () => {
  const made = webhookConfiguration({ target: { service: { namespace: 'gleaner-system', name: 'gleaner', port: 443 } }, caCertificate: 'PEM', exceptUsers: ['system:serviceaccount:gleaner-system:gleaner'] });
  expect(made).toMatchObject({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    webhooks: [
      {
        clientConfig: { service: { namespace: 'gleaner-system', name: 'gleaner', port: 443, path: '/validate' }, caBundle: 'UEVN' },
        rules: [{ apiGroups: ['gleaner.dev'], apiVersions: ['v1alpha1'], operations: ['CREATE', 'UPDATE'], resources: ['jobs', 'tasks'], scope: '*' }],
        failurePolicy: 'Fail',
        sideEffects: 'None',
        matchConditions: [{ expression: '!(request.userInfo.username in ["system:serviceaccount:gleaner-system:gleaner"])' }],
      },
    ],
  });
});

describe('registering', () => {
  test('fills in what a chart has made without content, and leaves whose release it is', async () => {
    const cluster = new Cluster();
    const labels = { 'app.kubernetes.io/managed-by': 'Helm' };
    cluster.stored = { kind: 'ValidatingWebhookConfiguration', metadata: { name: 'gleaner', labels, annotations: { 'meta.helm.sh/release-name': 'gleaner' }, resourceVersion: '7' } };
    expect(await registerWebhook(cluster, options)).toBe('changed');
    expect(cluster.stored).toMatchObject({ metadata: { labels, annotations: { 'meta.helm.sh/release-name': 'gleaner' } }, webhooks: [{ name: 'admission.gleaner.dev' }] });
  });

  /** A cluster that keeps one configuration, fills in what an API server does, and answers as it is told to. */
  class Cluster implements ClusterApi {
    stored: Record<string, unknown> | undefined;
    readonly writes: string[] = [];
    refusal: { status: number; body: unknown } | undefined;

    request({ method, path, body }: { method: string; path: string; body?: unknown }): Promise<{ status: number; body: unknown }> {
      if (path.endsWith('selfsubjectreviews')) return Promise.resolve({ status: 201, body: { status: { userInfo: { username: 'system:serviceaccount:gleaner-system:gleaner' } } } });
      if (method === 'GET') return Promise.resolve(this.stored ? { status: 200, body: this.stored } : { status: 404, body: {} });
      if (this.refusal) return Promise.resolve(this.refusal);
      this.writes.push(method);
      const { webhooks, ...rest } = body as { webhooks: object[]; metadata: object };
      this.stored = { ...rest, metadata: { ...rest.metadata, resourceVersion: String(this.writes.length) }, webhooks: webhooks.map((each) => ({ ...each, namespaceSelector: {}, objectSelector: {} })) };
      return Promise.resolve({ status: method === 'POST' ? 201 : 200, body: this.stored });
    }
  }

  const options = { target: { url: 'https://10.0.0.1:7643' }, caCertificate: 'PEM', failurePolicy: 'Fail' as const };

  test('writes it once, and again only when something changed', async () => {
    const cluster = new Cluster();
    expect(await registerWebhook(cluster, options)).toBe('made');
    expect(await registerWebhook(cluster, options)).toBe('as it was');
    expect(await registerWebhook(cluster, { ...options, caCertificate: 'NEW' })).toBe('changed');
    expect(await registerWebhook(cluster, { ...options, caCertificate: 'NEW', failurePolicy: 'Ignore' })).toBe('changed');
    expect(cluster.writes).toEqual(['POST', 'PUT', 'PUT']);
    expect(cluster.stored).toMatchObject({ metadata: { resourceVersion: '3' }, webhooks: [{ clientConfig: { url: 'https://10.0.0.1:7643/validate', caBundle: 'TkVX' }, failurePolicy: 'Ignore' }] });
  });

  test('another replica may be faster, but not for ever', async () => {
    const cluster = new Cluster();
    cluster.refusal = { status: 409, body: { message: 'already exists' } };
    await expect(registerWebhook(cluster, options)).rejects.toThrow('the webhook cannot be registered: already exists');
    const other = new Cluster();
    await registerWebhook(other, options);
    const { request } = cluster;
    cluster.request = (asked) => (asked.method === 'POST' && asked.path.endsWith('configurations') ? ((cluster.stored = other.stored), Promise.resolve({ status: 409, body: {} })) : request.call(cluster, asked));
    expect(await registerWebhook(cluster, options)).toBe('as it was');
  });

  test('says which right is missing', async () => {
    const cluster = new Cluster();
    cluster.refusal = { status: 403, body: { message: 'cannot create resource "validatingwebhookconfigurations"' } };
    await expect(registerWebhook(cluster, options)).rejects.toThrow('cannot create resource "validatingwebhookconfigurations"; see deploy/base/rbac.yaml, or start without --webhook');
  });
});
