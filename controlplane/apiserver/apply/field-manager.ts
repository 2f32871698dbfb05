/**
 * Server-side apply and ownership of fields as Kubernetes has them: managers with operation, version and subresource, times, metadata
 * that nobody owns, the take-over from client-side apply.
 *
 * ```
 * create, PUT, patch:  update(live, next)    -> managedFields of next
 * apply-patch:         apply(live, config)   -> the merged object and its managedFields, or a ConflictError
 * ```
 * Objects that have no managedFields (made by controllers, or forgotten with `[]`) are not tracked until they are applied to.
 * Both are worked out in steps: a large object takes a while.
 */
import { extended } from '../../../crds/extended';
import type { ManagedFieldsEntry } from '../../../crds/meta';
import { deepFreeze } from '../../store/frozen';
import { isObject, type JsonObject } from '../schema/schema';
import { FieldSet, fieldElement } from './field-set';
import { decodeManaged, capUpdaters, encodeManaged, identityKey, isReset, NOBODY, type Identity, type Managed } from './managed-fields';
import { fieldsAppliedBefore, KUBECTL, withLastApplied } from './last-applied';
import { shapeKey } from './shape-key';
import type { Steps } from './steps';
import { StructureError, type Type, type Typed } from './type';
import { ConflictError, Updater, type Applied, type Managers, type Owned } from './updater';
import { typeProblems } from './walk-fields';

export interface FieldManagerOptions {
  /** Of the whole object. */
  type: Type;
  kind: string;
  /** `v1`, `gleaner.dev/v1alpha1`. */
  apiVersion: string;
  /** Versions whose objects differ in nothing but their apiVersion; entries of others are dropped. */
  alike?: ReadonlySet<string>;
  /** '' for the object itself. */
  subresource: string;
  /** What an object has of which nothing was set: it belongs to nobody. */
  blank?: JsonObject;
  /** What writes here cannot change, and so not own; with all below. */
  ignored?: FieldSet;
  /** RFC 3339, whole seconds; undefined: when it was is not said. */
  timestamp: () => string | undefined;
}

export interface ApplyResult {
  object: JsonObject;
  managedFields: ManagedFieldsEntry[] | undefined;
}

/** What was applied does not fit the type of the object: `message` names the fields. */
export class ApplyTypeError extends Error {}

const BEFORE_FIRST_APPLY = 'before-first-apply';
/** The write that is going on, until it is known whether it changed anything. */
const NOW = '';
const NOT_OWNED = FieldSet.of(
  ...['apiVersion', 'kind', 'metadata'].map((name) => [fieldElement(name)]),
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map((name) => [
    fieldElement('metadata'),
    fieldElement(name),
  ]),
);

/** Shapes of new objects whose fields are remembered. */
const MAX_SHAPES = 256;

export class FieldManager {
  readonly #updater: Updater;
  /** Entries of objects that were made, by their shape; oldest first. */
  readonly #shapes = new Map<string, ManagedFieldsEntry[]>();

  constructor(private readonly options: FieldManagerOptions) {
    const { apiVersion, ignored, alike } = options;
    this.#updater = new Updater({
      convert: (object, version) => (version === apiVersion || alike?.has(version) ? object : undefined),
      ignored: () => ignored,
    });
  }

  /**
   * @param live absent on create
   * @param next as it will be written
   * @param asked the managedFields of the request, which may set or reset them; those of `live` count when it has none
   */
  *update(live: JsonObject | undefined, next: JsonObject, asked: unknown, manager: string): Steps<ManagedFieldsEntry[] | undefined> {
    if (!live && (asked === undefined || asked === null)) return yield* this.#created(next, manager);
    return yield* this.#changed(live, next, asked, manager);
  }

  /** Objects that are made alike have the same fields: they are worked out once. */
  *#created(next: JsonObject, manager: string): Steps<ManagedFieldsEntry[] | undefined> {
    const { blank, timestamp } = this.options;
    const key = shapeKey(this.#typed(next).value as JsonObject, (field) => field === 'apiVersion' || field === 'kind' || (blank !== undefined && Object.hasOwn(blank, field)));
    const known = key === undefined ? undefined : this.#shapes.get(key);
    const time = timestamp();
    if (known) return known.map((entry) => ({ ...entry, manager: manager === '' ? 'unknown' : manager, ...(time !== undefined && { time }) }));
    const entries = yield* this.#changed(undefined, next, undefined, manager);
    if (key !== undefined && entries) {
      for (const { fieldsV1 } of entries) deepFreeze(fieldsV1);
      this.#shapes.set(key, entries);
      const [oldest] = this.#shapes.keys();
      if (this.#shapes.size > MAX_SHAPES) this.#shapes.delete(oldest);
    }
    return entries;
  }

  *#changed(live: JsonObject | undefined, next: JsonObject, asked: unknown, manager: string): Steps<ManagedFieldsEntry[] | undefined> {
    const managed = this.#before(live, asked);
    if (live && managed.managers.size === 0) return undefined;
    yield;
    try {
      const updated = capUpdaters(yield* this.#updated(live, next, managed, manager));
      yield;
      return encodeManaged(updated);
    } catch (error) {
      // The fields of this object cannot be told apart: better no owners than wrong ones.
      if (error instanceof StructureError) return undefined;
      throw error;
    }
  }

  /** @throws ConflictError, ApplyTypeError, StructureError */
  *apply(live: JsonObject | undefined, config: JsonObject, manager: string, force: boolean): Steps<ApplyResult> {
    const typed = this.#typed(config);
    const problems = typeProblems(typed, 'refused');
    if (problems.length > 0) throw new ApplyTypeError(problems.length === 1 ? problems[0] : `errors:\n  ${problems.join('\n  ')}`);
    yield;
    let before = live ? decodeOr(managedFieldsOf(live)) : NOBODY;
    yield;
    if (live && before.managers.size === 0) before = yield* this.#updated(undefined, live, before, BEFORE_FIRST_APPLY);
    const base = this.#typed(live ?? this.#empty());
    const key = this.#key(manager, 'Apply');
    const { object, managers } = yield* this.#applied(base, typed, before.managers, manager, key, force);
    const times = object ? this.#stamped(before.times, key) : before.times;
    const merged = (object?.value ?? base.value) as JsonObject;
    const managedFields = encodeManaged({ managers: withStripped(managers, key), times });
    yield;
    return { object: manager === KUBECTL ? withLastApplied(merged, config) : merged, managedFields };
  }

  *#applied(base: Typed, config: Typed, managers: Managers, manager: string, key: string, force: boolean): Steps<Applied> {
    const { apiVersion } = this.options;
    try {
      return yield* this.#updater.apply(base, config, apiVersion, managers, key, force);
    } catch (error) {
      const allowed = error instanceof ConflictError && manager === KUBECTL ? fieldsAppliedBefore(base, apiVersion) : undefined;
      if (!(error instanceof ConflictError) || !allowed) throw error;
      const left = error.conflicts.filter(({ path }) => !allowed.has(path));
      if (left.length > 0) throw new ConflictError(left);
      return yield* this.#updater.apply(base, config, apiVersion, managers, key, true);
    }
  }

  /** Whose fields are whose before this update. What cannot be read counts as nothing. */
  #before(live: JsonObject | undefined, asked: unknown): Managed {
    // A subresource is no way to set managers.
    if (this.options.subresource === '') {
      if (isReset(asked)) return NOBODY;
      const given = decodeOr(asked);
      if (given.managers.size > 0) return given;
    }
    return live ? decodeOr(managedFieldsOf(live)) : NOBODY;
  }

  *#updated(live: JsonObject | undefined, next: JsonObject, { managers, times }: Managed, manager: string): Steps<Managed> {
    const { apiVersion } = this.options;
    const after = yield* this.#updater.update(this.#typed(live ?? this.#empty()), this.#typed(next), apiVersion, managers, NOW);
    yield;
    const written = withStripped(after, NOW).get(NOW);
    const rest = new Map(after);
    rest.delete(NOW);
    if (!written) return { managers: rest, times };
    const key = this.#key(manager, 'Update');
    const mine = rest.get(key);
    rest.set(key, mine ? { ...written, fields: written.fields.union(mine.fields) } : written);
    return { managers: rest, times: this.#stamped(times, key) };
  }

  #stamped(times: Managed['times'], key: string): Managed['times'] {
    const time = this.options.timestamp();
    const stamped = new Map(times);
    if (time === undefined) stamped.delete(key);
    else stamped.set(key, time);
    return stamped;
  }

  #key(manager: string, operation: Identity['operation']): string {
    const { apiVersion, subresource } = this.options;
    return identityKey({ manager: manager === '' ? 'unknown' : manager, operation, apiVersion, subresource });
  }

  #empty(): JsonObject {
    return extended(this.options.blank ?? {}, { apiVersion: this.options.apiVersion, kind: this.options.kind });
  }

  #typed(object: JsonObject): Typed {
    if (managedFieldsOf(object) === undefined) return { value: object, type: this.options.type };
    const { managedFields: _, ...metadata } = object.metadata as JsonObject;
    return { value: { ...object, metadata }, type: this.options.type };
  }
}

export function managedFieldsOf(object: JsonObject): unknown {
  return isObject(object.metadata) ? object.metadata.managedFields : undefined;
}

function decodeOr(entries: unknown): Managed {
  try {
    return decodeManaged(entries);
  } catch {
    return NOBODY;
  }
}

/** `managers` where `key` owns nothing of what nobody owns. */
function withStripped(managers: Managers, key: string): Managers {
  const owned = managers.get(key);
  if (!owned) return managers;
  const stripped: Owned = { ...owned, fields: owned.fields.difference(NOT_OWNED) };
  const out = new Map(managers);
  if (stripped.fields.isEmpty) out.delete(key);
  else out.set(key, stripped);
  return out;
}
