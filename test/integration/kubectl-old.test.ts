/** kubectl 1.20, as Debian 12 ships it: it reads /openapi/v2 in protobuf, and checks manifests itself. */
import { startApiServer, type TestApiServer } from '../support/api-server';
import { eventually, kubectl, type Kubectl } from '../support/kubectl';
import { describeWithKube } from '../support/kube-apiserver';

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
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, description: What it is., properties: {size: {type: integer, description: How big.}}}}}}
`;

describeWithKube('kubectl 1.20', ['kubectl-old'], (paths) => {
  let server: TestApiServer;
  let k: Kubectl;
  beforeAll(async () => {
    server = await startApiServer({ namespaceContent: true });
    k = kubectl(server.kubeconfig, server.dir, paths['kubectl-old']);
  });
  afterAll(() => server?.stop());

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

  test('applies on the server', async () => {
    expect((await apply(JOB('  parallelism: 4'), '--server-side')).stdout).toBe('job.gleaner.dev/pi serverside-applied\n');
    const rival = await apply(JOB('  parallelism: 5'), '--server-side', '--field-manager=rival');
    expect([rival.code, rival.stderr]).toEqual([1, expect.stringMatching(/conflict with "kubectl"[\s\S]*\.spec\.parallelism/)]);
    expect((await apply(JOB('  parallelism: 5'), '--server-side', '--field-manager=rival', '--force-conflicts')).stdout).toBe('job.gleaner.dev/pi serverside-applied\n');
  });

  test.each<[string[], RegExp]>([
    [['get', 'gj'], /^NAME +STATUS[\s\S]*\npi /],
    [['get', 'gj', 'pi', '-o', 'yaml'], /runtime: shell/],
    [['get', 'gj', 'pi', '-o', 'json'], /"runtime": "shell"/],
    [['get', 'gj', '-o', 'name'], /^job\.gleaner\.dev\/pi\n$/],
    [['get', 'gj', 'pi', '-o', 'jsonpath={.spec.completions}'], /^3$/],
    [['get', 'gj', 'pi', '-o', 'go-template={{.spec.completions}}'], /^3$/],
    [['get', 'gj', '-o', 'custom-columns=N:.metadata.name'], /^N\npi\n$/],
    [['get', 'gj', '-l', 'app=math', '--no-headers'], /^pi /],
    [['get', 'gj', '--field-selector=metadata.name=pi', '-o', 'name'], /pi/],
    [['get', 'configmaps', '-A', '--chunk-size=1', '--sort-by=.metadata.name', '-o', 'name'], /kube-root-ca\.crt/],
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
    [['get', 'events'], /^$/],
    [['get', 'all'], /^$/],
    [['cluster-info'], /is running at/],
    [['delete', 'configmap', 'made'], /deleted/],
    [['delete', 'secret', 'made'], /deleted/],
  ])('%j', async (args, words) => {
    expect(await k.ok(args)).toMatch(words);
  });

  test('edits and replaces', async () => {
    await k.ok(['edit', 'gj', 'pi'], { env: { KUBE_EDITOR: 'sed -i s/parallelism:.*/parallelism:\\ 6/' } });
    expect(await k.ok(['get', 'gj', 'pi', '-o', 'jsonpath={.spec.parallelism}'])).toBe('6');
    const live = await k.ok(['get', 'gj', 'pi', '-o', 'json']);
    expect(await k.ok(['replace', '-f', '-'], { input: live.replace('"parallelism": 6', '"parallelism": 7') })).toBe('job.gleaner.dev/pi replaced\n');
    expect(await k.fails(['replace', '-f', '-'], { input: live })).toContain('the object has been modified');
  });

  test('waits and watches', async () => {
    const watch = k.start(['get', 'gj', '-w', '-o', 'name']);
    await eventually(() => 'the first row', () => watch.lines.length > 0);
    expect(await k.fails(['wait', '--for=condition=Finished', 'gj/pi', '--timeout=1s'])).toContain('timed out waiting');
    const gone = k.ok(['wait', '--for=delete', 'gj/pi', '--timeout=20s']);
    expect(await k.ok(['delete', 'gj', 'pi'])).toContain('deleted');
    expect(await gone).toContain('condition met');
    watch.child.kill();
  });

  test('takes up definitions that are made while it is there', async () => {
    await k.ok(['apply', '-f', '-'], { input: CRD });
    await k.ok(['wait', '--for=condition=Established', 'crd/widgets.example.com', '--timeout=20s']);
    expect(await k.ok(['explain', 'widgets.spec'])).toMatch(/size\t<integer>\n +How big\./);
    expect((await apply('apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {sise: 1}\n')).stderr).toContain('unknown field "sise" in com.example.v1.Widget.spec');
    expect((await apply('apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n')).stdout).toBe('widget.example.com/w created\n');
    expect(await k.ok(['delete', 'crd', 'widgets.example.com'])).toContain('deleted');
  });

  test('makes and ends namespaces', async () => {
    await k.ok(['create', 'namespace', 'lab']);
    await k.ok(['-n', 'lab', 'create', 'configmap', 'c']);
    expect(await k.ok(['delete', 'namespace', 'lab'])).toBe('namespace "lab" deleted\n');
  });
});
