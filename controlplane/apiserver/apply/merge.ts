/**
 * Merges what a manager applies into the object as it is. Nothing is removed; of a leaf that both have, the applied value wins. Lists
 * keep the order of the live object where the applied one does not touch it, and get the applied one's where it does.
 */
import type { JsonObject } from '../schema/schema';
import { fieldElement, showElement, type Element } from './field-set';
import { asList, asMap, elementOf, narrow, sameForm, StructureError, typeOfEntry, visit, type ListType, type MapType, type Type } from './type';
import { scalarProblem } from './walk-fields';

/** @returns `live` with `applied` merged in; both stay as they are, parts are shared. `undefined`: there is none. @throws StructureError */
export function merge(live: unknown, applied: unknown, type: Type): unknown {
  return mergeAt(live, applied, type, () => '');
}

/** The path as messages show it: put together only when there is something to say of it. */
type Where = () => string;

function mergeAt(live: unknown, applied: unknown, type: Type, path: Where): unknown {
  const was = narrow(type, live);
  const is = narrow(type, applied);
  if (applied === undefined) return mergeAs(live, applied, was, path);
  // Both forms must be sound, although only the applied one counts.
  if (live !== undefined && !sameForm(was, is)) mergeAs(live, applied, was, path);
  return mergeAs(live, applied, is, path);
}

function mergeAs(live: unknown, applied: unknown, type: Type, path: Where): unknown {
  const leaf = applied === undefined ? live : applied;
  return visit<unknown>(type, {
    scalar: (scalar) => {
      const problem = scalarProblem(scalar, live) && scalarProblem(scalar, applied);
      if (problem) throw new StructureError(`${path()}: ${problem}`);
      return leaf;
    },
    list: (list) => {
      const lists = [asList(live), asList(applied)] as const;
      if (list.atomic || lists.every((items) => !items?.length)) return leaf;
      return mergeItems(lists[0] ?? [], lists[1] ?? [], list, path);
    },
    map: (map) => {
      const maps = [asMap(live), asMap(applied)] as const;
      if (map.atomic || maps.every((entries) => !entries || Object.keys(entries).length === 0)) return leaf;
      return mergeEntries(maps[0] ?? {}, maps[1] ?? {}, map, path);
    },
  });
}

function mergeEntries(live: Readonly<Record<string, unknown>>, applied: Readonly<Record<string, unknown>>, map: MapType, path: Where): unknown {
  const out: JsonObject = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(applied)])) {
    const was = Object.hasOwn(live, key) ? live[key] : undefined;
    const is = Object.hasOwn(applied, key) ? applied[key] : undefined;
    const type = typeOfEntry(map, key);
    const merged = type ? mergeAt(was, is, type, () => `${path()}${showElement(fieldElement(key))}`) : is === undefined ? was : is;
    if (merged !== undefined) out[key] = merged;
  }
  return Object.keys(out).length > 0 ? out : undefined;
}

interface Indexed {
  elements: Element[];
  /** null for those that occur twice: they are not merged with others. */
  items: Map<Element, unknown>;
}

function index(items: readonly unknown[], list: ListType, duplicates: 'allowed' | 'refused', path: Where): Indexed {
  const out: Indexed = { elements: [], items: new Map() };
  items.forEach((item, at) => {
    let element: Element;
    try {
      element = elementOf(list, item);
    } catch (error) {
      throw new StructureError(`${path()}: element ${at}: ${(error as Error).message}`);
    }
    if (out.items.has(element) && duplicates === 'refused') throw new StructureError(`${path()}: duplicate entries for key ${showElement(element)}`);
    out.items.set(element, out.items.has(element) ? null : item);
    out.elements.push(element);
  });
  return out;
}

/**
 * Walks both lists at once. Items that both have come in the applied order (`shared`); those of one list stay behind the item that they
 * stood behind there, the live object's first.
 */
function mergeItems(liveItems: readonly unknown[], appliedItems: readonly unknown[], list: ListType, path: Where): unknown {
  const applied = index(appliedItems, list, 'refused', path);
  const live = index(liveItems, list, 'allowed', path);
  const shared = applied.elements.filter((element) => live.items.has(element));
  const done = new Set<Element>();
  const out: unknown[] = [];
  const emit = (element: Element, was: unknown, is: unknown): void => {
    const merged = mergeAt(was, is, list.element(), () => `${path()}${showElement(element)}`);
    if (merged !== undefined) out.push(merged);
  };
  let at = 0;
  let next = 0; // Of `shared`: those before it are emitted.
  for (const element of applied.elements) {
    // Live items that are not applied, up to the place where the shared order goes on.
    while (at < live.elements.length && live.elements[at] !== element) {
      const candidate = live.elements[at];
      if (!applied.items.has(candidate)) {
        emit(candidate, liveItems[at++], undefined);
      } else if (next < shared.length && shared[next] !== candidate) {
        at++; // It is emitted where the applied order has it.
      } else {
        if (done.has(candidate)) at++;
        break;
      }
    }
    if (live.elements[at] === element) at++;
    if (shared[next] === element) next++;
    done.add(element);
    emit(element, live.items.get(element), applied.items.get(element));
  }
  for (; at < live.elements.length; at++) if (!applied.items.has(live.elements[at])) emit(live.elements[at], liveItems[at], undefined);
  return out.length > 0 ? out : undefined;
}
