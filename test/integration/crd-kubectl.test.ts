/** Definitions with kubectl: the scenarios of Kubernetes' own test/cmd/crd.sh and of its OpenAPI tests. */
import { define, definition, read, version } from '../support/definitions';
import { eventually } from '../support/kubectl';
import { sharedKubectl } from '../support/shared-server';

const FOOS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: foos.company.com}
spec:
  group: company.com
  scope: Namespaced
  names: {plural: foos, kind: Foo, shortNames: [fo], categories: [all, stuff]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {metadata: {type: object, properties: {name: {type: string}}}}}}
`;
const BARS = FOOS.replaceAll('foos', 'bars').replace('kind: Foo,', 'kind: Bar,').replace('shortNames: [fo], ', '');
const VALID = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: validfoos.company.com}
spec:
  group: company.com
  scope: Namespaced
  names: {plural: validfoos, kind: ValidFoo}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns:
    - {name: Bars, type: string, jsonPath: '.spec.bars[*].name'}
    - {name: Feeling, type: string, jsonPath: '.spec.bars[?(@.name=="two")].feeling', priority: 1}
    schema:
      openAPIV3Schema:
        type: object
        description: Foo CRD for testing.
        properties:
          spec:
            type: object
            description: Specification of Foo.
            properties:
              bars:
                type: array
                description: List of Bars and their specs.
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string, description: Name of Bar.}
                    age: {type: string, description: Age of Bar.}
                    feeling: {type: string, enum: [Great, Down], description: Whether Bar is feeling great.}
          status: {type: object, description: Status of Foo., properties: {ok: {type: boolean}}}
`;
const foo = (name: string, fields: string, kind = 'Foo'): string => `apiVersion: company.com/v1\nkind: ${kind}\nmetadata: {name: ${name}, labels: {pruneGroup: "true"}}\n${fields}\n`;

const { server, k } = sharedKubectl({ garbage: true });

beforeAll(async () => {
  expect(await k.ok(['create', '-f', '-'], { input: `${FOOS}---${BARS}---${VALID}` })).toBe(
    ['foos', 'bars', 'validfoos'].map((name) => `customresourcedefinition.apiextensions.k8s.io/${name}.company.com created\n`).join(''),
  );
  await k.ok(['wait', '--for=condition=Established', 'crd/foos.company.com', 'crd/bars.company.com', 'crd/validfoos.company.com', '--timeout=10s']);
});

const jsonPath = (what: string, path: string): Promise<string> => k.ok(['get', what, '-o', `jsonpath={${path}}`]);

test('crd, crds and api-extensions name the definitions; describe and explain know them', async () => {
  expect(await k.ok(['get', 'crd', 'foos.company.com'])).toMatch(/^NAME +CREATED AT\nfoos\.company\.com +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/);
  expect(await k.ok(['get', 'crds', '-o', 'name'])).toContain('customresourcedefinition.apiextensions.k8s.io/jobs.gleaner.dev\n');
  expect(await k.ok(['get', 'api-extensions', '-o', 'name'])).toContain('bars.company.com');
  expect(await k.ok(['describe', 'crd', 'foos.company.com'])).toMatch(/Accepted Names:[\s\S]*Stored Versions:\n\s+v1/);
  expect(await k.ok(['explain', 'crd.spec.versions.schema.openAPIV3Schema.properties'])).toContain('<map[string]JSONSchemaProps>');
  expect(await k.ok(['explain', 'crd', '--recursive'])).toContain('x-kubernetes-validations');
});

test('a resource has many names', async () => {
  await k.ok(['create', '-f', '-'], { input: foo('test', 'someField: field1') });
  for (const name of ['foos', 'foo', 'fo', 'foos.company.com', 'foos.v1.company.com', 'stuff']) {
    expect(await k.ok(['get', name, '-o', 'name'])).toBe('foo.company.com/test\n');
  }
  for (const form of ['name', 'wide', 'json', 'yaml', 'jsonpath={.someField}', 'go-template={{.someField}}']) expect(await k.ok(['get', 'foos/test', '-o', form])).toMatch(/test|field1/);
});

test('patch, label, annotate, describe, delete', async () => {
  await k.ok(['patch', 'foos/test', '--type=merge', '-p', '{"patched":"value1"}']);
  expect(await jsonPath('foos/test', '.patched')).toBe('value1');
  await k.ok(['patch', 'foos/test', '--type=merge', '-p', '{"patched":null}']);
  expect(await jsonPath('foos/test', '.patched')).toBe('');
  expect(await k.fails(['patch', 'foos/test', '-p', '{"patched":"value2"}'])).toContain('the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json');
  const input = await k.ok(['get', 'foos/test', '-o', 'json']);
  expect(await k.fails(['patch', '--local', '-f', '-', '-p', '{"patched":"value3"}'], { input })).toContain('try --type merge');
  await k.ok(['label', 'foos', '--all', 'listlabel=true']);
  await k.ok(['label', 'foo/test', 'itemlabel=true']);
  await k.ok(['annotate', '--all', '--all-namespaces', 'foo', 'allnsannotation=true']);
  const described = await k.ok(['describe', 'foos']);
  for (const part of ['listlabel=true', 'itemlabel=true', 'allnsannotation: true']) expect(described).toContain(part);
  await k.ok(['delete', 'foos', 'test', '--cascade=background']);
  expect(await k.ok(['get', 'foos', '-o', 'name'])).toBe('');
});

test('a watch sees patches; deletion with orphans', async () => {
  await k.ok(['create', '-f', '-'], { input: foo('test', 'someField: field1', 'Bar') });
  const watch = k.start(['get', 'bars', '--watch-only', '-o', 'name']);
  let patched = 0;
  await eventually(() => 'the watch sees a patch', async () => {
    await k.ok(['patch', 'bars/test', '--type=merge', '-p', `{"patched":"${patched++}"}`]);
    return watch.lines.includes('bar.company.com/test');
  });
  watch.child.kill();
  await k.ok(['delete', 'bars', 'test', '--cascade=orphan']);
  expect(await k.ok(['get', 'bars', '-o', 'name'])).toBe('');
});

test('apply: again, fields that are added, changed, taken out; of lists of objects; prune', async () => {
  const apply = (input: string, ...more: string[]): Promise<string> => k.ok(['apply', '-f', '-', ...more], { input });
  const nested = (fields: string): string => foo('test', `someField: field1\nnestedField: {${fields}}`);
  expect(await apply(nested('someSubfield: subfield1, otherSubfield: subfield2'))).toBe('foo.company.com/test created\n');
  expect(await apply(nested('someSubfield: subfield1, otherSubfield: subfield2'))).toBe('foo.company.com/test unchanged\n');
  await apply(nested('someSubfield: modified, otherSubfield: subfield2'));
  expect(await jsonPath('foos/test', '.nestedField')).toBe('{"otherSubfield":"subfield2","someSubfield":"modified"}');
  await apply(nested('someSubfield: modified'));
  expect(await jsonPath('foos/test', '.nestedField')).toBe('{"someSubfield":"modified"}');
  await apply(nested('someSubfield: modified, newSubfield: subfield3'));
  expect(await jsonPath('foos/test', '.nestedField.newSubfield')).toBe('subfield3');
  const list = (field: string): string => JSON.stringify({
    apiVersion: 'v1', kind: 'List', items: ['Foo', 'Bar'].map((kind) => ({ apiVersion: 'company.com/v1', kind, metadata: { name: 'list' }, someField: field })),
  });
  expect(await apply(list('field1'))).toBe('foo.company.com/list created\nbar.company.com/list created\n');
  expect(await apply(list('field1'))).toBe('foo.company.com/list unchanged\nbar.company.com/list unchanged\n');
  await apply(list('field2'));
  expect([await jsonPath('foos/list', '.someField'), await jsonPath('bars/list', '.someField')]).toEqual(['field2', 'field2']);
  const allow = ['--prune', '-l', 'pruneGroup=true', '--prune-allowlist=company.com/v1/Foo', '--prune-allowlist=company.com/v1/Bar'];
  expect(await apply(foo('test', 'someField: x', 'Bar'), ...allow)).toBe('bar.company.com/test created\nfoo.company.com/test pruned\n');
  await k.ok(['delete', 'foos,bars', '--all']);
});

test('a namespace takes its objects with it', async () => {
  await k.ok(['create', 'namespace', 'non-native']);
  await k.ok(['create', '-n', 'non-native', '-f', '-'], { input: foo('test', 'a: b', 'Bar') });
  await k.ok(['delete', 'namespace', 'non-native']);
  expect(await k.ok(['get', 'bars', '-n', 'non-native', '-o', 'name'])).toBe('');
});

test('explain, columns and refusals follow the schema', async () => {
  expect(await k.ok(['explain', 'validfoos'])).toMatch(/GROUP: +company\.com\nKIND: +ValidFoo\nVERSION: +v1[\s\S]*Foo CRD for testing\.[\s\S]*spec\t<Object>/);
  expect(await k.ok(['explain', 'validfoos.spec.bars'])).toMatch(/List of Bars and their specs\.[\s\S]*age\t<string>[\s\S]*name\t<string> -required-/);
  expect(await k.ok(['explain', 'validfoos', '--recursive'])).toContain('feeling');
  expect(await k.fails(['explain', 'validfoos.spec.nope'])).toContain('field "nope" does not exist');
  const valid = (bars: string, ...more: string[]) => k.run(['create', ...more, '-f', '-'], { input: foo('v', `spec: {bars: ${bars}}`, 'ValidFoo') });
  expect((await valid('[{name: one}, {name: two, feeling: Great}]')).stdout).toBe('validfoo.company.com/v created\n');
  expect(await k.ok(['get', 'validfoos', '-o', 'wide'])).toMatch(/^NAME +BARS +FEELING\nv +one +Great\n$/);
  expect((await valid('[{age: "10"}]')).stderr).toContain('spec.bars[0].name: Required value');
  expect((await valid('[{name: a, feeling: Odd}]')).stderr).toContain('spec.bars[0].feeling: Unsupported value: "Odd": supported values: "Great", "Down"');
  expect((await valid('[{name: a, nope: 1}]')).stderr).toContain('unknown field "spec.bars[0].nope"');
});

test('documents follow the definitions: other versions, versions that are no longer served, deletion', async () => {
  await define(server, definition({ group: 'docs.example.com', plural: 'pages', kind: 'Page', versions: [version('v1', { text: { type: 'string', description: 'What it says.' } }), version('v2', {})] }));
  const documents = async (): Promise<string[]> => Object.keys((await server.request('GET', '/openapi/v3')).json.paths as object).filter((path) => path.includes('docs.example.com'));
  expect((await documents()).sort()).toEqual(['apis/docs.example.com/v1', 'apis/docs.example.com/v2']);
  expect(await k.ok(['explain', 'pages.spec', '--api-version=docs.example.com/v1'])).toContain('What it says.');
  const crd = await read(server, 'pages.docs.example.com');
  const change = (versions: object[]): Promise<unknown> => server.merge('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pages.docs.example.com', { spec: { versions } });
  await change(crd.spec.versions.map((each) => (each.name === 'v2' ? { ...each, name: 'v4' } : each)));
  expect([(await documents()).includes('apis/docs.example.com/v2'), (await documents()).includes('apis/docs.example.com/v4')]).toEqual([false, true]);
  await change(crd.spec.versions.map((each) => (each.name === 'v2' ? { ...each, served: false } : each)));
  expect(await documents()).not.toContain('apis/docs.example.com/v4');
  await k.ok(['delete', 'crd', 'pages.docs.example.com']);
  expect(await documents()).toEqual([]);
  // kubectl may still know the resource, from its cache.
  expect(await k.fails(['get', 'pages'])).toMatch(/the server (could not find the requested resource|doesn't have a resource type "pages")/);
});

test('definitions go with kubectl delete, and come again', async () => {
  await k.ok(['create', '-f', '-'], { input: foo('late', 'a: b') });
  expect(await k.ok(['delete', '-f', '-'], { input: FOOS })).toBe('customresourcedefinition.apiextensions.k8s.io "foos.company.com" deleted\n');
  expect((await server.request('GET', '/apis/company.com/v1/foos')).code).toBe(404);
  await k.ok(['apply', '-f', '-'], { input: FOOS });
  expect(await k.ok(['apply', '-f', '-'], { input: FOOS })).toBe('customresourcedefinition.apiextensions.k8s.io/foos.company.com unchanged\n');
  expect(await k.ok(['get', 'foos', '-o', 'name'])).toBe('');
  expect(await k.ok(['apply', '--server-side', '--field-manager=me', '-f', '-'], { input: BARS })).toContain('serverside-applied');
  expect(await k.fails(['delete', 'crd', 'jobs.gleaner.dev'])).toContain('it is one of the server\'s own definitions');
});
