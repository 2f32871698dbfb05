/** Deletion of an owner with kubectl, in the three ways; the garbage collector runs. What is asserted is what is left at each moment. */
import type { ObjectMeta } from '../../crds';
import { eventually, type Kubectl } from './kubectl';

export const CASCADES = ['background', 'foreground', 'orphan'] as const;
export type Cascade = (typeof CASCADES)[number];

const HOLD = 'example.com/hold';

/**
 * @param owner as kubectl takes it: KIND/NAME; it is there, in the namespace
 * @returns what is left when it is over
 */
export async function deleteOwner(k: Kubectl, namespace: string, owner: string, cascade: Cascade): Promise<('owner' | 'child')[]> {
  const on = ['-n', namespace];
  const child = `${owner.split('/')[1]}-child`;
  const metadataOf = async (what: string): Promise<ObjectMeta | undefined> => {
    const { code, stdout, stderr } = await k.run([...on, 'get', what, '-o', 'json']);
    if (code === 0) return (JSON.parse(stdout) as { metadata: ObjectMeta }).metadata;
    if (!stderr.includes('NotFound')) throw new Error(stderr);
    return undefined;
  };
  const until = (what: string, holds: (metadata: ObjectMeta | undefined) => boolean): Promise<void> => eventually(() => what, async () => holds(await metadataOf(what)));
  const { apiVersion, kind, metadata } = JSON.parse(await k.ok([...on, 'get', owner, '-o', 'json'])) as { apiVersion: string; kind: string; metadata: ObjectMeta };
  const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, blockOwnerDeletion: true }];
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: child, finalizers: [HOLD], ownerReferences } });
  await k.ok([...on, 'create', '-f', '-'], { input });

  expect(await k.ok([...on, 'delete', owner, `--cascade=${cascade}`, `--wait=${cascade !== 'foreground'}`])).toMatch(/^\S+ "\S+" deleted/);
  switch (cascade) {
    case 'background':
      expect(await metadataOf(owner)).toBeUndefined();
      await until(`configmap/${child}`, (left) => left?.deletionTimestamp !== undefined);
      break;
    case 'foreground':
      await until(`configmap/${child}`, (left) => left?.deletionTimestamp !== undefined);
      expect(await metadataOf(owner)).toMatchObject({ finalizers: ['foregroundDeletion'], deletionTimestamp: expect.any(String) });
      break;
    case 'orphan':
      expect(await metadataOf(owner)).toBeUndefined();
      await until(`configmap/${child}`, (left) => left !== undefined && left.ownerReferences === undefined);
      expect((await metadataOf(`configmap/${child}`))?.deletionTimestamp).toBeUndefined();
      break;
  }
  await k.ok([...on, 'patch', 'configmap', child, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  if (cascade !== 'orphan') {
    for (const each of [owner, `configmap/${child}`]) await until(each, (left) => left === undefined);
  }
  const left = await Promise.all([metadataOf(owner), metadataOf(`configmap/${child}`)]);
  return (['owner', 'child'] as const).filter((_, index) => left[index]);
}
