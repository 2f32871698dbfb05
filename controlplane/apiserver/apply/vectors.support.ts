/** Reads the recorded sequences of structured merge: schemas in their own form, conversions between their made-up versions. */
import { parse } from 'yaml';

import { isObject, type JsonObject } from '../schema/schema';
import { FieldSet } from './field-set';
import { DEDUCED, UNTYPED, type Field, type LazyType, type Type, type Typed } from './type';

export interface Step {
  op: 'fixture.Apply' | 'fixture.ForceApply' | 'fixture.Update' | 'fixture.ExtractApply' | 'fixture.ChangeParser';
  manager: string;
  apiVersion: string;
  object: string;
  live: unknown;
  managers: Record<string, { applied: boolean; apiVersion: string; fields: JsonObject }>;
  conflicts?: string;
}

export interface Sequence {
  schemaYAML: string;
  typeRefYAML?: string;
  hasIgnore: boolean;
  steps: Step[];
  expectObject: string;
}

/** Objects are YAML 1.1: `n` is false. */
export const parseObject = (text: string): unknown => parse(text, { version: '1.1' }) as unknown;

/** Leading tabs, as the recorded Go sources indent theirs, are no YAML. */
export function withoutTabs(text: string): string {
  const lines = text.replace(/^\n/, '').split('\n');
  const tabs = /^\t*/.exec(lines[0])?.[0].length ?? 0;
  return lines.map((line) => line.slice(tabs)).join('\n').trimEnd();
}

interface RawMap {
  fields?: { name: string; type: RawType; default?: unknown }[];
  elementType?: RawType;
  elementRelationship?: string;
}

interface RawType {
  namedType?: string;
  /** Of a reference: instead of the named type's own. */
  elementRelationship?: string;
  scalar?: Type['scalar'];
  list?: { elementType: RawType; elementRelationship: string; keys?: string[] };
  map?: RawMap;
}

/** The types of a schema by name; a type is made once. */
export function typesOf(schemaYAML: string): (reference: RawType) => Type {
  const { types } = parse(schemaYAML) as { types: ({ name: string } & RawType)[] };
  const raw = new Map(types.map((type) => [type.name, type]));
  const made = new Map<string, Type>([['__untyped_atomic_', UNTYPED], ['__untyped_deduced_', DEDUCED]]);
  const lazy = (reference: RawType): LazyType => {
    let type: Type | undefined;
    return () => (type ??= resolve(reference));
  };
  function resolve(reference: RawType): Type {
    const type = reference.namedType === undefined ? make(reference) : named(reference.namedType);
    if (reference.elementRelationship === undefined) return type;
    const atomic = reference.elementRelationship === 'atomic';
    return type.map ? { ...type, map: { ...type.map, atomic } } : { ...type, ...(type.list && { list: { ...type.list, atomic } }) };
  }
  function named(name: string): Type {
    let type = made.get(name);
    if (!type) {
      const found = raw.get(name);
      if (!found) throw new Error(`no type ${name}`);
      made.set(name, (type = make(found)));
    }
    return type;
  }
  function make({ scalar, list, map }: RawType): Type {
    const field = ({ name, type, default: value }: NonNullable<RawMap['fields']>[number]): [string, Field] => [name, { type: lazy(type), default: value }];
    return {
      ...(scalar && { scalar }),
      ...(list && { list: { atomic: list.elementRelationship === 'atomic', keys: list.keys ?? [], element: lazy(list.elementType) } }),
      ...(map && {
        map: {
          atomic: map.elementRelationship === 'atomic',
          fields: new Map((map.fields ?? []).map(field)),
          ...(map.elementType && { element: lazy(map.elementType) }),
        },
      }),
    };
  }
  return resolve;
}

export type TypeOf = (version: string) => Type;
export type Convert = (object: Typed, version: string) => Typed;

/** How the objects of a sequence look in another version; the recording does not say, the objects show it. */
export function conversionOf({ schemaYAML, hasIgnore, steps }: Sequence, typeOf: TypeOf): Convert {
  if (schemaYAML.includes('_v1')) return (object, version) => renamed(object, version, (key) => key.replace(/v\d$/, version), typeOf);
  if (schemaYAML.includes('rely_on')) {
    const names = ['field_foo_rely_on_bar', 'required_field_bar'];
    return (object, version) => renamed(object, version, (key) => (names.includes(key) ? names[version === 'v1' ? 0 : 1] : key), typeOf);
  }
  const grows = hasIgnore || steps.some(({ object }) => /\b(\w)\1+:/.test(object));
  if (grows && schemaYAML.includes('mapOfMapsRecursive')) {
    return (object, version) => ({ ...object, value: repeated(object.value, Number(version.slice(1))) });
  }
  return (object) => object;
}

function renamed({ value }: Typed, version: string, rename: (key: string) => string, typeOf: TypeOf): Typed {
  const walk = (at: unknown): unknown =>
    isObject(at) ? Object.fromEntries(Object.entries(at).map(([key, below]) => [rename(key), walk(below)])) : at;
  return { value: walk(value), type: typeOf(version) };
}

/** Each key below the first is one letter, as often as the version's number; of keys that become one, the last in order stays. No other values. */
function repeated(value: unknown, times: number): unknown {
  const walk = (at: unknown): unknown =>
    isObject(at) && Object.keys(at).length > 0 ? Object.fromEntries(Object.entries(at).sort().map(([key, below]) => [key[0].repeat(times), walk(below)])) : null;
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, below]) => [key, walk(below)])) : value;
}

/** Which fields a sequence ignores is not recorded either: it is what its objects have and no manager comes to own. */
export function ignoredOf({ hasIgnore, steps }: Sequence): (version: string) => FieldSet | undefined {
  if (!hasIgnore) return () => undefined;
  if (!steps[0].object.includes('mapOfMapsRecursive')) {
    const field = steps[0].object.includes('obj') ? 'f:obj' : 'f:string';
    return () => FieldSet.of([field]);
  }
  const inFirst = JSON.stringify(steps[0].managers).includes('f:c');
  return (version) => {
    if (version === 'v1' && inFirst) return undefined;
    const letters = inFirst ? 'c' : 'c'.repeat(Number(version.slice(1)));
    return FieldSet.of(['f:mapOfMapsRecursive', `f:${letters}`]);
  };
}
