/** The fields of a value, and checks of a value against its type. */
import { isObject } from '../schema/schema';
import { EMPTY, fieldElement, FieldSet, showElement, type Element } from './field-set';
import { asList, asMap, elementOf, narrow, typeOfEntry, visit, type ListType, type MapType, type Scalar, type Type, type Typed } from './type';

/** Every leaf and every item that `typed` mentions. */
export function fieldsOf({ value, type }: Typed): FieldSet {
  return collect(value, type).below;
}

interface Collected {
  /** Whether the value itself is a field with an owner. */
  self: boolean;
  below: FieldSet;
}

const SELF: Collected = { self: true, below: EMPTY };

function collect(value: unknown, type: Type): Collected {
  return visit<Collected>(narrow(type, value), {
    scalar: () => SELF,
    list: (list) => (list.atomic ? SELF : { self: false, below: collectItems(asList(value) ?? [], list) }),
    map: (map) => (map.atomic ? SELF : { self: false, below: collectEntries(asMap(value) ?? {}, map) }),
  });
}

function collectItems(items: readonly unknown[], list: ListType): FieldSet {
  const out = new FieldSet();
  const counts = new Map<Element, number>();
  const elements = items.map((item) => elementOf(list, item));
  for (const element of elements) counts.set(element, (counts.get(element) ?? 0) + 1);
  elements.forEach((element, index) => {
    out.members.add(element);
    // Items that cannot be told apart are owned as one.
    if (counts.get(element) === 1) out.adopt(element, collect(items[index], list.element()).below);
  });
  return out;
}

function collectEntries(entries: Readonly<Record<string, unknown>>, map: MapType): FieldSet {
  const out = new FieldSet();
  for (const [key, value] of Object.entries(entries)) {
    const type = typeOfEntry(map, key);
    if (!type) continue;
    const { self, below } = collect(value, type);
    const element = fieldElement(key);
    const empty = value === null || (isObject(value) && Object.keys(value).length === 0);
    if (self || empty || !map.fields.has(key)) out.members.add(element);
    out.adopt(element, below);
  }
  return out;
}

/** A path as messages show it: put together only when there is something to say of it. */
type Where = () => string;

/** More problems than this are not listed. */
const MAX_PROBLEMS = 20;

/** What does not fit the type, as `path: why`; empty: nothing. `duplicates`: items of associative lists may occur twice. */
export function typeProblems({ value, type }: Typed, duplicates: 'allowed' | 'refused'): string[] {
  const problems: string[] = [];
  const report = (where: Where, why: string): void => {
    if (problems.length >= MAX_PROBLEMS) return;
    const path = where();
    problems.push(path === '' ? why : `${path}: ${why}`);
  };
  check(value, type, () => '');
  return problems;

  function check(at: unknown, of: Type, path: Where): void {
    visit(narrow(of, at), {
      scalar: (scalar) => {
        const why = scalarProblem(scalar, at);
        if (why) report(path, why);
      },
      list: (list) => {
        if (at !== null && !Array.isArray(at)) report(path, `expected list, got ${show(at)}`);
        else checkItems(at ?? [], list, path);
      },
      map: (map) => {
        if (at !== null && !isObject(at)) report(path, `expected map, got ${show(at)}`);
        else checkEntries(at ?? {}, map, path);
      },
    });
  }

  function checkItems(items: readonly unknown[], list: ListType, path: Where): void {
    const seen = new Set<Element>();
    items.forEach((item, index) => {
      let element = `i:${index}`;
      if (!list.atomic) {
        try {
          element = elementOf(list, item);
        } catch (error) {
          return report(path, `element ${index}: ${(error as Error).message}`);
        }
        if (seen.has(element) && duplicates === 'refused') report(path, `duplicate entries for key ${showElement(element)}`);
        seen.add(element);
      }
      check(item, list.element(), () => `${path()}${showElement(element)}`);
    });
  }

  function checkEntries(entries: Readonly<Record<string, unknown>>, map: MapType, path: Where): void {
    for (const [key, entry] of Object.entries(entries)) {
      const entryType = typeOfEntry(map, key);
      const below: Where = () => `${path()}.${key}`;
      if (entryType) check(entry, entryType, below);
      else report(below, 'field not declared in schema');
    }
  }
}

/** Why `value` is no such scalar; null is every scalar. */
export function scalarProblem(scalar: Scalar, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${show(value)}`;
    case 'string':
      return typeof value === 'string' ? undefined : `expected string, got ${show(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${show(value)}`;
    case 'untyped':
      return typeof value === 'object' ? `expected any scalar, got ${show(value)}` : undefined;
  }
}

const SHOWN_CHARS = 256;

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
