/** The table of good and bad manifests against the real server, over HTTPS and through kubectl. */
import { parse } from 'yaml';

import { RESOURCES, type KubeObject } from '../../crds';
import { MANIFESTS, type ManifestCase, type Refusal } from '../fixtures/manifests/table';
import { startApiServer, type Answer, type TestApiServer } from '../support/api-server';
import { kubectl, type Kubectl } from '../support/kubectl';

let server: TestApiServer;
let k: Kubectl;

beforeAll(async () => {
  server = await startApiServer();
  k = kubectl(server.kubeconfig, server.dir);
});
afterAll(() => server?.stop());

/** Where objects of the manifest's kind live. */
function collectionOf({ kind, metadata }: KubeObject): string {
  const resource = RESOURCES.find((each) => each.kind === kind);
  if (!resource) throw new Error(`no resource for kind ${kind}`);
  const namespace = resource.scope === 'Namespaced' ? `/namespaces/${metadata?.namespace ?? 'default'}` : '';
  return `/apis/gleaner.dev/v1alpha1${namespace}/${resource.plural}`;
}

const objectOf = (manifest: object | string): KubeObject =>
  (typeof manifest === 'string' ? parse(manifest, { uniqueKeys: false }) : manifest) as KubeObject;

async function send(method: string, path: string, manifest: object | string): Promise<Answer> {
  const yaml = typeof manifest === 'string' ? { headers: { 'Content-Type': 'application/yaml' } } : {};
  return server.request(method, `${path}?fieldValidation=Strict`, { body: manifest, ...yaml });
}

/** Creates, or updates what was there before; leaves nothing behind. */
async function submit({ manifest, old }: ManifestCase): Promise<Answer> {
  const object = objectOf(manifest);
  const collection = collectionOf(object);
  if (!old) {
    const answer = await send('POST', collection, manifest);
    if (answer.code === 201) await server.request('DELETE', `${collection}/${answer.json.metadata.name}`);
    return answer;
  }
  const before = await send('POST', collection, old);
  expect(before.code).toBe(201);
  const path = `${collection}/${before.json.metadata.name}`;
  const { resourceVersion } = before.json.metadata;
  const answer = await send('PUT', path, { ...object, metadata: { ...object.metadata, resourceVersion } });
  await server.request('DELETE', path);
  return answer;
}

const CODES: Record<Refusal['layer'], number> = { decode: 400, schema: 422, admission: 422 };

test('the table has at least 60 rows', () => {
  expect(MANIFESTS.length).toBeGreaterThanOrEqual(60);
});

describe.each(MANIFESTS.map((row) => [row.name, row] as const))('%s', (_, row) => {
  const { expect: expected } = row;
  test(expected === 'accepted' ? 'is accepted' : `is refused: ${expected.field || 'body'}`, async () => {
    const answer = await submit(row);
    if (expected === 'accepted') {
      expect({ code: answer.code, text: answer.text }).toMatchObject({ code: row.old ? 200 : 201 });
      return;
    }
    expect({ code: answer.code, text: answer.text }).toMatchObject({ code: CODES[expected.layer] });
    expect(answer.json).toMatchObject({ kind: 'Status', status: 'Failure', reason: expected.layer === 'decode' ? 'BadRequest' : 'Invalid' });
    expect(answer.json.message).toContain(expected.words);
    if (expected.field === '') return;
    const causes = (answer.json.details.causes ?? []).filter(({ field }) => field === expected.field);
    expect(causes.map(({ message }) => message).join('\n')).toContain(expected.words);
  });
});

/** Every seventh row that a file can say. */
const THROUGH_KUBECTL = MANIFESTS.filter(({ old, manifest }) => !old && JSON.stringify(manifest).length < 20_000).filter((_, index) => index % 7 === 0);

describe.each(THROUGH_KUBECTL.map((row) => [row.name, row] as const))('kubectl create: %s', (_, row) => {
  const { expect: expected } = row;
  test(expected === 'accepted' ? 'is accepted' : `is refused: ${expected.field || 'body'}`, async () => {
    const input = typeof row.manifest === 'string' ? row.manifest : JSON.stringify(row.manifest);
    if (expected === 'accepted') {
      expect(await k.ok(['create', '-f', '-'], { input })).toMatch(/ created\n$/);
      expect(await k.ok(['delete', '-f', '-'], { input })).toContain(' deleted');
      return;
    }
    const stderr = await k.fails(['create', '-f', '-'], { input });
    expect(stderr).toContain(expected.words);
    expect(stderr).toContain(expected.field);
  });
});
