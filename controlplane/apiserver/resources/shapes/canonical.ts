/** What decoding into Kubernetes' own types makes of values: quantities and times become canonical. */
import { canonicalTime } from '../../codec/go-time';
import { isObject, own, type JsonObject, type Schema } from '../../schema/schema';
import { MICRO_TIME, QUANTITY, TIME } from './parse';
import { canonicalQuantity } from './quantity';

export const NO_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Changes `value` in place (it must not be shared). @returns what is wrong with the first quantity that is none; undefined: nothing */
export function canonicalize(value: unknown, schema: Schema): string | undefined {
  if (Array.isArray(value)) return schema.items && firstProblem(value, (item) => canonicalize(item, schema.items as Schema));
  if (!isObject(value)) return undefined;
  const entries = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  if (entries?.type === 'string' && !schema.properties) return undefined;
  return firstProblem(Object.keys(value), (key) => {
    const property = own(schema.properties, key);
    const child = property ?? entries;
    if (child === QUANTITY) {
      if (!property) value[key] ??= '0';
      return canonicalField(value, key);
    }
    if (child === TIME || child === MICRO_TIME) {
      const text = value[key];
      if (typeof text === 'string') value[key] = canonicalTime(text, child === MICRO_TIME);
      return undefined;
    }
    return child && canonicalize(value[key], child);
  });
}

function canonicalField(owner: JsonObject, key: string): string | undefined {
  const value = owner[key];
  if (value === null || value === undefined) return undefined;
  const canonical = typeof value === 'string' || typeof value === 'number' ? canonicalQuantity(String(value)) : undefined;
  if (canonical === undefined) return NO_QUANTITY;
  owner[key] = canonical;
  return undefined;
}

function firstProblem<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
