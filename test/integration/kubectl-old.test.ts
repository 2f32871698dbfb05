/**
 * kubectl 1.20, as Debian 12 ships it: it reads /openapi/v2 in protobuf, and checks manifests itself. It has no `events`, `auth whoami`,
 * `create token`, `wait --for=jsonpath`, `--subresource` and `--validate=warn`: the last test says so. Its `logs` are in test/e2e/pods.test.ts.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

import { CASCADES, deleteOwner } from '../support/cascade';
import { eventually } from '../support/kubectl';
import { describeWithKube } from '../support/kube-apiserver';
import { sharedKubectl } from '../support/shared-server';

const JOB = (more = ''): string => `
apiVersion: gleaner.dev/v1alpha1
kind: Job
metadata: {name: pi, labels: {app: math}}
spec:
  runtime: shell
  completions: 3
${more}
  template: {program: {script: "true"}}
`;
const TEMPLATE = (image: string, more = ''): string => `
apiVersion: v1
kind: PodTemplate
metadata: {name: web}
template:
  metadata: {labels: {app: web}}
  spec:
    containers:
    - {name: web, image: "${image}", ports: [{containerPort: 80}]${more}}
    - {name: side, image: "side:1"}
`;
const CRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, categories: [all, toys]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, description: What it is., properties: {size: {type: integer, description: How big.}}}}}}
`;

describeWithKube('kubectl 1.20', ['kubectl-old'], (paths) => {
  const { server, k } = sharedKubectl({ namespaceContent: true, garbage: true }, paths['kubectl-old']);

  const apply = (text: string, ...args: string[]) => k.run(['apply', ...args, '-f', '-'], { input: text });

  test('is that old', async () => {
    expect(await k.ok(['version'])).toMatch(/Client Version.*Minor:"20"[\s\S]*Server Version.*Minor:"32"/);
  });

  test('knows the resources', async () => {
    const names = (await k.ok(['api-resources', '-o', 'name'])).trim().split('\n');
    expect(names).toEqual(expect.arrayContaining(['configmaps', 'secrets', 'serviceaccounts', 'podtemplates', 'jobs.gleaner.dev', 'leases.coordination.k8s.io', 'roles.rbac.authorization.k8s.io', 'events.events.k8s.io']));
    expect((await k.ok(['api-versions'])).split('\n')).toEqual(expect.arrayContaining(['v1', 'gleaner.dev/v1alpha1', 'coordination.k8s.io/v1']));
  });

  test.each<[string[], RegExp[]]>([
    [['configmaps'], [/KIND: +ConfigMap/, /binaryData\t<map\[string\]string>/, /The data, base64\./]],
    [['podtemplate.template.spec.containers'], [/RESOURCE: containers <\[\]Object>/, /imagePullPolicy\t<string>/, /image\t<string>\n +Name of its image\./]],
    [['jobs', '--recursive'], [/KIND: +Job[\s\S]*spec\t<Object>[\s\S]*completions\t<integer>[\s\S]*status\t<Object>[\s\S]*conditions\t<\[\]Object>/]],
    [['podtemplates', '--recursive'], [/template\t<Object>[\s\S]*containers\t<\[\]Object>[\s\S]*imagePullPolicy\t<string>/]],
    [['jobs.spec.template', '--recursive'], [/resources\t<Object>[\s\S]*pids\t<integer>/, /inputs\t<\[\]Object>\n +element\t<string>/]],
    [['events', '--api-version=events.k8s.io/v1'], [/eventTime\t<string> -required-/, /regarding\t<Object>/]],
    [['crd.spec.versions'], [/storage\t<boolean>/]],
  ])('explains %j', async (args, words) => {
    const text = await k.ok(['explain', ...args]);
    for (const each of words) expect(text).toMatch(each);
  });

  test('refuses manifests by itself: unknown fields and wrong types, of custom and of core kinds', async () => {
    expect((await apply(JOB('  completion: 1'))).stderr).toContain('unknown field "completion" in dev.gleaner.v1alpha1.Job.spec');
    expect((await apply(JOB('  parallelism: many'))).stderr).toContain('invalid type for dev.gleaner.v1alpha1.Job.spec.parallelism: got "string", expected "integer"');
    expect((await apply(TEMPLATE('web:1', ', odd: 1'))).stderr).toContain('unknown field "odd" in io.k8s.api.core.v1.Container');
    expect((await k.run(['create', '-f', '-'], { input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 1}\n' })).stderr).toContain('json: cannot unmarshal number into Go struct field ConfigMap.data of type string');
  });

  test('applies, compares and applies again: custom kinds by merge, core kinds by strategic merge', async () => {
    expect((await apply(JOB())).stdout).toBe('job.gleaner.dev/pi created\n');
    const differs = await k.run(['diff', '-f', '-'], { input: JOB('  parallelism: 2') });
    expect([differs.code, differs.stdout]).toEqual([1, expect.stringMatching(/^\+ {2}parallelism: 2$/m)]);
    expect((await apply(JOB('  parallelism: 2'), '--dry-run=server')).stdout).toBe('job.gleaner.dev/pi configured (server dry run)\n');
    expect((await apply(JOB('  parallelism: 2'))).stdout).toBe('job.gleaner.dev/pi configured\n');
    expect((await k.run(['diff', '-f', '-'], { input: JOB('  parallelism: 2') })).code).toBe(0);

    expect((await apply(TEMPLATE('web:1'))).stdout).toBe('podtemplate/web created\n');
    expect((await k.run(['diff', '-f', '-'], { input: TEMPLATE('web:2') })).stdout).toMatch(/-.*image: web:1\n\+.*image: web:2/);
    expect((await apply(TEMPLATE('web:2', ', env: [{name: A, value: b}]'))).stdout).toBe('podtemplate/web configured\n');
    expect(await k.ok(['get', 'podtemplate', 'web', '-o', 'jsonpath={.template.spec.containers[*].image}'])).toBe('web:2 side:1');
    expect((await apply(TEMPLATE('web:2'))).stdout).toBe('podtemplate/web configured\n');
    expect(await k.ok(['get', 'podtemplate', 'web', '-o', 'jsonpath={.template.spec.containers[0].env}'])).toBe('');
  });

  test('--validate=false leaves the checks to the server, which drops what is unknown; true is the default', async () => {
    const odd = JOB('  completion: 1').replace('name: pi', 'name: odd');
    expect((await apply(odd, '--validate=true')).stderr).toContain('unknown field "completion" in dev.gleaner.v1alpha1.Job.spec');
    expect((await k.run(['get', 'gj', 'odd'])).code).toBe(1);
    expect((await apply(odd, '--validate=false')).stdout).toBe('job.gleaner.dev/odd created\n');
    expect(await k.ok(['get', 'gj', 'odd', '-o', 'jsonpath={.spec.completion}{.spec.completions}'])).toBe('3');
    expect((await apply(JOB('  parallelism: many'), '--validate=false')).stderr).toContain('spec.parallelism: Invalid value: "string"');
    await k.ok(['delete', 'gj', 'odd']);
  });

  test('--dry-run=server of create shows the object and makes none', async () => {
    const input = JOB().replace('name: pi', 'name: ghost');
    expect(JSON.parse(await k.ok(['create', '--dry-run=server', '-o', 'json', '-f', '-'], { input }))).toMatchObject({ metadata: { name: 'ghost', uid: expect.any(String) }, spec: { rateTier: 'standard' } });
    expect(await k.ok(['create', 'configmap', 'ghost', '--from-literal=a=b', '--dry-run=server'])).toBe('configmap/ghost created (server dry run)\n');
    expect((await apply(input, '--dry-run=server')).stdout).toBe('job.gleaner.dev/ghost created (server dry run)\n');
    expect((await apply(input, '--server-side', '--dry-run=server')).stdout).toBe('job.gleaner.dev/ghost serverside-applied (server dry run)\n');
    expect(await k.fails(['get', 'gj/ghost', 'configmap/ghost'])).toMatch(/jobs\.gleaner\.dev "ghost" not found[\s\S]*configmaps "ghost" not found/);
  });

  test('takes over from client-side apply: no conflict, the annotation follows, the fields have the new owner', async () => {
    const manifest = (more: string): string => JOB(more).replace('name: pi', 'name: moved');
    const owners = async (): Promise<Record<string, object>> => {
      const { metadata } = JSON.parse(await k.ok(['get', 'gj', 'moved', '-o', 'json'])) as { metadata: { managedFields: { manager: string; operation: string; fieldsV1: Record<string, object> }[] } };
      return Object.fromEntries(metadata.managedFields.map(({ manager, operation, fieldsV1 }) => [`${manager} ${operation}`, fieldsV1['f:spec']]));
    };
    await apply(manifest('  parallelism: 2'));
    expect(await owners()).toEqual({ 'kubectl-client-side-apply Update': expect.objectContaining({ 'f:parallelism': {} }) });
    const differs = await k.run(['diff', '--server-side', '-f', '-'], { input: manifest('  parallelism: 3') });
    expect([differs.code, differs.stdout]).toEqual([1, expect.stringMatching(/^-  parallelism: 2\n\+  parallelism: 3$/m)]);
    expect((await apply(manifest('  parallelism: 3'), '--server-side', '--field-manager=other')).stderr).toContain('conflict with "kubectl-client-side-apply"');
    expect(await apply(manifest('  parallelism: 3'), '--server-side')).toMatchObject({ code: 0, stdout: 'job.gleaner.dev/moved serverside-applied\n' });
    const after = await owners();
    expect(after['kubectl Apply']).toMatchObject({ 'f:parallelism': {}, 'f:completions': {} });
    expect(after['kubectl-client-side-apply Update']).not.toHaveProperty('f:parallelism');
    expect(await k.ok(['apply', 'view-last-applied', 'gj/moved', '-o', 'json'])).toContain('"parallelism": 3');
    expect((await k.run(['diff', '--server-side', '-f', '-'], { input: manifest('  parallelism: 3') })).code).toBe(0);
    // And back.
    expect((await apply(manifest('  parallelism: 4'))).stdout).toBe('job.gleaner.dev/moved configured\n');
    expect(await k.ok(['get', 'gj', 'moved', '-o', 'jsonpath={.spec.parallelism}'])).toBe('4');
    await k.ok(['delete', 'gj', 'moved']);
  });

  test('applies on the server', async () => {
    expect((await apply(JOB('  parallelism: 4'), '--server-side')).stdout).toBe('job.gleaner.dev/pi serverside-applied\n');
    const rival = await apply(JOB('  parallelism: 5'), '--server-side', '--field-manager=rival');
    expect([rival.code, rival.stderr]).toEqual([1, expect.stringMatching(/conflict with "kubectl"[\s\S]*\.spec\.parallelism/)]);
    expect((await apply(JOB('  parallelism: 5'), '--server-side', '--field-manager=rival', '--force-conflicts')).stdout).toBe('job.gleaner.dev/pi serverside-applied\n');
  });

  test.each<[string[], RegExp]>([
    [['get', 'gj'], /^NAME +STATUS[\s\S]*\npi /],
    [['get', 'gj', '-o', 'wide', '--show-labels'], /^NAME +STATUS +.*LABELS\npi .*app=math\n$/],
    [['get', 'podtemplates', '-o', 'wide'], /^NAME +CONTAINERS +IMAGES +POD LABELS\nweb +web,side +web:2,side:1 +app=web\n$/],
    [['get', 'gj', 'pi', '-o', 'yaml'], /runtime: shell/],
    [['get', 'gj', 'pi', '-o', 'json'], /"runtime": "shell"/],
    [['get', 'gj', '-o', 'name'], /^job\.gleaner\.dev\/pi\n$/],
    [['get', 'gj', 'pi', '-o', 'jsonpath={.spec.completions}'], /^3$/],
    [['get', 'gj', 'pi', '-o', 'go-template={{.spec.completions}}'], /^3$/],
    [['get', 'gj', '-o', 'custom-columns=N:.metadata.name'], /^N\npi\n$/],
    [['describe', 'gj', 'pi'], /Kind: +Job[\s\S]*Runtime: +shell/],
    [['patch', 'gj', 'pi', '--type=merge', '-p', '{"spec":{"parallelism":3}}'], /patched/],
    [['patch', 'gj', 'pi', '--type=json', '-p', '[{"op":"replace","path":"/spec/parallelism","value":4}]'], /patched/],
    [['patch', 'podtemplate', 'web', '-p', '{"template":{"spec":{"containers":[{"name":"side","image":"side:2"}]}}}'], /patched/],
    [['get', 'podtemplate', 'web'], /^NAME +CONTAINERS +IMAGES +POD LABELS\nweb +web,side +web:2,side:2 +app=web\n$/],
    [['scale', 'gj', 'pi', '--replicas=5', '--current-replicas=4'], /scaled/],
    [['label', 'gj', 'pi', 'tier=low'], /labeled/],
    [['label', 'gj', 'pi', 'tier=high', '--overwrite'], /labeled/],
    [['annotate', 'gj', 'pi', 'note=here'], /annotated/],
    [['create', 'configmap', 'made', '--from-literal=a=b'], /created/],
    [['create', 'secret', 'generic', 'made', '--from-literal=a=b'], /created/],
    [['create', 'serviceaccount', 'robot'], /created/],
    [['create', 'role', 'reader', '--verb=get', '--resource=configmaps'], /created/],
    [['create', 'rolebinding', 'reads', '--role=reader', '--serviceaccount=default:robot'], /created/],
    [['auth', 'can-i', 'delete', 'secrets'], /^yes/],
    [['auth', 'can-i', 'get', 'configmaps', '--as=system:serviceaccount:default:robot'], /^yes/],
    [['auth', 'can-i', '--list'], /\*\.\*/],
    [['describe', 'configmap', 'made'], /Name: +made[\s\S]*Data\n====\na:\n----\nb\n/],
    [['describe', 'secret', 'made'], /Type: +Opaque[\s\S]*a: +1 bytes/],
    [['describe', 'serviceaccount', 'robot'], /Name: +robot[\s\S]*Mountable secrets:/],
    [['describe', 'role', 'reader'], /configmaps +\[\] +\[\] +\[get\]/],
    [['describe', 'rolebinding', 'reads'], /Name: +reader[\s\S]*ServiceAccount +robot +default/],
    [['describe', 'ns', 'default'], /Name: +default[\s\S]*Status: +Active/],
    [['describe', 'podtemplate', 'web'], /Name: +web[\s\S]*Image: +web:2/],
    [['describe', 'crd', 'jobs.gleaner.dev'], /Accepted Names:[\s\S]*Stored Versions:\n +v1alpha1/],
    [['cluster-info'], /is running at/],
    [['delete', 'configmap', 'made'], /deleted/],
    [['delete', 'secret', 'made'], /deleted/],
  ])('%j', async (args, words) => {
    expect(await k.ok(args)).toMatch(words);
  });

  test('selects by label and field, and leaves the others out', async () => {
    for (const [name, label] of [['first', 'app: physics'], ['second', 'tier: math']]) await apply(JOB().replace('name: pi', `name: ${name}`).replace('app: math', label));
    const names = async (...args: string[]): Promise<string> => k.ok(['get', 'gj', '-o', 'custom-columns=N:.metadata.name', '--no-headers', ...args]);
    expect(await names()).toBe('first\npi\nsecond\n');
    expect(await names('-l', 'app=math')).toBe('pi\n');
    expect(await names('-l', 'app')).toBe('first\npi\n');
    expect(await names('-l', '!app')).toBe('second\n');
    expect(await names('-l', 'app in (physics, math),app!=math')).toBe('first\n');
    expect(await names('--field-selector=metadata.name=pi')).toBe('pi\n');
    expect(await names('--field-selector=metadata.name!=pi')).toBe('first\nsecond\n');
    expect(await k.fails(['get', 'gj', '--field-selector=spec.completions=3'])).toContain('field label not supported: spec.completions');
    await k.ok(['delete', 'gj', 'first', 'second']);
  });

  test('lists in pages, and sorts, what is in all namespaces', async () => {
    // As they are listed: by namespace, and by name in it.
    const made = [['sort-a', 'walrus'], ['sort-a', 'zebra'], ['sort-b', 'aardvark'], ['sort-b', 'badger'], ['sort-c', 'yak']];
    for (const ns of ['sort-a', 'sort-b', 'sort-c']) await k.ok(['create', 'namespace', ns]);
    for (const [at, [ns, name]] of made.entries()) {
      await k.ok(['-n', ns, 'create', 'configmap', name, `--from-literal=rank=${made.length - at}`]);
      await k.ok(['-n', ns, 'label', 'configmap', name, 'sorted=yes']);
    }
    const get = (...args: string[]): Promise<string> => k.ok(['get', 'configmaps', '-A', '-l', 'sorted=yes', '--chunk-size=2', '-o', 'custom-columns=N:.metadata.name', '--no-headers', ...args]);
    expect((await get()).split('\n')).toEqual(['walrus', 'zebra', 'aardvark', 'badger', 'yak', '']);
    expect((await get('--sort-by=.metadata.name')).split('\n')).toEqual(['aardvark', 'badger', 'walrus', 'yak', 'zebra', '']);
    expect((await get('--sort-by=.data.rank')).split('\n')).toEqual(['yak', 'badger', 'aardvark', 'zebra', 'walrus', '']);
    const requests = async (...args: string[]): Promise<string[]> => (await k.run(['get', 'configmaps', '-A', '-l', 'sorted=yes', '--chunk-size=2', '-o', 'name', '--v=6', ...args])).stderr.match(/GET \S+\/configmaps\S* 200 OK/g) ?? [];
    expect(await requests()).toEqual([expect.stringContaining('limit=2'), expect.stringMatching(/continue=.*limit=2/), expect.stringMatching(/continue=.*limit=2/)]);
    // To sort, this kubectl asks for everything at once.
    expect(await requests('--sort-by=.metadata.name')).toEqual([expect.not.stringContaining('limit=')]);
    await k.ok(['delete', 'namespace', 'sort-a', 'sort-b', 'sort-c']);
  });

  test('edits and replaces', async () => {
    await k.ok(['edit', 'gj', 'pi'], { env: { KUBE_EDITOR: 'sed -i s/parallelism:.*/parallelism:\\ 6/' } });
    expect(await k.ok(['get', 'gj', 'pi', '-o', 'jsonpath={.spec.parallelism}'])).toBe('6');
    const live = await k.ok(['get', 'gj', 'pi', '-o', 'json']);
    expect(await k.ok(['replace', '-f', '-'], { input: live.replace('"parallelism": 6', '"parallelism": 7') })).toBe('job.gleaner.dev/pi replaced\n');
    expect(await k.fails(['replace', '-f', '-'], { input: live })).toContain('the object has been modified');
  });

  test('shows events, of all and of the object that is described', async () => {
    const uid = await k.ok(['get', 'gj', 'pi', '-o', 'jsonpath={.metadata.uid}']);
    const event = {
      apiVersion: 'v1', kind: 'Event', metadata: { name: 'pi.1', namespace: 'default' }, involvedObject: { apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', name: 'pi', namespace: 'default', uid },
      type: 'Normal', reason: 'Admitted', message: 'the job may start', source: { component: 'gleaner' }, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z', count: 1,
    };
    expect(await k.ok(['create', '-f', '-'], { input: JSON.stringify(event) })).toBe('event/pi.1 created\n');
    expect(await k.ok(['get', 'events'])).toMatch(/^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +Admitted +job\/pi +the job may start\n$/);
    expect(await k.ok(['get', 'events', '--field-selector=reason=Admitted,involvedObject.kind=Job', '--sort-by=.lastTimestamp', '-o', 'name'])).toBe('event/pi.1\n');
    expect(await k.ok(['get', 'events.events.k8s.io', 'pi.1', '-o', 'jsonpath={.note}'])).toBe('the job may start');
    expect(await k.ok(['describe', 'gj', 'pi'])).toMatch(/Events:\n +Type +Reason +Age +From +Message\n.*\n +Normal +Admitted +\S+ +gleaner +the job may start/);
    expect(await k.ok(['describe', 'event', 'pi.1'])).toMatch(/Reason: +Admitted/);
  });

  test.each(CASCADES)('delete --cascade=%s', async (cascade) => {
    await k.ok(['create', 'configmap', `owner-${cascade}`]);
    expect(await deleteOwner(k, 'default', `configmap/owner-${cascade}`, cascade)).toEqual(cascade === 'orphan' ? ['child'] : []);
  });

  test('config: contexts of a kubeconfig', async () => {
    const file = join(server.dir, 'kubeconfig-old');
    copyFileSync(server.kubeconfig, file);
    await k.ok(['create', 'namespace', 'elsewhere']);
    const config = (...args: string[]): Promise<string> => k.ok([...args, `--kubeconfig=${file}`]);
    const current = (await config('config', 'current-context')).trim();
    expect(await config('config', 'view')).toMatch(/server: https:\/\/127\.0\.0\.1:\d+[\s\S]*token: REDACTED/);
    const [cluster, user] = (await config('config', 'view', '-o', 'jsonpath={.contexts[0].context.cluster} {.contexts[0].context.user}')).split(' ');
    await config('config', 'set-context', 'system', `--cluster=${cluster}`, `--user=${user}`, '--namespace=elsewhere');
    expect(await config('config', 'use-context', 'system')).toBe('Switched to context "system".\n');
    expect(await config('config', 'get-contexts', '-o', 'name')).toBe([current, 'system'].sort().join('\n') + '\n');
    expect(await config('config', 'current-context')).toBe('system\n');
    await eventually(() => 'the account of the new namespace', async () => (await k.run(['-n', 'elsewhere', 'get', 'serviceaccount', 'default'])).code === 0);
    expect(await config('get', 'serviceaccount', 'default', '-o', 'jsonpath={.metadata.namespace}')).toBe('elsewhere');
    await config('config', 'set-context', '--current', '--namespace=default');
    expect(await config('get', 'serviceaccount', 'default', '-o', 'jsonpath={.metadata.namespace}')).toBe('default');
  });

  test('waits and watches', async () => {
    const watchers = async (): Promise<number> => Number(/^gleaner_watch_clients\{resource="jobs\.gleaner\.dev"\} (\d+)$/m.exec(await server.metrics.metrics())?.[1] ?? 0);
    const watch = k.start(['get', 'gj', '-w', '-o', 'custom-columns=N:.metadata.name,P:.spec.parallelism', '--no-headers']);
    try {
      await eventually(() => 'the watch', async () => (await watchers()) === 1);
      const rows = (): string[] => watch.lines.map((line) => line.replace(/ +/, ' '));
      const shown = (...expected: string[]): Promise<void> => eventually(() => `${expected.join(', ')}: ${rows().join(', ')}`, () => rows().join() === expected.join());
      const before = await k.ok(['get', 'gj', 'pi', '-o', 'jsonpath={.spec.parallelism}']);
      await shown(`pi ${before}`);
      await k.ok(['patch', 'gj', 'pi', '--type=merge', '-p', '{"spec":{"parallelism":21}}']);
      await shown(`pi ${before}`, 'pi 21');
      await apply(JOB('  parallelism: 22').replace('name: pi', 'name: later'));
      await shown(`pi ${before}`, 'pi 21', 'later 22');
    } finally {
      watch.child.kill();
    }
    await k.ok(['delete', 'gj', 'later']);
    expect(await k.fails(['wait', '--for=condition=Finished', 'gj/pi', '--timeout=1s'])).toContain('timed out waiting');
    // It fails for what is gone when it begins: a finalizer holds the job until it watches.
    await k.ok(['patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}']);
    await eventually(() => 'the end of the watch', async () => (await watchers()) === 0);
    const gone = k.ok(['wait', '--for=delete', 'gj/pi', '--timeout=20s']);
    await eventually(() => 'the wait', async () => (await watchers()) === 1);
    expect(await k.ok(['delete', 'gj', 'pi', '--wait=false'])).toContain('deleted');
    await k.ok(['patch', 'gj', 'pi', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    expect(await gone).toContain('condition met');
  });

  test('takes up definitions that are made while it is there', async () => {
    await k.ok(['apply', '-f', '-'], { input: CRD });
    await k.ok(['wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=20s']);
    expect(await k.ok(['explain', 'widgets.spec'])).toMatch(/size\t<integer>\n +How big\./);
    expect((await apply('apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {sise: 1}\n')).stderr).toContain('unknown field "sise" in com.example.v1.Widget.spec');
    expect((await apply('apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n')).stdout).toBe('widget.example.com/w created\n');
    expect(await k.ok(['get', 'all'])).toMatch(/^NAME +AGE\nwidget\.example\.com\/w +\S+\n$/);
    expect(await k.ok(['get', 'toys', '-o', 'name'])).toBe('widget.example.com/w\n');
    expect(await k.ok(['api-resources', '--api-group=example.com', '--verbs=list', '-o', 'name'])).toBe('widgets.example.com\n');
    expect(await k.ok(['delete', 'crd', 'widgets.example.com'])).toContain('deleted');
  });

  test('makes and ends namespaces', async () => {
    await k.ok(['create', 'namespace', 'lab']);
    await k.ok(['-n', 'lab', 'create', 'configmap', 'c']);
    expect(await k.ok(['delete', 'namespace', 'lab'])).toBe('namespace "lab" deleted\n');
  });

  test.each<[string[], RegExp]>([
    [['events'], /unknown command "events"|flags cannot be placed before plugin name/],
    [['auth', 'whoami'], /unknown command "whoami"|Inspect authorization/],
    [['create', 'token', 'default'], /unknown|must specify one of -f and -k/i],
    [['wait', '--for=jsonpath={.status.phase}=Active', 'ns/default'], /unrecognized condition/],
    [['get', 'ns', 'default', '--subresource=status'], /unknown flag: --subresource/],
    [['apply', '--validate=warn', '-f', '-'], /invalid argument "warn" for "--validate"/],
  ])('does not know %j', async (args, words) => {
    const { stdout, stderr } = await k.run(args);
    expect(stdout + stderr).toMatch(words);
  });
});
