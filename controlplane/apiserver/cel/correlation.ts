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
  same?: boolean;
}

export class Correlation {
  private constructor(
    private readonly current: Pair | undefined,
    private readonly ancestor: Pair | undefined,
  ) {}

  /** Of whole objects; without an old one nothing is tolerated. */
  static root(now: unknown, before: unknown): Correlation {
    return new Correlation(before === undefined ? undefined : { now, before }, undefined);
  }

  get unchanged(): boolean {
    const pair = this.current ?? this.ancestor;
    if (!pair) return false;
    pair.same ??= sameJson(pair.now, pair.before);
    return pair.same;
  }

  key(name: string): Correlation {
    if (!this.current) return this;
    // Both are shown in one version: that they are equal says nothing.
    if (!this.ancestor && (name === 'apiVersion' || name === 'kind')) return new Correlation(undefined, undefined);
    const { now, before } = this.current;
    const old = isObject(before) ? own(before, name) : undefined;
    return new Correlation(old === undefined ? undefined : { now: isObject(now) ? own(now, name) : undefined, before: old }, this.current);
  }

  item(now: unknown, before: unknown): Correlation {
    if (!this.current) return this;
    return new Correlation(before === undefined ? undefined : { now, before }, this.current);
  }

  /** For the schemas of `allOf`, whose errors are only tolerated by what is above. */
  withoutCurrent(): Correlation {
    return new Correlation(undefined, this.ancestor);
  }
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
