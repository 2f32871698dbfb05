/**
 * Keeps one copy of what many objects hold alike: the field sets in their managedFields, which are the larger part of a small object.
 * Bounded: what was not seen for long is kept apart again.
 */
import type { KubeObject, ManagedFieldsEntry } from '../../../crds/meta';
import { isDeepFrozen } from '../frozen';

const MAX_SETS = 4096;
/** Larger ones are hardly alike. */
const MAX_CHARS = 8192;

export class Interner {
  /** By their JSON; oldest first. */
  readonly #sets = new Map<string, object>();
  readonly #known = new WeakSet<object>();

  /** The same entries, with field sets that others hold too. Those that came out of here are not looked at again. */
  entries(entries: ManagedFieldsEntry[] | undefined): ManagedFieldsEntry[] | undefined {
    if (!Array.isArray(entries) || entries.every((entry) => this.#isKnown(entry?.fieldsV1))) return entries;
    return entries.map((entry) => (this.#isKnown(entry?.fieldsV1) ? entry : { ...entry, fieldsV1: this.#set(entry.fieldsV1) }));
  }

  /** Changes the metadata of an object that nobody else holds yet. */
  own(object: KubeObject): KubeObject {
    const { metadata } = object;
    if (metadata?.managedFields !== undefined) metadata.managedFields = this.entries(metadata.managedFields);
    return object;
  }

  #isKnown(set: unknown): boolean {
    return typeof set !== 'object' || set === null || this.#known.has(set) || isDeepFrozen(set);
  }

  #set(set: object): object {
    if (isLong(set)) return set;
    const json = JSON.stringify(set);
    if (json.length > MAX_CHARS) return set;
    const found = this.#sets.get(json) ?? set;
    this.#sets.delete(json);
    this.#sets.set(json, found);
    this.#known.add(found);
    if (this.#sets.size > MAX_SETS) {
      const [oldest] = this.#sets.keys();
      this.#sets.delete(oldest);
    }
    return found;
  }
}

/** Whether its JSON is longer than `MAX_CHARS` by the number of its fields alone: each takes four at least. */
function isLong(set: object, left = { fields: MAX_CHARS / 4 }): boolean {
  const fields = Object.keys(set);
  if ((left.fields -= fields.length) < 0) return true;
  return fields.some((field) => {
    const below = (set as Readonly<Record<string, unknown>>)[field];
    return typeof below === 'object' && below !== null && isLong(below, left);
  });
}
