/**
 * Sets of field paths: which fields a manager owns.
 *
 * A path is a list of elements. An element is its text in fieldsV1, which is canonical and so can be compared as text:
 *   `f:name`               a field of a struct or an entry of a map
 *   `k:{"name":"a"}`       an item of a list of type map, by its keys (sorted)
 *   `v:"a"`                an item of a list of type set, by its value
 *   `i:0`                  an item by position (only read, never made)
 * The root itself is in no set. What operations give is, or shares parts with, their operands: so only a set made with `new`, `of` or
 * `copy` is ever inserted into, and only before it is given to others.
 */
import { isObject } from '../schema/schema';

export type Element = string;
export type Path = readonly Element[];

export const fieldElement = (name: string): Element => `f:${name}`;
export const valueElement = (value: unknown): Element => `v:${JSON.stringify(value)}`;
/** `keys` in any order. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): Element {
  const sorted = keys.length < 2 ? keys : [...keys].sort(([a], [b]) => (a < b ? -1 : 1));
  return `k:{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
}

/** The element in canonical form. @throws Error when it is none */
export function parseElement(text: string): Element {
  if (text.startsWith('f:')) return text;
  const content = text.slice(2);
  switch (text.slice(0, 2)) {
    case 'v:':
      return valueElement(JSON.parse(content));
    case 'k:': {
      const keys: unknown = JSON.parse(content);
      if (!isObject(keys)) throw new Error(`field path element ${JSON.stringify(text)}: not an object`);
      return keyElement(Object.entries(keys));
    }
    case 'i:':
      if (/^-?\d{1,10}$/.test(content)) return `i:${Number(content)}`;
  }
  throw new Error(`field path element ${JSON.stringify(text)}: neither f:, k:, v: nor i:`);
}

/** As messages show it: `.spec`, `[name="a",port=80]`, `[="a"]`, `[0]`. */
export function showElement(element: Element): string {
  const content = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${content}`;
    case 'k': {
      const keys = Object.entries(JSON.parse(content) as Record<string, unknown>);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${content}]`;
    default:
      return `[${content}]`;
  }
}

export const showPath = (path: Path): string => path.map(showElement).join('');

const RANK: Readonly<Record<string, number | undefined>> = { f: 0, k: 1, v: 2, i: 3 };

export function compareElements(a: Element, b: Element): number {
  if (a[0] !== b[0]) return (RANK[a[0]] ?? 4) - (RANK[b[0]] ?? 4);
  return a < b ? -1 : Number(a > b);
}

/** Sorts in place. Most come sorted. */
export function sortElements(elements: Element[]): Element[] {
  for (let at = 1; at < elements.length; at++) if (compareElements(elements[at - 1], elements[at]) > 0) return elements.sort(compareElements);
  return elements;
}

export class FieldSet {
  /** Elements that are in the set themselves. */
  readonly members = new Set<Element>();
  /** What is in the set below an element; never empty sets. */
  readonly children = new Map<Element, FieldSet>();

  static of(...paths: readonly Path[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** @param from the place in `path` that this set begins at */
  insert(path: Path, from = 0): void {
    if (from >= path.length) return;
    const element = path[from];
    if (from === path.length - 1) {
      this.members.add(element);
      return;
    }
    let child = this.children.get(element);
    if (!child) this.children.set(element, (child = new FieldSet()));
    child.insert(path, from + 1);
  }

  /** Inserts `path` and all of `below` under it; nothing may be there yet. */
  graft(path: Path, below: FieldSet, from = 0): void {
    if (from >= path.length - 1) {
      if (path.length === 0) return;
      this.members.add(path[from]);
      this.adopt(path[from], below);
      return;
    }
    let child = this.children.get(path[from]);
    if (!child) this.children.set(path[from], (child = new FieldSet()));
    child.graft(path, below, from + 1);
  }

  /** A set that has its own members and list of children. */
  copy(): FieldSet {
    const out = make(this.members);
    for (const [element, child] of this.children) out.children.set(element, child);
    return out;
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  has(path: Path): boolean {
    if (path.length === 0) return false;
    const [first, ...rest] = path;
    return rest.length === 0 ? this.members.has(first) : (this.children.get(first)?.has(rest) ?? false);
  }

  /** What is below `element`. */
  below(element: Element): FieldSet {
    return this.children.get(element) ?? EMPTY;
  }

  union(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    if (this.isEmpty) return other;
    const out = make(this.members);
    for (const element of other.members) out.members.add(element);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      out.children.set(element, theirs ? child.union(theirs) : child);
    }
    for (const [element, child] of other.children) if (!this.children.has(element)) out.children.set(element, child);
    return out;
  }

  intersection(other: FieldSet): FieldSet {
    if (this.isEmpty || other.isEmpty) return EMPTY;
    const out = new FieldSet();
    for (const element of this.members) if (other.members.has(element)) out.members.add(element);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (theirs) out.adopt(element, child.intersection(theirs));
    }
    return out;
  }

  /** Without the paths of `other`; what is below one of them stays. */
  difference(other: FieldSet): FieldSet {
    return this.#minus(other, false);
  }

  /** Without the paths of `other` and everything below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    return this.#minus(other, true);
  }

  #minus(other: FieldSet, recursive: boolean): FieldSet {
    if (other.isEmpty || this.isEmpty) return this;
    const out = new FieldSet();
    for (const element of this.members) if (!other.members.has(element)) out.members.add(element);
    for (const [element, child] of this.children) {
      if (recursive && other.members.has(element)) continue;
      const theirs = other.children.get(element);
      out.adopt(element, theirs ? child.#minus(theirs, recursive) : child);
    }
    return out;
  }

  /** The members that have nothing below them. */
  leaves(): FieldSet {
    const out = new FieldSet();
    for (const element of this.members) if (!this.children.has(element)) out.members.add(element);
    for (const [element, child] of this.children) out.adopt(element, child.leaves());
    return out;
  }

  equals(other: FieldSet): boolean {
    if (this.members.size !== other.members.size || this.children.size !== other.children.size) return false;
    for (const element of this.members) if (!other.members.has(element)) return false;
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (!theirs || !child.equals(theirs)) return false;
    }
    return true;
  }

  /** Every path, sorted: those of a level before those below it. */
  *paths(prefix: Path = []): Generator<Path> {
    for (const element of sortElements([...this.members])) yield [...prefix, element];
    for (const element of sortElements([...this.children.keys()])) yield* this.below(element).paths([...prefix, element]);
  }

  /** Takes over `child` as what is below `element`, unless it is empty. */
  adopt(element: Element, child: FieldSet): void {
    if (!child.isEmpty) this.children.set(element, child);
  }
}

function make(members: ReadonlySet<Element>): FieldSet {
  const out = new FieldSet();
  for (const element of members) out.members.add(element);
  return out;
}

/** Not to be inserted into. */
export const EMPTY = new FieldSet();
