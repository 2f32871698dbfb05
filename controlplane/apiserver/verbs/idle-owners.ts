/** A write that changes nothing but when its manager wrote is none: the owners stay as they were. */
import type { KubeObject, ManagedFieldsEntry } from '../../../crds/meta';
import { equal } from '../schema/equal';

type Fields = Readonly<Record<string, unknown>>;

/** Fields of metadata that say something of the write itself. */
const OF_THE_WRITE: ReadonlySet<string> = new Set(['managedFields', 'resourceVersion']);
const METADATA: ReadonlySet<string> = new Set(['metadata']);
const TIME: ReadonlySet<string> = new Set(['time']);

/** @returns the owners of `old` when `next` is otherwise the same, and `owners` when it is not */
export function idleOwners(owners: ManagedFieldsEntry[] | undefined, next: KubeObject, old: KubeObject): ManagedFieldsEntry[] | undefined {
  const before = old.metadata.managedFields;
  // Most writes change something: that is seen first, and without a copy of anything.
  const idle = before !== undefined && equalBut(next, old, METADATA) && equalBut(next.metadata, old.metadata, OF_THE_WRITE)
    && owners?.length === before.length && owners.every((entry, at) => equalBut(entry, before[at], TIME));
  return idle ? before : owners;
}

/** Whether both say the same but for some fields. One that is undefined is not there. */
function equalBut(a: object, b: object, ignored: ReadonlySet<string>): boolean {
  const [left, right] = [a as Fields, b as Fields];
  for (const key of Object.keys(left)) if (!ignored.has(key) && !equal(left[key], right[key])) return false;
  for (const key of Object.keys(right)) if (!ignored.has(key) && right[key] !== undefined && left[key] === undefined) return false;
  return true;
}
