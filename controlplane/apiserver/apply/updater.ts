/**
 * Who owns which field after a write: the heart of server-side apply, over values with types, without Kubernetes' metadata.
 *
 * - `update` (create, PUT, patches): the writer comes to own what it changed; whoever owned that loses it.
 * - `apply`: the applier owns what it applies. What it applied before, does not any more, and nobody else owns, is removed. What it
 *   changes and others own is a conflict, unless forced: then they lose it.
 *
 * Managers write in versions of the API: sets are compared in the version that they were written in. Sets of versions that are gone are
 * dropped. Arguments are never changed. Each step is over values or sets once: of large objects others can be let in between.
 */
import { equal } from '../schema/equal';
import { adaptToSchema, withNamedFields } from './adapt';
import { compare, mapComparison, type Comparison } from './compare';
import { FieldSet, showPath, type Path } from './field-set';
import { merge } from './merge';
import { removeFields } from './remove';
import type { Steps } from './steps';
import type { Typed } from './type';
import { fieldsOf } from './walk-fields';

/** What one manager owns. */
export interface Owned {
  readonly fields: FieldSet;
  /** The version that `fields` are of. */
  readonly version: string;
  /** By apply, otherwise by other writes. */
  readonly applied: boolean;
}

/** By manager. */
export type Managers = ReadonlyMap<string, Owned>;

export interface Conflict {
  manager: string;
  path: Path;
}

/** An apply would change what others own. */
export class ConflictError extends Error {
  constructor(readonly conflicts: readonly Conflict[]) {
    super(conflicts.map(({ manager, path }) => `conflict with ${JSON.stringify(manager)}: ${showPath(path)}`).join('\n'));
    this.name = 'ConflictError';
  }
}

export interface UpdaterOptions {
  /** The object in another version; undefined when that version is gone. */
  convert: (object: Typed, version: string) => Typed | undefined;
  /** Fields that nobody can own, with all below them, by version. */
  ignored?: (version: string) => FieldSet | undefined;
}

export interface Applied {
  /** undefined: applying changes nothing. */
  object: Typed | undefined;
  managers: Managers;
}

/** What a write means for those who owned something before. */
interface Changes extends Comparison {
  /** Modified or added. */
  changed: FieldSet;
}

export class Updater {
  readonly #convert: UpdaterOptions['convert'];
  readonly #ignored: (version: string) => FieldSet | undefined;

  constructor({ convert, ignored = () => undefined }: UpdaterOptions) {
    this.#convert = convert;
    this.#ignored = ignored;
  }

  /** `live` and `next` are in `version`. */
  *update(live: Typed, next: Typed, version: string, managers: Managers, manager: string): Steps<Managers> {
    const { others, changes } = yield* this.#track(live, next, version, yield* this.#adapted(live, managers), manager, true);
    yield;
    const before = others.get(manager)?.fields ?? new FieldSet();
    const fields = this.#ownable(before.difference(changes.removed).union(changes.changed), version);
    const after = new Map(others);
    if (fields.isEmpty) after.delete(manager);
    else after.set(manager, { fields, version, applied: false });
    return after;
  }

  /** `live` and `config` are in `version`. @throws ConflictError, StructureError */
  *apply(live: Typed, config: Typed, version: string, managers: Managers, manager: string, force: boolean): Steps<Applied> {
    const adapted = new Map(yield* this.#adapted(live, managers));
    yield;
    const merged: Typed = { value: merge(live.value, config.value, live.type), type: live.type };
    yield;
    const last = adapted.get(manager);
    adapted.set(manager, { fields: this.#ownable(fieldsOf(config), version), version, applied: true });
    yield;
    const object = last && !last.fields.isEmpty ? yield* this.#givenUp(merged, last, adapted, version) : merged;
    yield;
    const { others } = yield* this.#track(live, object, version, adapted, manager, force);
    yield;
    return { object: equal(live.value, object.value) ? undefined : object, managers: others };
  }

  #ownable(fields: FieldSet, version: string): FieldSet {
    const ignored = this.#ignored(version);
    return ignored ? fields.recursiveDifference(ignored) : fields;
  }

  /** Sets as they are under today's schema; those of versions that are gone are left out. */
  *#adapted(live: Typed, managers: Managers): Steps<Managers> {
    const out = new Map<string, Owned>();
    const types = new Map<string, Typed | undefined>();
    for (const [manager, owned] of managers) {
      if (!types.has(owned.version)) types.set(owned.version, this.#convert(live, owned.version));
      const object = types.get(owned.version);
      if (object) out.set(manager, { ...owned, fields: adaptToSchema(owned.fields, object.type) });
      yield;
    }
    return out;
  }

  /** Takes from the others what the step from `live` to `next` changes or removes. @throws ConflictError unless forced */
  *#track(live: Typed, next: Typed, version: string, managers: Managers, manager: string, force: boolean): Steps<{ others: Managers; changes: Changes }> {
    const comparison = compare(live.value, next.value, live.type);
    yield;
    const own = this.#filtered(comparison, version);
    const byVersion = new Map<string, Changes | undefined>([[version, own]]);
    const others = new Map<string, Owned>();
    const conflicts: Conflict[] = [];
    for (const [name, owned] of managers) {
      if (name === manager) {
        if (!owned.fields.isEmpty) others.set(name, owned);
        continue;
      }
      if (!byVersion.has(owned.version)) byVersion.set(owned.version, this.#compareIn(live, next, owned.version));
      const changes = byVersion.get(owned.version);
      if (!changes) continue;
      const lost = owned.fields.intersection(changes.changed);
      if (!force) for (const path of lost.paths()) conflicts.push({ manager: name, path });
      const fields = owned.fields.difference(lost).difference(changes.removed);
      if (!fields.isEmpty) others.set(name, { ...owned, fields });
      yield;
    }
    if (conflicts.length > 0) throw new ConflictError(conflicts);
    return { others, changes: own };
  }

  #compareIn(live: Typed, next: Typed, version: string): Changes | undefined {
    const before = this.#convert(live, version);
    const after = before && this.#convert(next, version);
    return after && this.#filtered(compare(before.value, after.value, before.type), version);
  }

  #filtered(comparison: Comparison, version: string): Changes {
    const ownable = mapComparison(comparison, (set) => this.#ownable(set, version));
    return { ...ownable, changed: ownable.modified.union(ownable.added) };
  }

  /** `merged` without what the manager owned last, gives up, and nobody else owns. */
  *#givenUp(merged: Typed, last: Owned, managers: Managers, version: string): Steps<Typed> {
    const inLast = this.#convert(merged, last.version);
    if (!inLast) return merged;
    const lastNamed = withNamedFields(last.fields, inLast.type);
    yield;
    let pruned: Typed = { ...inLast, value: removeFields(inLast.value, lastNamed, inLast.type) };
    let whole = inLast;
    const ownedIn = new Map<string, FieldSet>();
    for (const owned of managers.values()) {
      ownedIn.set(owned.version, (ownedIn.get(owned.version) ?? new FieldSet()).union(owned.fields));
      yield;
    }
    // The last version first: others may need for their conversion what it puts back.
    for (const at of [last.version, ...[...ownedIn.keys()].filter((other) => other !== last.version)]) {
      const owned = ownedIn.get(at);
      const wholeThere = owned && this.#convert(whole, at);
      const prunedThere = wholeThere && this.#convert(pruned, at);
      if (!owned || !wholeThere || !prunedThere) continue;
      whole = wholeThere;
      pruned = yield* withOwned(whole, prunedThere, owned);
      yield;
    }
    // What was nobody's, or other writers', before it was pruned along with its surroundings.
    const back = this.#convert(pruned, last.version);
    if (!back) return merged;
    const { type } = inLast;
    const before = named(inLast);
    yield;
    const after = named(back);
    yield;
    const gone = before.difference(after).intersection(lastNamed);
    yield;
    const left: Typed = { type, value: removeFields(inLast.value, gone, type) };
    return this.#convert(left, version) ?? merged;
  }
}

const named = (object: Typed): FieldSet => withNamedFields(fieldsOf(object), object.type);

/** `pruned`, and of `whole` also what somebody owns. */
function* withOwned(whole: Typed, pruned: Typed, owned: FieldSet): Steps<Typed> {
  const left = named(pruned);
  yield;
  const kept = left.union(withNamedFields(owned, whole.type));
  yield;
  const all = named(whole);
  yield;
  return { ...whole, value: removeFields(whole.value, all.difference(kept), whole.type) };
}
