/**
 * On a cluster, schema, CEL and webhook together refuse what the embedded server does, with the same fields: every row of the table of
 * manifests against a real kube-apiserver that has our definitions and asks our webhook, and against ours.
 */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { parse } from 'yaml';

import type { KubeObject } from '../../crds';
import { RESOURCES } from '../../crds';
import { CertificateAuthority } from '../../controlplane/tls/ca';
import { webhookConfiguration } from '../../controlplane/webhook/configuration';
import { webhookHandler } from '../../controlplane/webhook/handler';
import { MANIFESTS, type ManifestCase } from '../fixtures/manifests/table';
import { startApiServer, type TestApiServer } from '../support/api-server';
import { TestKube } from '../support/kube';
import { describeWithKube } from '../support/kube-apiserver';

interface StatusJson {
  code?: number;
  reason?: string;
  message?: string;
  metadata?: { resourceVersion?: string; name?: string };
  details?: { causes?: { field: string; reason: string; message: string }[] };
}

type Send = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) => Promise<{ code: number; json: StatusJson }>;

const objectOf = (manifest: object | string): KubeObject => (typeof manifest === 'string' ? parse(manifest, { uniqueKeys: false }) : structuredClone(manifest)) as KubeObject;

function collectionOf({ kind, metadata }: KubeObject): string {
  const { scope, plural } = RESOURCES.find((each) => each.kind === kind)!;
  return `/apis/gleaner.dev/v1alpha1${scope === 'Namespaced' ? `/namespaces/${metadata?.namespace ?? 'default'}` : ''}/${plural}`;
}

/** Creates, or updates what was there before; leaves nothing behind. */
async function submit(send: Send, { manifest, old }: ManifestCase): Promise<{ code: number; json: StatusJson }> {
  const object = objectOf(manifest);
  const collection = collectionOf(object);
  const strict = '?fieldValidation=Strict';
  if (!old) {
    const answer = await send('POST', collection + strict, object);
    if (answer.code === 201) await send('DELETE', `${collection}/${answer.json.metadata!.name}`);
    return answer;
  }
  const before = await send('POST', collection + strict, old);
  expect(before.code).toBe(201);
  const path = `${collection}/${before.json.metadata!.name}`;
  const answer = await send('PUT', path + strict, { ...object, metadata: { ...object.metadata, resourceVersion: before.json.metadata!.resourceVersion } });
  await send('DELETE', path);
  return answer;
}

/** YAML that says a field twice cannot be compared: it is read before it is sent. */
const ROWS = MANIFESTS.filter(({ expect: outcome }) => outcome === 'accepted' || outcome.layer !== 'decode');
const fieldsOf = ({ json }: { json: StatusJson }): string[] => [...new Set((json.details?.causes ?? []).map(({ field }) => field))].sort();

describeWithKube('admission on a cluster', ['etcd', 'kube-apiserver'], () => {
  const kube = new TestKube();
  let ours: TestApiServer;
  let webhook: Server;
  const reviewed: string[] = [];

  const onCluster: Send = async (method, path, body) => {
    const [plain, asked = ''] = path.split('?');
    const { status, body: json } = await kube.admin.request({ method, path: plain, query: Object.fromEntries(new URLSearchParams(asked)), ...(body && { body }) });
    return { code: status, json: json as StatusJson };
  };
  const onOurs: Send = async (method, path, body) => {
    const { code, json } = await ours.request(method, path, { body });
    return { code, json: json as StatusJson };
  };

  beforeAll(async () => {
    [ours] = await Promise.all([startApiServer(), kube.start()]);
    const authority = await CertificateAuthority.open(join(kube.server.dir, 'webhook'));
    const pair = await authority.serverKeyPair();
    const handler = webhookHandler({ onError: (error) => reviewed.push(`failed: ${String(error)}`) });
    webhook = createServer({ key: pair.key, cert: pair.certificate }, (req, res) => {
      reviewed.push(`${req.method} ${req.url?.split('?')[0]}`);
      void handler(req, res);
    });
    await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(webhook.address() as AddressInfo).port}`;
    const made = await onCluster('POST', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', webhookConfiguration({ target: { url }, caCertificate: authority.caCertificate }));
    expect(made).toMatchObject({ code: 201 });
    await untilAsked();
  }, 180_000);

  /** The API server follows a new configuration a moment later. */
  async function untilAsked(): Promise<void> {
    const bad = MANIFESTS.find(({ name }) => name === 'a list without values')!;
    for (let i = 0; i < 100; i++) {
      if ((await submit(onCluster, bad)).code !== 201) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the webhook is never asked');
  }

  afterAll(async () => {
    await ours?.stop();
    webhook?.closeAllConnections();
    webhook?.close();
    await kube.stop();
  });

  test.each(ROWS.map((row): [string, ManifestCase] => [row.name, row]))('%s', async (_, row) => {
    const [theirs, mine] = [await submit(onCluster, row), await submit(onOurs, row)];
    expect({ code: theirs.code, fields: fieldsOf(theirs) }).toEqual({ code: mine.code, fields: fieldsOf(mine) });
  });

  test('a refusal of the webhook says which one it was, and names each field', async () => {
    const bad = MANIFESTS.find(({ name }) => name === 'a list without values')!;
    const { code, json } = await submit(onCluster, bad);
    expect({ code, json }).toMatchObject({
      code: 422,
      json: {
        reason: 'Invalid',
        message: expect.stringMatching(/^admission webhook "admission\.gleaner\.dev" denied the request: Job\.gleaner\.dev ".*" is invalid: spec\.parameters\.matrix\.A: Required value: must have at least one value$/),
        details: { causes: [{ field: 'spec.parameters.matrix.A', reason: 'FieldValueRequired', message: 'Required value: must have at least one value' }] },
      },
    });
    expect(new Set(reviewed)).toEqual(new Set(['POST /validate']));
  });
});
