/** The table of good and bad manifests against the real server, over HTTPS and through kubectl. */
import { parse } from 'yaml';

import { RESOURCES, type KubeObject } from '../../crds';
import { MANIFESTS, type ManifestCase, type Refusal } from '../fixtures/manifests/table';
import type { Answer } from '../support/api-server';
import { sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl();

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

const named = <T extends { name: string }>(rows: readonly T[]): [string, T][] => rows.map((row) => [row.name, row]);
const isAccepted = (row: ManifestCase): boolean => row.expect === 'accepted';
const isRefused = (row: ManifestCase): row is ManifestCase & { expect: Refusal } => row.expect !== 'accepted';

test.each(named(MANIFESTS.filter(isAccepted)))('accepted: %s', async (_, row) => {
  const { code, text } = await submit(row);
  expect({ code, text }).toMatchObject({ code: row.old ? 200 : 201 });
});

test.each(named(MANIFESTS.filter(isRefused)))('refused: %s', async (_, row) => {
  const { layer, field, words } = row.expect;
  const { code, text, json } = await submit(row);
  expect({ code, text }).toMatchObject({ code: CODES[layer] });
  expect(json).toMatchObject({ kind: 'Status', status: 'Failure', reason: layer === 'decode' ? 'BadRequest' : 'Invalid' });
  expect(json.message).toContain(words);
  const ofField = (json.details?.causes ?? []).filter((cause) => cause.field === field);
  expect(field === '' ? words : ofField.map(({ message }) => message).join('\n')).toContain(words);
});

/** Every seventh row that a file can say. */
const THROUGH_KUBECTL = MANIFESTS.filter(({ old, manifest }) => !old && JSON.stringify(manifest).length < 20_000).filter((_, index) => index % 7 === 0);
const inputOf = ({ manifest }: ManifestCase): string => (typeof manifest === 'string' ? manifest : JSON.stringify(manifest));

test.each(named(THROUGH_KUBECTL.filter(isAccepted)))('kubectl create, accepted: %s', async (_, row) => {
  const input = inputOf(row);
  expect(await k.ok(['create', '-f', '-'], { input })).toMatch(/ created\n$/);
  expect(await k.ok(['delete', '-f', '-'], { input })).toContain(' deleted');
});

test.each(named(THROUGH_KUBECTL.filter(isRefused)))('kubectl create, refused: %s', async (_, row) => {
  const stderr = await k.fails(['create', '-f', '-'], { input: inputOf(row) });
  expect(stderr).toContain(row.expect.words);
  expect(stderr).toContain(row.expect.field);
});
