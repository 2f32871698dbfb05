/** What kubectl 1.37 can print besides what kubectl.test.ts has: kyaml (kubectl 1.34 and newer; an older one says that it does not know it), and by templates in files. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { nextNamespace, sharedKubectl } from '../support/shared-server';

const KYAML_MINOR = 34;

const { server, k } = sharedKubectl();
let ns: string;

const job = (name: string, more: object = {}): object => ({ apiVersion: 'gleaner.dev/v1alpha1', kind: 'Job', metadata: { name }, spec: { runtime: 'python', template: { program: { script: 'print(1)' } }, completions: 3, ...more } });

beforeAll(async () => {
  const test = await nextNamespace(server);
  ns = test.ns;
  for (const body of [job('one'), job('two', { parallelism: 2 })]) expect((await server.request('POST', test.jobs, { body })).code).toBe(201);
});

test('-o kyaml', async () => {
  const { clientVersion } = JSON.parse(await k.ok(['version', '--client', '-o', 'json'])) as { clientVersion: { minor: string } };
  const printed = { code: 0, stdout: expect.stringMatching(/^---\n\{\n {2}apiVersion: "v1",\n {2}items: \[\{[\s\S]*name: "one",[\s\S]*completions: 3,[\s\S]*name: "two",[\s\S]*\n {2}kind: "List",\n/) as unknown };
  const unknown = { code: 1, stderr: expect.stringContaining('unable to match a printer') as unknown };
  expect(await k.run(['-n', ns, 'get', 'gj', '-o', 'kyaml'])).toMatchObject(Number.parseInt(clientVersion.minor, 10) >= KYAML_MINOR ? printed : unknown);
});

test('-o jsonpath-as-json', async () => {
  expect(await k.ok(['-n', ns, 'get', 'gj', '-o', 'jsonpath-as-json={.items[*].spec.completions}'])).toBe('[\n    3,\n    3\n]\n');
});

test.each<[output: string, template: string, expected: RegExp]>([
  ['jsonpath-file', '{range .items[*]}{.metadata.name}={.spec.completions};{end}', /^one=3;two=3;$/],
  ['go-template-file', '{{range .items}}{{.metadata.name}}:{{.spec.runtime}} {{end}}', /^one:python two:python $/],
  ['templatefile', '{{len .items}} of {{.kind}}', /^2 of List$/],
  ['custom-columns-file', 'NAME          PARALLELISM\n.metadata.name .spec.parallelism\n', /^NAME +PARALLELISM\none +<none>\ntwo +2\n$/],
])('-o %s', async (output, template, expected) => {
  const file = join(server.dir, output);
  writeFileSync(file, template);
  expect(await k.ok(['-n', ns, 'get', 'gj', '-o', `${output}=${file}`])).toMatch(expected);
});
