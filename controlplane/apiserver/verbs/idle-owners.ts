/** A write that changes nothing but when its manager wrote is none: the owners stay as they were. */
import type { KubeObject, ManagedFieldsEntry } from '../../../crds/meta';
import { equal } from '../schema/equal';

type Owners = readonly ManagedFieldsEntry[] | undefined;

/** @returns the owners of `old` when `next` is otherwise the same, and `owners` when it is not */
export function idleOwners(owners: ManagedFieldsEntry[] | undefined, next: KubeObject, old: KubeObject): ManagedFieldsEntry[] | undefined {
  const before = old.metadata.managedFields;
  return before && equal(timeless(owners), timeless(before)) && equal(content(next), content(old)) ? before : owners;
}

const timeless = (owners: Owners): object[] | undefined => owners?.map((entry) => ({ ...entry, time: undefined }));

/** Without what the server says of the write itself. */
const content = (object: KubeObject): object => ({ ...object, metadata: { ...object.metadata, managedFields: undefined, resourceVersion: undefined } });
