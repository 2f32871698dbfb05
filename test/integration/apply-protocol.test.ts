/** Server-side apply as clients below kubectl see it: status codes and words, races, names of managers. */
import { jobNamed as job } from '../fixtures/manifests/builders';
import type { Answer } from '../support/api-server';
import { nextNamespace, sharedServer } from '../support/shared-server';

const server = sharedServer();
let jobs: string;
let maps: string;

beforeEach(async () => {
  ({ jobs, maps } = await nextNamespace(server));
});

const create = (name: string): Promise<Answer> => server.request('POST', jobs, { body: job(name) });
const applyPatch = (path: string, body: unknown, query = '?fieldManager=test'): Promise<Answer> =>
  server.request('PATCH', `${path}${query}`, { body, headers: { 'Content-Type': 'application/apply-patch+yaml' } });

describe('refusals', () => {
  test.each<[string, () => Promise<Answer>, number, string, string]>([
    ['apply without a manager', () => applyPatch(`${jobs}/x`, job('x'), ''), 422, 'Invalid', 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'],
    ['manager of strange characters', () => applyPatch(`${jobs}/x`, job('x'), '?fieldManager=a%07'), 422, 'Invalid', 'fieldManager: Invalid value: "a\\a": invalid character U+0007 (at position 1)'],
    ['manager too long', () => server.request('POST', `${jobs}?fieldManager=${'x'.repeat(129)}`, { body: job('x') }), 422, 'Invalid', 'fieldManager: Too long: may not be more than 128 bytes'],
    ['force without apply', () => create('x').then(() => server.merge(`${jobs}/x?force=true`, {})), 422, 'Invalid', 'force: Forbidden: may not be specified for non-apply patch'],
    ['apply of managedFields', () => applyPatch(`${jobs}/x`, { ...job('x'), metadata: { name: 'x', managedFields: [] } }), 400, 'BadRequest', 'metadata.managedFields must be nil'],
    ['apply of another kind', () => applyPatch(`${jobs}/x`, { ...job('x'), kind: 'Task' }), 400, 'BadRequest', 'invalid object type: gleaner.dev/v1alpha1, Kind=Task'],
    ['apply of no object', () => applyPatch(`${jobs}/x`, '- 1\n'), 400, 'BadRequest', 'error decoding YAML'],
    ['apply of no YAML', () => applyPatch(`${jobs}/x`, 'a: [1'), 400, 'BadRequest', 'error decoding YAML: error converting YAML to JSON: yaml: line 1'],
    ['apply of metadata that is no object', () => applyPatch(`${jobs}/x`, { ...job('x'), metadata: 'x' }), 400, 'BadRequest', '.metadata: expected map, got "x"'],
    ['apply without a name', () => applyPatch(`${jobs}/x`, { ...job('x'), metadata: {} }), 400, 'BadRequest', 'name must be provided'],
    ['apply of another name', () => applyPatch(`${jobs}/x`, job('y')), 400, 'BadRequest', 'does not match the name on the URL (x)'],
    ['apply of another namespace', () => applyPatch(`${jobs}/x`, { ...job('x'), metadata: { name: 'x', namespace: 'y' } }), 400, 'BadRequest', 'does not match the namespace sent'],
    ['apply of __proto__ in JSON', () => applyPatch(`${jobs}/x`, '{"apiVersion":"gleaner.dev/v1alpha1","kind":"Job","metadata":{"name":"x","labels":{"__proto__":{}}}}'), 400, 'BadRequest', 'unknown field "metadata.labels.__proto__"'],
    ['apply of __proto__ in YAML', () => applyPatch(`${jobs}/x`, 'apiVersion: gleaner.dev/v1alpha1\nkind: Job\nmetadata:\n  __proto__: {}\n'), 400, 'BadRequest', 'unknown field "metadata.__proto__"'],
    ['apply to a new object with a uid', () => applyPatch(`${jobs}/x`, { ...job('x'), metadata: { name: 'x', uid: 'u' } }), 409, 'Conflict', 'uid mismatch: the provided object specified uid u, and no existing object was found'],
    ['apply to another uid', () => create('x').then(() => applyPatch(`${jobs}/x`, { ...job('x'), metadata: { name: 'x', uid: 'u' } }, '?fieldManager=test&force=true')), 422, 'Invalid', 'metadata.uid: Invalid value: "u": field is immutable'],
    ['apply to a stale version', () => create('x').then(() => applyPatch(`${jobs}/x`, { ...job('x', { parallelism: 1 }), metadata: { name: 'x', resourceVersion: '1' } }, '?fieldManager=test&force=true')), 409, 'Conflict', 'the object has been modified'],
    ['apply of a status to what is not there', () => applyPatch(`${jobs}/x/status`, job('x')), 404, 'NotFound', 'jobs.gleaner.dev "x" not found'],
    ['apply of what breaks a rule', () => applyPatch(`${jobs}/x`, job('x', { completions: -1 })), 422, 'Invalid', 'spec.completions'],
    ['apply of an object to scale', () => create('x').then(() => applyPatch(`${jobs}/x/scale`, job('x'))), 400, 'BadRequest', 'invalid object type: gleaner.dev/v1alpha1, Kind=Job'],
    ['apply in a namespace that is not there', () => applyPatch('/apis/gleaner.dev/v1alpha1/namespaces/nowhere/jobs/x', job('x')), 404, 'NotFound', 'namespaces "nowhere" not found'],
  ])('%s', async (_, call, code, reason, words) => {
    const answer = await call();
    expect({ code: answer.code, text: answer.text }).toMatchObject({ code });
    expect(answer.json).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
    expect(answer.json.message).toContain(words);
  });

  test('repeated fields: refused, warned of, or passed, as asked', async () => {
    const body = 'apiVersion: gleaner.dev/v1alpha1\nkind: Job\nmetadata: {name: x}\nspec:\n  runtime: python\n  runtime: shell\n  completions: 1\n  template: {program: {script: x}}\n';
    const strict = await applyPatch(`${jobs}/x`, body, '?fieldManager=test&fieldValidation=Strict');
    expect([strict.code, strict.json.message]).toEqual([400, 'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 6: key "runtime" already set in map']);
    const warned = await applyPatch(`${jobs}/x`, body);
    expect([warned.code, warned.headers.warning]).toEqual([201, '299 - "line 6: key \\"runtime\\" already set in map"']);
    const ignored = await applyPatch(`${jobs}/x`, body, '?fieldManager=test&fieldValidation=Ignore');
    expect([ignored.code, ignored.headers.warning]).toEqual([200, undefined]);
  });

  test('conflicts of an apply: one cause per field', async () => {
    await applyPatch(`${jobs}/x`, job('x', { parallelism: 1 }), '?fieldManager=first');
    const { code, json } = await applyPatch(`${jobs}/x`, job('x', { parallelism: 2, completions: 3 }), '?fieldManager=second');
    expect([code, json.reason, json.message]).toEqual([409, 'Conflict', 'Apply failed with 1 conflict: conflict with "first": .spec.parallelism']);
    expect(json.details).toEqual({ causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "first"', field: '.spec.parallelism' }] });
  });

});

describe('managers', () => {
  test('two that apply a new object at once: one makes it, the other is merged into it', async () => {
    const label = (who: string): Promise<Answer> =>
      applyPatch(`${jobs}/both`, { ...job('both'), metadata: { name: 'both', labels: { [who]: 'yes' } } }, `?fieldManager=${who}`);
    const codes = (await Promise.all(['a', 'b', 'c'].map(label))).map(({ code }) => code);
    expect(codes.sort()).toEqual([200, 200, 201]);
    const { json } = await server.request('GET', `${jobs}/both`);
    expect(json.metadata.labels).toEqual({ a: 'yes', b: 'yes', c: 'yes' });
    expect(json.metadata.managedFields?.map(({ manager }) => manager).sort()).toEqual(['a', 'b', 'c']);
  });

  test('without fieldManager, the first part of the User-Agent is the manager', async () => {
    const { json } = await server.request('POST', jobs, { body: job('ua'), headers: { 'User-Agent': 'my-tool/1.2 (linux) x' } });
    expect(json.metadata.managedFields).toMatchObject([{ manager: 'my-tool', operation: 'Update' }]);
    const nameless = await server.request('POST', jobs, { body: job('nameless') });
    expect(nameless.json.metadata.managedFields).toMatchObject([{ manager: 'unknown' }]);
  });

  test('a PUT of a core kind without a version is written over what is there, and its owners kept', async () => {
    const config = (data: object): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data });
    await applyPatch(`${maps}/c`, config({ a: '1', b: '2' }), '?fieldManager=first');
    const { code, json } = await server.request('PUT', `${maps}/c?fieldManager=second`, { body: config({ a: '1', b: '3' }) });
    expect([code, json.data]).toEqual([200, { a: '1', b: '3' }]);
    expect(json.metadata.managedFields).toMatchObject([
      { manager: 'first', operation: 'Apply', fieldsV1: { 'f:data': { 'f:a': {} } } },
      { manager: 'second', operation: 'Update', fieldsV1: { 'f:data': { 'f:b': {} } } },
    ]);
  });
});
