/** What changed from one value to another, field by field. */
import { fieldElement, FieldSet, type Element, type Path } from './field-set';
import { equal } from '../schema/equal';
import { asList, asMap, elementOf, narrow, sameForm, typeOfEntry, visit, type ListType, type MapType, type Type } from './type';

/** A path is in at most one of them. */
export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** `undefined`: there is none. */
export function compare(before: unknown, after: unknown, type: Type): Comparison {
  const out: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareAt(before, after, type, [], out);
  return out;
}

export function mapComparison({ added, modified, removed }: Comparison, change: (set: FieldSet) => FieldSet): Comparison {
  return { added: change(added), modified: change(modified), removed: change(removed) };
}

function compareAt(before: unknown, after: unknown, type: Type, path: Path, out: Comparison): void {
  // The same value in memory: nothing to find below it.
  if (before === after) return;
  if (before === undefined) return out.added.graft(path, everything(after, type));
  if (after === undefined) return out.removed.graft(path, everything(before, type));
  const was = narrow(type, before);
  const is = narrow(type, after);
  if (!sameForm(was, is)) compareAs(before, after, was, path, out);
  compareAs(before, after, is, path, out);
}

/** All that comes or goes with a value: every field and item, also those that hold others. */
function everything(value: unknown, type: Type): FieldSet {
  const out = new FieldSet();
  const add = (element: Element, below: unknown, of: Type): void => {
    out.members.add(element);
    if (typeof below === 'object' && below !== null) out.adopt(element, everything(below, of));
  };
  visit(narrow(type, value), {
    scalar: () => undefined,
    list: (list) => {
      if (list.atomic) return;
      for (const [element, item] of grouped(asList(value) ?? [], list)) {
        if (item instanceof Repeated) out.members.add(element);
        else add(element, item, list.element());
      }
    },
    map: (map) => {
      if (map.atomic) return;
      for (const [key, entry] of Object.entries(asMap(value) ?? {})) {
        const of = typeOfEntry(map, key);
        if (of) add(fieldElement(key), entry, of);
      }
    },
  });
  return out;
}

function compareAs(before: unknown, after: unknown, type: Type, path: Path, out: Comparison): void {
  const leaf = (): void => {
    if (!equal(before, after)) out.modified.insert(path);
  };
  visit(type, {
    scalar: leaf,
    list: (list) => {
      const lists = [asList(before), asList(after)] as const;
      if (list.atomic || lists.every((items) => !items?.length)) leaf();
      else compareItems(lists[0] ?? [], lists[1] ?? [], list, path, out);
    },
    map: (map) => {
      const maps = [asMap(before), asMap(after)] as const;
      if (map.atomic || maps.every((entries) => !entries || Object.keys(entries).length === 0)) leaf();
      else compareEntries(maps[0] ?? {}, maps[1] ?? {}, map, path, out);
    },
  });
}

function compareEntries(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>, map: MapType, path: Path, out: Comparison): void {
  const one = (key: string, was: unknown, is: unknown): void => {
    if (was === is) return;
    const type = typeOfEntry(map, key);
    if (type) compareAt(was, is, type, [...path, fieldElement(key)], out);
  };
  for (const key of Object.keys(before)) one(key, before[key], Object.hasOwn(after, key) ? after[key] : undefined);
  for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) one(key, undefined, after[key]);
}

function compareItems(before: readonly unknown[], after: readonly unknown[], list: ListType, path: Path, out: Comparison): void {
  const was = grouped(before, list);
  const is = grouped(after, list);
  for (const [element, old] of was) compareItem(element, old, is.get(element), list, path, out);
  for (const [element, now] of is) if (!was.has(element)) compareItem(element, undefined, now, list, path, out);
}

/** `undefined`: there is none. */
function compareItem(element: Element, old: unknown, now: unknown, list: ListType, path: Path, out: Comparison): void {
  if (old === now) return;
  const at = [...path, element];
  if (!(old instanceof Repeated) && !(now instanceof Repeated)) {
    compareAt(old, now, list.element(), at, out);
  } else if (old instanceof Repeated && now instanceof Repeated) {
    if (!equal(old.items, now.items)) out.modified.insert(at);
  } else if (old instanceof Repeated) {
    // Items that could not be told apart, and now there is one or none.
    if (now !== undefined) compareAt(undefined, now, list.element(), at, out);
    out.removed.insert(at);
  } else {
    if (old !== undefined) compareAt(old, undefined, list.element(), at, out);
    out.added.insert(at);
  }
}

/** Items of one list that cannot be told apart. */
class Repeated {
  constructor(readonly items: unknown[]) {}
}

/** The item of each element, or all of them. */
function grouped(items: readonly unknown[], list: ListType): Map<Element, unknown> {
  const groups = new Map<Element, unknown>();
  for (const item of items) {
    const element = elementOf(list, item);
    const before = groups.get(element);
    if (before === undefined) groups.set(element, item);
    else if (before instanceof Repeated) before.items.push(item);
    else groups.set(element, new Repeated([before, item]));
  }
  return groups;
}
