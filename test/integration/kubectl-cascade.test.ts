/** kubectl delete in the three ways of propagation, with an owner, its dependent and the garbage collector. */
import { makeNamespace } from '../support/api-server';
import { CASCADES, deleteOwner } from '../support/cascade';
import { sharedKubectl } from '../support/shared-server';

const { server, k } = sharedKubectl({ garbage: true });
let ns: string;

beforeAll(async () => {
  ns = await makeNamespace(server, 'cascades');
});

const OWNERS: Readonly<Record<string, string>> = {
  configmap: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n',
  'job.gleaner.dev': 'apiVersion: gleaner.dev/v1alpha1\nkind: Job\nmetadata: {name: NAME}\nspec: {runtime: shell, completions: 1, template: {program: {script: "true"}}}\n',
};

describe.each(Object.keys(OWNERS))('of a %s', (kind) => {
  test.each(CASCADES)('--cascade=%s', async (cascade) => {
    const name = `${kind.split('.')[0]}-${cascade}`;
    await k.ok(['-n', ns, 'create', '-f', '-'], { input: OWNERS[kind].replace('NAME', name) });
    expect(await deleteOwner(k, ns, `${kind}/${name}`, cascade)).toEqual(cascade === 'orphan' ? ['child'] : []);
  });
});

test('a chain goes from its beginning to its end, and what has another owner stays', async () => {
  const make = async (name: string, ...owners: { name: string; uid: string }[]): Promise<{ name: string; uid: string }> => {
    const ownerReferences = owners.map((owner) => ({ apiVersion: 'v1', kind: 'ConfigMap', ...owner }));
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(owners.length > 0 && { ownerReferences }) } });
    return { name, uid: await k.ok(['-n', ns, 'create', '-f', '-', '-o', 'jsonpath={.metadata.uid}'], { input }) };
  };
  const [top, other] = [await make('top'), await make('other')];
  const middle = await make('middle', top);
  await make('bottom', middle);
  await make('shared', top, other);
  await k.ok(['-n', ns, 'delete', 'configmap', 'top', '--cascade=foreground']);
  await k.ok(['-n', ns, 'wait', '--for=delete', 'configmap/middle', 'configmap/bottom', '--timeout=20s']);
  expect(await k.ok(['-n', ns, 'get', 'configmap', 'shared', '-o', 'jsonpath={.metadata.ownerReferences[*].name}'])).toMatch(/^(top )?other$/);
});

test('another way of propagation is refused by kubectl', async () => {
  expect(await k.fails(['-n', ns, 'delete', 'configmap', 'other', '--cascade=sometimes'])).toContain('invalid cascade value');
});
