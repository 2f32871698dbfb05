/** Stock kubectl against the embedded API server: reading and writing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { JOBS, type KubeObject } from '../../crds';
import { eventually } from '../support/kubectl';
import { nextNamespace, sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl();
let ns: string;

beforeEach(async () => {
  ({ ns } = await nextNamespace(server));
});

const manifest = (name: string, extra = ''): string => `
apiVersion: gleaner.dev/v1alpha1
kind: Job
metadata:
  name: ${name}
  labels: {team: blue}
spec:
  runtime: python
  template: {program: {script: "print(1)"}}
  completions: 3
${extra}`;

const create = (name: string, extra = ''): Promise<string> => k.ok(['-n', ns, 'create', '-f', '-'], { input: manifest(name, extra) });
const jsonOf = async (name: string): Promise<KubeObject & { spec: Record<string, unknown> }> =>
  JSON.parse(await k.ok(['-n', ns, 'get', 'gj', name, '-o', 'json'])) as KubeObject & { spec: Record<string, unknown> };
const setStatus = async (name: string, status: object): Promise<void> => {
  const job = await server.store.get(JOBS, ns, name);
  await server.store.updateStatus(JOBS, { ...job, status } as unknown as KubeObject);
};

describe('discovery', () => {
  test('api-resources lists every kind with short names and scope', async () => {
    const lines = (await k.ok(['api-resources', '--no-headers'])).trim().split('\n').map((line) => line.split(/\s+/));
    expect(lines).toEqual(
      expect.arrayContaining([
        ['jobs', 'gj', 'gleaner.dev/v1alpha1', 'true', 'Job'],
        ['tasks', 'gt', 'gleaner.dev/v1alpha1', 'true', 'Task'],
        ['agents', 'ga', 'gleaner.dev/v1alpha1', 'false', 'Agent'],
        ['ratetiers', 'rt', 'gleaner.dev/v1alpha1', 'false', 'RateTier'],
        ['runtimes', 'rtm', 'gleaner.dev/v1alpha1', 'false', 'Runtime'],
        ['accounts', 'acct', 'gleaner.dev/v1alpha1', 'false', 'Account'],
        ['namespaces', 'ns', 'v1', 'false', 'Namespace'],
        ['events', 'ev', 'v1', 'true', 'Event'],
        ['secrets', 'v1', 'true', 'Secret'],
        ['configmaps', 'cm', 'v1', 'true', 'ConfigMap'],
        ['leases', 'coordination.k8s.io/v1', 'true', 'Lease'],
      ]),
    );
  });

  test('version names the server', async () => {
    expect(await k.ok(['version'])).toMatch(/Server Version: v1\.32\.0-gleaner/);
  });

  test('explain shows fields with types and descriptions', async () => {
    const text = await k.ok(['explain', 'gj.spec.template']);
    expect(text).toMatch(/KIND: +Job/);
    expect(text).toMatch(/program\t<Object> -required-/);
    expect(text).toMatch(/timeout\t<string>/);
    expect(await k.ok(['explain', 'gj.spec.completions'])).toMatch(/DESCRIPTION:\n +\S+/);
    expect(await k.ok(['explain', 'configmap.data'])).toMatch(/FIELD: data <map\[string\]string>/);
  });
});

describe('create and apply', () => {
  test('create fills in the defaults of the schema', async () => {
    expect(await create('pi')).toBe('job.gleaner.dev/pi created\n');
    const job = await jsonOf('pi');
    expect(job.metadata).toMatchObject({ name: 'pi', namespace: ns, generation: 1, labels: { team: 'blue' } });
    expect(job.spec).toMatchObject({ rateTier: 'standard', suspend: false, completions: 3 });
  });

  test('apply creates, then says unchanged, then changes only what changed', async () => {
    const apply = (extra = ''): Promise<string> => k.ok(['-n', ns, 'apply', '-f', '-'], { input: manifest('pi', extra) });
    expect(await apply()).toBe('job.gleaner.dev/pi created\n');
    const first = await jsonOf('pi');
    expect(await apply()).toBe('job.gleaner.dev/pi unchanged\n');
    expect((await jsonOf('pi')).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(await apply('  parallelism: 2')).toBe('job.gleaner.dev/pi configured\n');
    expect((await jsonOf('pi')).spec.parallelism).toBe(2);
    expect(await apply()).toBe('job.gleaner.dev/pi configured\n');
    const last = await jsonOf('pi');
    expect(last.spec.parallelism).toBeUndefined();
    expect(last.metadata.generation).toBe(3);
  });

  test('--dry-run=server shows the object and writes nothing', async () => {
    const shown = await k.ok(['-n', ns, 'create', '--dry-run=server', '-o', 'json', '-f', '-'], { input: manifest('ghost') });
    expect(JSON.parse(shown)).toMatchObject({ metadata: { name: 'ghost', uid: expect.any(String) }, spec: { rateTier: 'standard' } });
    expect(await k.fails(['-n', ns, 'get', 'gj', 'ghost'])).toContain('NotFound');
  });

  test('diff shows a change and writes nothing', async () => {
    await create('pi');
    const { code, stdout } = await k.run(['-n', ns, 'diff', '-f', '-'], { input: manifest('pi', '  parallelism: 5') });
    expect(code).toBe(1);
    expect(stdout).toContain('+  parallelism: 5');
    expect((await jsonOf('pi')).spec.parallelism).toBeUndefined();
  });

  test('generateName gives a name with five more characters', async () => {
    const input = manifest('x').replace('name: x', 'generateName: run-');
    expect(await k.ok(['-n', ns, 'create', '-f', '-'], { input })).toMatch(/^job\.gleaner\.dev\/run-[a-z0-9]{5} created\n$/);
  });

  test('core kinds: namespace, configmap, secret (sent in protobuf), then apply, label and delete', async () => {
    const createInProtobuf = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await k.run(['create', ...args, '--v=10']);
      const sent = stderr.split('\n').filter((line) => line.includes('curl -v -XPOST'));
      expect({ code, sent }).toEqual({ code: 0, sent: [expect.stringContaining('Content-Type: application/vnd.kubernetes.protobuf')] });
      return stdout;
    };
    expect(await createInProtobuf('namespace', `${ns}-new`)).toBe(`namespace/${ns}-new created\n`);
    expect(await k.ok(['get', 'ns', `${ns}-new`, '-o', 'jsonpath={.status.phase} {.metadata.labels}'])).toBe(
      `Active {"kubernetes.io/metadata.name":"${ns}-new"}`,
    );
    await createInProtobuf('-n', ns, 'configmap', 'settings', '--from-literal=a=1', '--from-literal=b=2');
    expect(await k.ok(['-n', ns, 'get', 'cm', 'settings', '--no-headers'])).toMatch(/^settings +2 +\d+s\n$/);
    await createInProtobuf('-n', ns, 'secret', 'generic', 'login', '--from-literal=password=hunter2');
    expect(await k.ok(['-n', ns, 'get', 'secret', 'login', '-o', 'jsonpath={.type} {.data.password}'])).toBe(
      `Opaque ${Buffer.from('hunter2').toString('base64')}`,
    );
    const config = (data: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: ${data}\n`;
    const apply = (data: string): Promise<string> => k.ok(['-n', ns, 'apply', '-f', '-'], { input: config(data) });
    expect(await apply('{a: "1", b: "2"}')).toBe('configmap/conf created\n');
    expect(await apply('{a: "1", c: "3"}')).toBe('configmap/conf configured\n');
    expect(await k.ok(['-n', ns, 'get', 'cm', 'conf', '-o', 'jsonpath={.data}'])).toBe('{"a":"1","c":"3"}');
    await k.ok(['-n', ns, 'label', 'cm', 'conf', 'x=y']);
    await k.ok(['-n', ns, 'patch', 'cm', 'conf', '-p', '{"data":{"a":null}}']);
    expect(await k.ok(['-n', ns, 'get', 'cm', '-l', 'x=y', '-o', 'jsonpath={.items[*].data}'])).toBe('{"c":"3"}');
    await k.ok(['-n', ns, 'delete', 'cm', 'conf']);
    expect(await k.fails(['-n', ns, 'get', 'cm', 'conf'])).toContain('configmaps "conf" not found');
  });
});

describe('get', () => {
  beforeEach(async () => {
    await create('one');
    await create('two', '  parallelism: 2');
    await setStatus('one', { phase: 'Running', completionsText: '1/3', active: 2, failed: 0 });
  });

  test('prints the columns of the definition', async () => {
    const [header, one, two] = (await k.ok(['-n', ns, 'get', 'gj'])).split('\n');
    expect(header.split(/\s+/)).toEqual(['NAME', 'STATUS', 'COMPLETIONS', 'ACTIVE', 'FAILED', 'TIER', 'COST', 'DURATION', 'AGE']);
    expect(one).toMatch(/^one +Running +1\/3 +2 +0 +standard +\d+s$/);
    expect(two).toMatch(/^two +standard +\d+s$/);
    expect(await k.ok(['-n', ns, 'get', 'gj', 'one', '--no-headers'])).toMatch(/^one +Running/);
    expect(await k.ok(['-n', ns, 'get', 'gj', '-o', 'wide', '--show-labels'])).toContain('team=blue');
    expect(await k.ok(['get', 'gj', '-A', '--no-headers'])).toMatch(new RegExp(`^${ns} +one `, 'm'));
  });

  test('--sort-by puts in order what is listed in another', async () => {
    for (const [name, parallelism] of [['one', 7], ['three', 9]] as const) await k.ok(['-n', ns, 'apply', '--server-side', '-f', '-'], { input: manifest(name, `  parallelism: ${parallelism}`) });
    const sorted = async (...args: string[]): Promise<string[]> => (await k.ok(['-n', ns, 'get', 'gj', '--no-headers', '-o', 'custom-columns=N:.metadata.name', ...args])).trim().split('\n');
    expect(await sorted()).toEqual(['one', 'three', 'two']);
    expect(await sorted('--sort-by=.spec.parallelism')).toEqual(['two', 'one', 'three']);
    expect(await sorted('--sort-by={.spec.parallelism}', '--chunk-size=1')).toEqual(['two', 'one', 'three']);
  });

  test.each([
    ['name', 'job.gleaner.dev/one\njob.gleaner.dev/two\n'],
    ['jsonpath={.items[*].metadata.name}', 'one two'],
    ['go-template={{range .items}}{{.metadata.name}}:{{.spec.completions}} {{end}}', 'one:3 two:3 '],
    ['custom-columns=N:.metadata.name,P:.spec.parallelism', 'N     P\none   <none>\ntwo   2\n'],
  ])('-o %s', async (output, expected) => {
    expect(await k.ok(['-n', ns, 'get', 'gj', '-o', output])).toBe(expected);
  });

  test('-o yaml and -o json give whole objects', async () => {
    expect(await k.ok(['-n', ns, 'get', 'gj', 'one', '-o', 'yaml'])).toMatch(/^apiVersion: gleaner\.dev\/v1alpha1\nkind: Job\n/);
    const list = JSON.parse(await k.ok(['-n', ns, 'get', 'gj', '-o', 'json'])) as { items: KubeObject[] };
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['one', 'two']);
  });

  test('label and field selectors choose', async () => {
    await k.ok(['-n', ns, 'label', 'gj', 'two', 'team=red', '--overwrite']);
    const names = async (...args: string[]): Promise<string> => k.ok(['-n', ns, 'get', 'gj', '-o', 'jsonpath={.items[*].metadata.name}', ...args]);
    expect(await names('-l', 'team=red')).toBe('two');
    expect(await names('-l', 'team in (red, blue),team!=blue')).toBe('two');
    expect(await names('-l', '!team')).toBe('');
    expect(await names('-l', 'team notin (red)')).toBe('one');
    expect(await names('--field-selector', 'metadata.name=one')).toBe('one');
    expect(await names('--field-selector', 'metadata.name!=one')).toBe('two');
    expect(await k.fails(['-n', ns, 'get', 'gj', '--field-selector', 'spec.completions=3'])).toContain('field label not supported: spec.completions');
  });

  test('pages: --chunk-size gives everything once', async () => {
    expect(await k.ok(['-n', ns, 'get', 'gj', '--chunk-size=1', '-o', 'name'])).toBe('job.gleaner.dev/one\njob.gleaner.dev/two\n');
  });

  test('-w shows rows change, for all and for one', async () => {
    const all = k.start(['-n', ns, 'get', 'gj', '-w', '--no-headers']);
    const single = k.start(['-n', ns, 'get', 'gj', 'one', '-w', '--no-headers']);
    try {
      await eventually(() => all.lines.join('\n'), () => all.lines.length === 2 && single.lines.length === 1);
      // Changes go on until the watches, which open some time after the lists, show one.
      let count = 0;
      const shown = (lines: string[]): boolean => lines.some((line) => /^one +Complete +\d+\/3/.test(line));
      await eventually(
        () => [...all.lines, ...single.lines].join('\n'),
        async () => {
          await setStatus('one', { phase: 'Complete', completionsText: `${++count}/3` });
          return shown(all.lines) && shown(single.lines);
        },
      );
      expect(single.lines.every((line) => line.startsWith('one '))).toBe(true);
    } finally {
      all.child.kill();
      single.child.kill();
    }
  });
});

describe('kubectl describe', () => {
  test('shows the object and its events', async () => {
    await create('pi');
    const { uid } = (await jsonOf('pi')).metadata;
    const event = {
      apiVersion: 'v1', kind: 'Event', metadata: { name: 'pi.1', namespace: ns },
      involvedObject: { apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', name: 'pi', namespace: ns, uid },
      type: 'Normal', reason: 'Admitted', message: 'the job may start', source: { component: 'gleaner' },
      firstTimestamp: new Date().toISOString(), lastTimestamp: new Date().toISOString(), count: 1,
    };
    expect((await server.request('POST', `/api/v1/namespaces/${ns}/events`, { body: event })).code).toBe(201);
    expect(await k.ok(['-n', ns, 'describe', 'gj', 'pi'])).toMatch(/Name: +pi[\s\S]*Completions: +3[\s\S]*Normal +Admitted +\S+ +gleaner +the job may start/);
    expect(await k.ok(['-n', ns, 'get', 'events', '--no-headers'])).toMatch(/^\S+ +Normal +Admitted +job\/pi +the job may start\n$/);
    expect(await k.ok(['-n', ns, 'events', '--for=gj/pi', '--no-headers'])).toContain('the job may start');
    expect(await k.ok(['describe', 'ns', ns])).toMatch(/Status: +Active/);
  });
});

describe('changes', () => {
  beforeEach(() => create('pi'));

  test('patch: merge, json, status; strategic is refused', async () => {
    const patch = (...args: string[]): Promise<string> => k.ok(['-n', ns, 'patch', 'gj', 'pi', ...args]);
    await patch('--type=merge', '-p', '{"spec":{"parallelism":7}}');
    expect((await jsonOf('pi')).spec.parallelism).toBe(7);
    await patch('--type=json', '-p', '[{"op":"test","path":"/spec/parallelism","value":7},{"op":"replace","path":"/spec/parallelism","value":8}]');
    expect((await jsonOf('pi')).spec.parallelism).toBe(8);
    await patch('--subresource=status', '--type=merge', '-p', '{"spec":{"parallelism":1},"status":{"phase":"Running"}}');
    expect(await jsonOf('pi')).toMatchObject({ spec: { parallelism: 8 }, status: { phase: 'Running' }, metadata: { generation: 3 } });
    expect(await k.fails(['-n', ns, 'patch', 'gj', 'pi', '-p', '{"spec":{"parallelism":9}}'])).toContain('strategic-merge-patch+json is not supported');
    expect(await k.fails(['-n', ns, 'patch', 'gj', 'pi', '--type=json', '-p', '[{"op":"test","path":"/spec/parallelism","value":1}]'])).toContain('server rejected our request');
    expect(await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"spec":{"parallelism":8}}'])).toContain('(no change)');
  });

  test('edit', async () => {
    const env = { KUBE_EDITOR: "sed -i 's/suspend: false/suspend: true/'" };
    expect(await k.ok(['-n', ns, 'edit', 'gj', 'pi'], { env })).toBe('job.gleaner.dev/pi edited\n');
    expect((await jsonOf('pi')).spec.suspend).toBe(true);
  });

  test('label and annotate, and take away again', async () => {
    await k.ok(['-n', ns, 'label', 'gj', 'pi', 'a=b', 'team-']);
    await k.ok(['-n', ns, 'annotate', 'gj', 'pi', 'note=hello world']);
    expect((await jsonOf('pi')).metadata).toMatchObject({ labels: { a: 'b' }, annotations: { note: 'hello world' }, generation: 1 });
    await k.ok(['-n', ns, 'label', 'gj', 'pi', 'a-']);
    expect((await jsonOf('pi')).metadata.labels).toBeUndefined();
  });

  test('scale, also with a condition on the current number', async () => {
    expect(await k.ok(['-n', ns, 'scale', 'gj', 'pi', '--replicas=4'])).toBe('job.gleaner.dev/pi scaled\n');
    expect((await jsonOf('pi')).spec.parallelism).toBe(4);
    await k.ok(['-n', ns, 'scale', 'gj', 'pi', '--replicas=5', '--current-replicas=4']);
    expect((await jsonOf('pi')).spec.parallelism).toBe(5);
    expect(await k.fails(['-n', ns, 'scale', 'gj', 'pi', '--replicas=6', '--current-replicas=4'])).toContain('Expected replicas to be 4, was 5');
  });

  test('replace with the version that was read; refused with an old one', async () => {
    const file = join(server.dir, `${ns}.json`);
    writeFileSync(file, JSON.stringify(await jsonOf('pi')).replace('"completions":3', '"completions":3,"parallelism":2'));
    await k.ok(['-n', ns, 'replace', '-f', file]);
    expect((await jsonOf('pi')).spec.parallelism).toBe(2);
    expect(await k.fails(['-n', ns, 'replace', '-f', file])).toContain('(Conflict)');
    expect(await k.fails(['-n', ns, 'replace', '-f', file])).toContain('the object has been modified; please apply your changes to the latest version and try again');
  });
});

describe('wait and delete', () => {
  beforeEach(() => create('pi'));

  test('wait for a condition, a field and deletion', async () => {
    const waits = [
      k.ok(['-n', ns, 'wait', '--for=condition=Finished', 'job.gleaner.dev/pi', '--timeout=20s']),
      k.ok(['-n', ns, 'wait', '--for=jsonpath={.status.phase}=Complete', 'gj/pi', '--timeout=20s']),
    ];
    await setStatus('pi', {
      phase: 'Complete',
      conditions: [{ type: 'Finished', status: 'True', reason: 'Complete', message: 'all done', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    });
    expect(await Promise.all(waits)).toEqual(['job.gleaner.dev/pi condition met\n', 'job.gleaner.dev/pi condition met\n']);
    const gone = k.ok(['-n', ns, 'wait', '--for=delete', 'gj/pi', '--timeout=20s']);
    await k.ok(['-n', ns, 'delete', 'gj', 'pi']);
    await gone;
    expect(await k.fails(['-n', ns, 'wait', '--for=condition=Finished', 'gj/pi', '--timeout=1s'])).toContain('not found');
  });

  test('delete waits until the last finalizer is gone', async () => {
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}']);
    const deleting = k.ok(['-n', ns, 'delete', 'gj', 'pi']);
    await eventually(() => 'a deletionTimestamp', async () => (await server.store.get(JOBS, ns, 'pi'))?.metadata.deletionTimestamp !== undefined);
    expect(await k.fails(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}'])).toContain(
      'no new finalizers can be added if the object is being deleted',
    );
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    expect(await deleting).toContain('job.gleaner.dev "pi" deleted');
    expect(await server.store.get(JOBS, ns, 'pi')).toBeUndefined();
  });

  test('--cascade=foreground and orphan leave their mark for the garbage collector', async () => {
    await create('other');
    await k.ok(['-n', ns, 'delete', 'gj', 'pi', '--cascade=foreground', '--wait=false']);
    await k.ok(['-n', ns, 'delete', 'gj', 'other', '--cascade=orphan', '--wait=false']);
    expect((await jsonOf('pi')).metadata).toMatchObject({ finalizers: ['foregroundDeletion'], deletionTimestamp: expect.any(String) });
    expect((await jsonOf('other')).metadata).toMatchObject({ finalizers: ['orphan'], deletionTimestamp: expect.any(String) });
  });

  test('delete by selector and all', async () => {
    await create('other');
    await k.ok(['-n', ns, 'label', 'gj', 'other', 'team=red', '--overwrite']);
    await k.ok(['-n', ns, 'delete', 'gj', '-l', 'team=blue']);
    expect(await k.ok(['-n', ns, 'get', 'gj', '-o', 'name'])).toBe('job.gleaner.dev/other\n');
    await k.ok(['-n', ns, 'delete', 'gj', '--all']);
    expect(await k.ok(['-n', ns, 'get', 'gj', '-o', 'name'])).toBe('');
  });

  test('deleting a namespace deletes what is in it; default stays', async () => {
    await k.ok(['-n', ns, 'create', 'configmap', 'c', '--from-literal=a=1']);
    expect(await k.ok(['delete', 'ns', ns])).toContain(`namespace "${ns}" deleted`);
    expect(await k.fails(['get', 'ns', ns])).toContain(`namespaces "${ns}" not found`);
    expect((await server.store.list(JOBS, { namespace: ns })).items).toEqual([]);
    expect((await server.store.list('configmaps', { namespace: ns })).items).toEqual([]);
    expect(await k.fails(['delete', 'ns', 'default'])).toContain('this namespace may not be deleted');
  });

  test('a namespace that goes takes nothing new', async () => {
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}']);
    await k.ok(['delete', 'ns', ns, '--wait=false']);
    await eventually(() => 'phase Terminating', async () => (await k.ok(['get', 'ns', ns, '--no-headers'])).includes('Terminating'));
    expect(await k.fails(['-n', ns, 'create', '-f', '-'], { input: manifest('late') })).toContain(
      `unable to create new content in namespace ${ns} because it is being terminated`,
    );
    await k.ok(['-n', ns, 'patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    await eventually(() => 'the namespace to go', async () => (await k.run(['get', 'ns', ns])).code !== 0);
  });
});

describe('refusals', () => {
  const refused = (input: string, ...args: string[]): Promise<string> => k.fails(['-n', ns, 'create', '-f', '-', ...args], { input });

  test('unknown and duplicate fields by name; --validate=warn and ignore prune', async () => {
    const unknown = manifest('pi', '  notAField: 1');
    expect(await refused(unknown)).toContain('strict decoding error: unknown field "spec.notAField"');
    const warned = await k.run(['-n', ns, 'create', '-f', '-', '--validate=warn'], { input: unknown });
    expect(warned).toMatchObject({ code: 0, stderr: 'Warning: unknown field "spec.notAField"\n' });
    expect((await jsonOf('pi')).spec.notAField).toBeUndefined();
    const ignored = await k.run(['-n', ns, 'create', '-f', '-', '--validate=ignore'], { input: unknown.replace('name: pi', 'name: pi2') });
    expect(ignored).toMatchObject({ code: 0, stderr: '' });
  });

  test('invalid values, each with its field', async () => {
    const text = await refused(manifest('pi').replace('completions: 3', 'completions: 0').replace('runtime: python', 'runtime: 7'));
    expect(text).toContain('The Job "pi" is invalid');
    expect(text).toContain('spec.completions: Invalid value: 0: spec.completions in body should be greater than or equal to 1');
    expect(text).toContain('spec.runtime: Invalid value: "integer": spec.runtime in body must be of type string: "integer"');
    expect(await refused(manifest('Pi_1'))).toContain('metadata.name: Invalid value: "Pi_1": a lowercase RFC 1123 subdomain');
  });

  test('not found, already there, missing namespace, no rights', async () => {
    await create('pi');
    expect(await k.fails(['-n', ns, 'get', 'gj', 'nope'])).toBe('Error from server (NotFound): jobs.gleaner.dev "nope" not found\n');
    expect(await refused(manifest('pi'))).toContain('Error from server (AlreadyExists): error when creating "STDIN": jobs.gleaner.dev "pi" already exists');
    expect(await k.fails(['-n', 'nowhere', 'create', '-f', '-'], { input: manifest('pi') })).toContain('namespaces "nowhere" not found');
    const { token } = await server.tokens.create({ subject: 'alice' });
    expect(await k.fails(['-n', ns, 'get', 'gj', `--token=${token}`])).toContain(
      `Error from server (Forbidden): jobs.gleaner.dev is forbidden: User "alice" cannot list resource "jobs" in API group "gleaner.dev" in the namespace "${ns}"`,
    );
    expect(await k.fails(['-n', ns, 'get', 'gj', '--token=wrong'])).toContain('Unauthorized');
  });
});
