/** Server-side apply and managedFields through the real kubectl. */
import { JOBS, type ManagedFieldsEntry } from '../../crds';
import type { Ran } from '../support/kubectl';
import { nextNamespace, sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl();
let ns: string;

beforeEach(async () => {
  ({ ns } = await nextNamespace(server));
});

const manifest = (lines: string[] = [], meta: string[] = []): string =>
  ['apiVersion: gleaner.dev/v1alpha1', 'kind: Job', 'metadata:', '  name: pi', ...meta, 'spec:', '  runtime: python', '  completions: 3',
    '  template:', '    program:', '      script: print(1)', ...lines, ''].join('\n');
const part = (...lines: string[]): string => ['apiVersion: gleaner.dev/v1alpha1', 'kind: Job', 'metadata:', '  name: pi', ...lines, ''].join('\n');
const apply = (input: string, ...args: string[]): Promise<string> => k.ok(['-n', ns, 'apply', '--server-side', '-f', '-', ...args], { input });
const tryApply = (input: string, ...args: string[]): Promise<Ran> => k.run(['-n', ns, 'apply', '--server-side', '-f', '-', ...args], { input });
const clientApply = (input: string): Promise<string> => k.ok(['-n', ns, 'apply', '-f', '-'], { input });

interface Job {
  metadata: { resourceVersion: string; generation: number; labels?: Record<string, string>; annotations?: Record<string, string>; managedFields?: ManagedFieldsEntry[] };
  spec: { parallelism?: number; maxCost?: string; suspend?: boolean; completions: number };
  status?: { phase?: string };
}
const job = async (): Promise<Job> => JSON.parse(await k.ok(['-n', ns, 'get', 'gj', 'pi', '-o', 'json', '--show-managed-fields'])) as Job;
/** `manager operation [subresource]` and the fields, in the order of the object. */
const owners = async (): Promise<[string, object][]> =>
  ((await job()).metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) => [[manager, operation, subresource].filter(Boolean).join(' '), fieldsV1]);
const ownerOf = async (who: string): Promise<object | undefined> => (await owners()).find(([name]) => name === who)?.[1];

const MANIFEST_FIELDS = { 'f:spec': { 'f:runtime': {}, 'f:completions': {}, 'f:template': { 'f:program': { 'f:script': {} } } } };

describe('server-side apply', () => {
  test('creates, changes, and says who owns what', async () => {
    expect(await apply(manifest())).toBe('job.gleaner.dev/pi serverside-applied\n');
    expect(await owners()).toEqual([['kubectl Apply', MANIFEST_FIELDS]]);
    const [entry] = (await job()).metadata.managedFields ?? [];
    expect(entry).toMatchObject({ apiVersion: 'gleaner.dev/v1alpha1', fieldsType: 'FieldsV1', time: expect.stringMatching(/^\d{4}-.*Z$/) });
    await apply(manifest(['  parallelism: 2']));
    const changed = await job();
    expect([changed.spec.parallelism, changed.metadata.generation]).toEqual([2, 2]);
    await apply(manifest(['  parallelism: 2']));
    expect((await job()).metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
  });

  test('removes what is given up, and leaves what others own', async () => {
    await apply(manifest(['  parallelism: 2', '  maxCost: "5"'], ['  labels: {a: "1", b: "2"}']));
    await apply(part('  labels: {b: "2"}'), '--field-manager=other');
    await apply(manifest());
    const { spec, metadata } = await job();
    expect(spec.parallelism).toBeUndefined();
    expect(spec.maxCost).toBeUndefined();
    expect(metadata.labels).toEqual({ b: '2' });
    expect(await ownerOf('other Apply')).toEqual({ 'f:metadata': { 'f:labels': { 'f:b': {} } } });
  });

  test('refuses to take what others own; --force-conflicts takes it', async () => {
    await apply(manifest(['  parallelism: 2']), '--field-manager=first');
    const { code, stderr } = await tryApply(part('spec:', '  parallelism: 3'), '--field-manager=second');
    expect(code).toBe(1);
    expect(stderr).toContain('Apply failed with 1 conflict: conflict with "first": .spec.parallelism');
    expect((await job()).spec.parallelism).toBe(2);
    await apply(part('spec:', '  parallelism: 3'), '--field-manager=second', '--force-conflicts');
    expect((await job()).spec.parallelism).toBe(3);
    expect(await ownerOf('first Apply')).toEqual(MANIFEST_FIELDS);
    expect(await ownerOf('second Apply')).toEqual({ 'f:spec': { 'f:parallelism': {} } });
  });

  test('one value from two managers is shared; it goes with the last of them', async () => {
    await apply(manifest(['  parallelism: 2']), '--field-manager=first');
    await apply(part('spec:', '  parallelism: 2'), '--field-manager=second');
    await apply(manifest(), '--field-manager=first');
    expect((await job()).spec.parallelism).toBe(2);
    await apply(part(), '--field-manager=second');
    expect((await job()).spec.parallelism).toBeUndefined();
    expect(await ownerOf('second Apply')).toBeUndefined();
  });

  test('conflicts with other writers name them and how they wrote', async () => {
    await apply(manifest(['  parallelism: 2', '  suspend: false']));
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"spec":{"parallelism":4,"suspend":true}}']);
    expect(await ownerOf('kubectl-patch Update')).toEqual({ 'f:spec': { 'f:parallelism': {}, 'f:suspend': {} } });
    const { stderr } = await tryApply(manifest(['  parallelism: 2', '  suspend: false']));
    expect(stderr).toContain('Apply failed with 2 conflicts: conflicts with "kubectl-patch" using gleaner.dev/v1alpha1:\n- .spec.parallelism\n- .spec.suspend');
    const causes = (await server.request('PATCH', `/apis/gleaner.dev/v1alpha1/namespaces/${ns}/jobs/pi?fieldManager=kubectl`, {
      body: manifest(['  parallelism: 2']), headers: { 'Content-Type': 'application/apply-patch+yaml' },
    })).json.details.causes;
    expect(causes).toEqual([{ reason: 'FieldManagerConflict', message: 'conflict with "kubectl-patch" using gleaner.dev/v1alpha1', field: '.spec.parallelism' }]);
  });

  test('--dry-run=server shows and writes nothing, on create and on change', async () => {
    expect(JSON.parse(await apply(manifest(), '--dry-run=server', '-o', 'json'))).toMatchObject({ metadata: { name: 'pi', uid: expect.any(String) } });
    expect(await k.fails(['-n', ns, 'get', 'gj', 'pi'])).toContain('NotFound');
    await apply(manifest());
    expect(JSON.parse(await apply(manifest(['  parallelism: 9']), '--dry-run=server', '-o', 'json'))).toMatchObject({ spec: { parallelism: 9 } });
    expect((await job()).spec.parallelism).toBeUndefined();
  });

  test('diff --server-side', async () => {
    await apply(manifest());
    expect((await k.run(['-n', ns, 'diff', '--server-side', '-f', '-'], { input: manifest() })).code).toBe(0);
    const { code, stdout } = await k.run(['-n', ns, 'diff', '--server-side', '-f', '-'], { input: manifest(['  parallelism: 5']) });
    expect(code).toBe(1);
    expect(stdout).toContain('+  parallelism: 5');
    expect((await job()).spec.parallelism).toBeUndefined();
  });

  test('unknown and repeated fields are refused by name', async () => {
    expect((await tryApply(manifest(['  nope: 1']))).stderr).toContain('.spec.nope: field not declared in schema');
    const { code, json } = await server.request('PATCH', `/apis/gleaner.dev/v1alpha1/namespaces/${ns}/jobs/pi?fieldManager=x&fieldValidation=Strict`, {
      body: manifest(['  parallelism: 1', '  parallelism: 2']), headers: { 'Content-Type': 'application/apply-patch+yaml' },
    });
    expect([code, json.message]).toEqual([400, expect.stringContaining('key "parallelism" already set in map')]);
    expect((await tryApply(manifest(['  parallelism: -1']))).stderr).toContain('spec.parallelism');
    expect(await k.fails(['-n', ns, 'get', 'gj', 'pi'])).toContain('NotFound');
  });

  test('core kinds: data of a ConfigMap key by key, labels of a Namespace', async () => {
    const config = (data: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: ${data}\n`;
    await apply(config('{a: "1", b: "2"}'), '--field-manager=one');
    await apply(config('{c: "3"}'), '--field-manager=two');
    await apply(config('{a: "1"}'), '--field-manager=one');
    expect(await k.ok(['-n', ns, 'get', 'cm', 'conf', '-o', 'jsonpath={.data}'])).toBe('{"a":"1","c":"3"}');
    await k.ok(['apply', '--server-side', '-f', '-'], { input: `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${ns}-made, labels: {x: one}}\n` });
    expect(await k.ok(['get', 'ns', `${ns}-made`, '-o', 'jsonpath={.status.phase} {.metadata.labels.x} {.metadata.managedFields[*].fieldsV1}'])).toBe(
      'Active one {"f:metadata":{"f:labels":{"f:x":{}}}}',
    );
  });
});

describe('migration from client-side apply', () => {
  test('kubectl takes over its own fields without conflicts, removal of fields works, the annotation stays up to date', async () => {
    await clientApply(manifest(['  parallelism: 2', '  maxCost: "5"']));
    expect((await owners()).map(([who]) => who)).toEqual(['kubectl-client-side-apply Update']);
    expect((await tryApply(manifest(['  parallelism: 3']))).stderr).toBe('');
    const { spec, metadata } = await job();
    expect(spec.parallelism).toBe(3);
    expect(spec.maxCost).toBeUndefined();
    expect((await owners()).map(([who]) => who)).not.toContain('kubectl-client-side-apply Update');
    const said = JSON.parse(metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '{}') as Job;
    expect(said.spec.parallelism).toBe(3);
    await apply(manifest());
    expect((await job()).spec.parallelism).toBeUndefined();
  });

  test('and back', async () => {
    await clientApply(manifest(['  parallelism: 2']));
    await apply(manifest(['  parallelism: 3']));
    expect(await clientApply(manifest(['  parallelism: 4']))).toBe('job.gleaner.dev/pi configured\n');
    expect((await job()).spec.parallelism).toBe(4);
  });

  test('what somebody else changed in between is a conflict', async () => {
    await clientApply(manifest(['  parallelism: 2']));
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"spec":{"parallelism":4}}']);
    const { stderr } = await tryApply(manifest(['  parallelism: 3']));
    expect(stderr).toContain('conflict with "kubectl-patch" using gleaner.dev/v1alpha1: .spec.parallelism');
  });
});

describe('managedFields of other writes', () => {
  test('create, edit by label and annotation, replace, scale, status: each under its own name', async () => {
    await k.ok(['-n', ns, 'create', '-f', '-'], { input: manifest() });
    expect(Object.keys((await ownerOf('kubectl-create Update')) ?? {})).toContain('f:spec');
    await k.ok(['-n', ns, 'label', 'gj', 'pi', 'team=blue']);
    expect(await ownerOf('kubectl-label Update')).toEqual({ 'f:metadata': { 'f:labels': { '.': {}, 'f:team': {} } } });
    await k.ok(['-n', ns, 'annotate', 'gj', 'pi', 'note=x']);
    expect(await ownerOf('kubectl-annotate Update')).toEqual({ 'f:metadata': { 'f:annotations': { '.': {}, 'f:note': {} } } });
    await k.ok(['-n', ns, 'scale', 'gj', 'pi', '--replicas=2']);
    expect(await ownerOf('kubectl Update scale')).toEqual({ 'f:spec': { 'f:parallelism': {} } });
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--subresource=status', '--type=merge', '-p', '{"status":{"phase":"Running"}}']);
    expect(await ownerOf('kubectl-patch Update status')).toEqual({ 'f:status': { '.': {}, 'f:phase': {} } });
    const current = await job();
    await k.ok(['-n', ns, 'replace', '-f', '-'], { input: JSON.stringify({ ...current, spec: { ...current.spec, suspend: true } }) });
    expect(await ownerOf('kubectl-replace Update')).toEqual({ 'f:spec': { 'f:suspend': {} } });
    expect((await job()).status?.phase).toBe('Running');
  });

  test('status and scale can be applied; each leaves the other fields alone', async () => {
    await apply(manifest());
    await apply(part('spec:', '  suspend: true', 'status:', '  phase: Running'), '--subresource=status', '--field-manager=st');
    const { spec, status } = await job();
    expect([spec.suspend, status?.phase]).toEqual([false, 'Running']);
    expect(await ownerOf('st Apply status')).toEqual({ 'f:status': { 'f:phase': {} } });
    const scale = await server.request('PATCH', `/apis/gleaner.dev/v1alpha1/namespaces/${ns}/jobs/pi/scale?fieldManager=sc`, {
      body: 'apiVersion: autoscaling/v1\nkind: Scale\nmetadata: {name: pi}\nspec: {replicas: 7}\n', headers: { 'Content-Type': 'application/apply-patch+yaml' },
    });
    expect([scale.code, scale.json.spec]).toEqual([200, { replicas: 7 }]);
    expect(await ownerOf('sc Apply scale')).toEqual({ 'f:spec': { 'f:parallelism': {} } });
    expect((await tryApply(part('spec:', '  parallelism: 1'), '--field-manager=other')).stderr).toContain('conflict with "sc" with subresource "scale": .spec.parallelism');
  });

  test('they are hidden by default, shown on demand, and forgotten with [] until the next apply', async () => {
    await apply(manifest(['  parallelism: 2']));
    expect(await k.ok(['-n', ns, 'get', 'gj', 'pi', '-o', 'yaml'])).not.toContain('managedFields');
    expect(await k.ok(['-n', ns, 'get', 'gj', 'pi', '-o', 'yaml', '--show-managed-fields'])).toContain('  managedFields:\n');
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"managedFields":null}}']);
    expect((await owners()).map(([who]) => who)).toEqual(['kubectl Apply']);
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"managedFields":[{}]}}']);
    expect(await owners()).toEqual([]);
    await k.ok(['-n', ns, 'label', 'gj', 'pi', 'a=b']);
    expect(await owners()).toEqual([]);
    const { stderr } = await tryApply(manifest(['  parallelism: 3']));
    expect(stderr).toContain('conflict with "before-first-apply" using gleaner.dev/v1alpha1: .spec.parallelism');
  });

  test("a controller's writes past the API keep them", async () => {
    await apply(manifest());
    const stored = await server.store.get(JOBS, ns, 'pi');
    if (!stored) throw new Error('the job is not there');
    await server.store.updateStatus(JOBS, { ...stored, status: { phase: 'Running' } } as typeof stored);
    expect((await owners()).map(([who]) => who)).toEqual(['kubectl Apply']);
  });
});
