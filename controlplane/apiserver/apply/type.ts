/**
 * Types of structured merge: how a value is taken apart into fields with owners of their own.
 *
 * A type may allow several forms; the value decides. What is `atomic` has one owner as a whole. Lists are else `associative`: of scalars
 * (a set), or of objects told apart by `keys`. Maps and structs are else `granular`.
 */
import { isObject } from '../schema/schema';
import { keyElement, valueElement, type Element } from './field-set';

/** A value that does not fit its type, so that its fields cannot be told apart; `message` says where. */
export class StructureError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StructureError';
  }
}

export type Scalar = 'numeric' | 'string' | 'boolean' | 'untyped';

export interface Type {
  readonly scalar?: Scalar;
  readonly list?: ListType;
  readonly map?: MapType;
}

/** Types may contain themselves. */
export type LazyType = () => Type;

export interface ListType {
  readonly atomic: boolean;
  /** Empty for sets. */
  readonly keys: readonly string[];
  readonly element: LazyType;
}

export interface Field {
  readonly type: LazyType;
  readonly default?: unknown;
}

export interface MapType {
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, Field>;
  /** Of what is no field; absent: nothing else may be there. */
  readonly element?: LazyType;
  /** Nothing is known of the content: ownership is not adapted when the schema changes. */
  readonly deduced?: boolean;
}

/** A value with its type. `undefined` is none; null is a value. */
export interface Typed {
  readonly value: unknown;
  readonly type: Type;
}

/** Anything, with one owner. */
export const UNTYPED: Type = {
  scalar: 'untyped',
  list: { atomic: true, keys: [], element: () => UNTYPED },
  map: { atomic: true, fields: new Map(), element: () => UNTYPED },
};

/** Anything: objects field by field, lists as a whole. */
export const DEDUCED: Type = {
  scalar: 'untyped',
  list: { atomic: true, keys: [], element: () => UNTYPED },
  map: { atomic: false, fields: new Map(), element: () => DEDUCED, deduced: true },
};

/** The type of an entry; undefined when it may not be there. */
export function typeOfEntry(map: MapType, key: string): Type | undefined {
  return (map.fields.get(key)?.type ?? map.element)?.();
}

/** The forms of `type` that `value` has; all of them for none, null and what has no form in it. */
export function narrow(type: Type, value: unknown): Type {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return type.scalar ? { scalar: type.scalar } : type;
    case 'object':
      if (Array.isArray(value)) return type.list ? { list: type.list } : type;
      return value !== null && type.map ? { map: type.map } : type;
    default:
      return type;
  }
}

/** Whether two narrowed types are of one form. */
export function sameForm(a: Type, b: Type): boolean {
  return a.scalar === b.scalar && a.list === b.list && a.map === b.map;
}

/** What `value` is visited as. */
export function visit<T>(type: Type, handlers: { map: (map: MapType) => T; scalar: (scalar: Scalar) => T; list: (list: ListType) => T }): T {
  if (type.map) return handlers.map(type.map);
  if (type.scalar) return handlers.scalar(type.scalar);
  if (type.list) return handlers.list(type.list);
  throw new Error('a type of no form');
}

/** How an item of an associative list is told from others. @throws StructureError for an item that cannot be */
export function elementOf(list: ListType, item: unknown): Element {
  if (list.keys.length === 0) {
    if (typeof item === 'object' || item === undefined) {
      const what = item === null ? 'an explicit null' : Array.isArray(item) ? 'a list' : 'a map';
      throw new StructureError(`associative list without keys has an element that's ${what === 'a map' ? 'a map type' : what}`);
    }
    return valueElement(item);
  }
  if (item === null || item === undefined) throw new StructureError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new StructureError('associative list with keys may not have non-map elements');
  return keyElement(list.keys.map((key) => [key, keyOf(list, item, key)] as const));
}

function keyOf(list: ListType, item: Record<string, unknown>, key: string): unknown {
  const value = Object.hasOwn(item, key) ? item[key] : list.element().map?.fields.get(key)?.default;
  if (value !== undefined) return value;
  throw new StructureError(`associative list with keys has an element that omits key field ${JSON.stringify(key)} (and doesn't have default value)`);
}

export const asList = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined);
export const asMap = (value: unknown): Readonly<Record<string, unknown>> | undefined => (isObject(value) ? value : undefined);
