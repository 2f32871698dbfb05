/**
 * Which part of the old object a part of the new one is compared with: properties and map entries by name, items of `map` lists by their
 * keys, nothing below other lists. An error of a part that did not change (or, below what cannot be compared, whose nearest comparable
 * ancestor did not change) was there before and is tolerated.
 */
import { sameJson } from '../../../crds/schema/same-json';
import { isObject, own, type Schema } from '../schema/schema';

interface Pair {
  now: unknown;
  before: unknown;
  schema: Schema;
  same?: boolean;
}

export class Correlation {
  private constructor(
    private readonly current: Pair | undefined,
    private readonly ancestor: Pair | undefined,
  ) {}

  /** Of whole objects, which are never the same: their metadata is nothing that a definition's schema describes. Without an old one nothing is tolerated. */
  static root(now: unknown, before: unknown, schema: Schema): Correlation {
    return new Correlation(before === undefined ? undefined : { now, before, schema, same: false }, undefined);
  }

  get unchanged(): boolean {
    const pair = this.current ?? this.ancestor;
    if (!pair) return false;
    pair.same ??= isSame(pair.now, pair.before, pair.schema);
    return pair.same;
  }

  key(name: string): Correlation {
    if (!this.current) return this;
    // Both are shown in one version: that they are equal says nothing.
    if (!this.ancestor && (name === 'apiVersion' || name === 'kind')) return new Correlation(undefined, undefined);
    const { now, before, schema } = this.current;
    return new Correlation(childPair(now, before, schema, name), this.current);
  }

  item(now: unknown, before: unknown): Correlation {
    if (!this.current) return this;
    const { items } = this.current.schema;
    return new Correlation(before === undefined || !items ? undefined : { now, before, schema: items }, this.current);
  }

  /** For the schemas of `allOf`, whose errors are only tolerated by what is above. */
  withoutCurrent(): Correlation {
    return new Correlation(undefined, this.ancestor);
  }
}

function childPair(now: unknown, before: unknown, schema: Schema, name: string): Pair | undefined {
  if (!isObject(now) || !isObject(before)) return undefined;
  const [value, old] = [own(now, name), own(before, name)];
  const { additionalProperties } = schema;
  const child = own(schema.properties, name) ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
  return value === undefined || old === undefined || !child ? undefined : { now: value, before: old, schema: child };
}

/** Maps are only the same when the schema knows all of their fields; lists of type `map` in any order. */
function isSame(now: unknown, before: unknown, schema: Schema): boolean {
  if (Array.isArray(now) && Array.isArray(before)) {
    if (now.length !== before.length) return false;
    const { items } = schema;
    if (schema['x-kubernetes-list-type'] !== 'map' || !items) return sameJson(now, before);
    const old = oldItems(before, schema);
    return now.every((item) => {
      const match = old(item);
      return match !== undefined && isSame(item, match, items);
    });
  }
  if (!isObject(now) || !isObject(before)) return now === before;
  const keys = Object.keys(now);
  return (
    keys.length === Object.keys(before).length &&
    keys.every((key) => {
      const pair = childPair(now, before, schema, key);
      return pair !== undefined && isSame(pair.now, pair.before, pair.schema);
    })
  );
}

/** The old item with the same keys as a new one, for lists of type `map`; undefined for others. */
export function oldItems(old: unknown, schema: Schema): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || !keys || !Array.isArray(old)) return () => undefined;
  const identity = (item: unknown): string => JSON.stringify(keys.map((key) => (isObject(item) ? own(item, key) : undefined)));
  let byKeys: Map<string, unknown> | undefined;
  return (item) => {
    byKeys ??= new Map(old.map((entry) => [identity(entry), entry]));
    return byKeys.get(identity(item));
  };
}
