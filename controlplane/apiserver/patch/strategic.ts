/**
 * Strategic merge patch for the core kinds. Lists are atomic but for those that the schema says otherwise of (`x-kubernetes-patch-strategy`
 * and `-merge-key`), and two of metadata's: `finalizers` (a set) and `ownerReferences` (a map by uid). Directives:
 * `$patch: delete|replace`, `$retainKeys`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`.
 */
import { badRequest } from '../http/errors';
import { isObject, own, type JsonObject, type Schema } from '../schema/schema';

const METADATA: Schema = {
  properties: {
    finalizers: { type: 'array', 'x-kubernetes-patch-strategy': 'merge' },
    ownerReferences: { type: 'array', 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'uid' },
  },
};

/** Of the part of the object at hand; undefined where nothing is known of it. */
type Known = Schema | undefined;

function below(schema: Known, key: string): Known {
  const property = own(schema?.properties, key) ?? (typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined);
  return key === 'metadata' ? METADATA : property;
}

const isSet = (schema: Known): boolean => schema?.['x-kubernetes-patch-strategy']?.includes('merge') === true && schema['x-kubernetes-patch-merge-key'] === undefined;
const mergeKeyOf = (schema: Known): string | undefined => (schema?.['x-kubernetes-patch-strategy']?.includes('merge') ? schema['x-kubernetes-patch-merge-key'] : undefined);

/** @throws ApiError 400: a directive that makes no sense. */
export function strategicMergePatch(target: unknown, patch: unknown, schema?: Schema): unknown {
  if (!isObject(patch)) throw badRequest('strategic merge patch: the body must be an object');
  return mergeObject(isObject(target) ? target : {}, patch, schema);
}

function mergeObject(target: JsonObject, patch: JsonObject, schema: Known): JsonObject {
  const directive = patch.$patch;
  if (directive === 'replace') return strip(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw badRequest(`strategic merge patch: unknown directive $patch: ${JSON.stringify(directive)}`);
  const out: JsonObject = { ...target };
  if (Array.isArray(patch.$retainKeys)) {
    const kept = new Set(patch.$retainKeys);
    for (const key of Object.keys(out)) if (!kept.has(key)) delete out[key];
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) {
      deleteFromList(out, key, value, schema);
      continue;
    }
    const of = below(schema, key);
    const present = Object.hasOwn(out, key) ? out[key] : undefined;
    if (value === null) delete out[key];
    else if (isObject(value)) out[key] = mergeObject(isObject(present) ? present : {}, value, of);
    else if (Array.isArray(value)) out[key] = mergeList(Array.isArray(present) ? present : [], value, { schema: of, name: key, order: orderOf(patch, key) });
    else out[key] = value;
  }
  return out;
}

function orderOf(patch: JsonObject, key: string): unknown[] {
  const order = patch[`$setElementOrder/${key}`];
  return Array.isArray(order) ? order : [];
}

function deleteFromList(out: JsonObject, key: string, value: unknown, schema: Known): void {
  const [directive, name] = key.split('/');
  if (directive !== '$deleteFromPrimitiveList' || !Array.isArray(value) || !name) return;
  const present = Object.hasOwn(out, name) ? out[name] : undefined;
  if (!isSet(below(schema, name)) || !Array.isArray(present)) return;
  out[name] = present.filter((item) => !value.includes(item));
}

/**
 * The items of both lists: those of the patch in their order (or in `order`, when the patch gives one), the others before those that they
 * stood before.
 */
function merged(present: unknown[], patched: unknown[], order: unknown[], idOf: (item: unknown) => unknown): unknown[] {
  const rank = new Map(order.map((item, index) => [idOf(item), index]));
  const named = new Set(patched.map(idOf));
  const inOrder = [...patched, ...present.filter((item) => rank.has(idOf(item)) && !named.has(idOf(item)))];
  if (rank.size > 0) inOrder.sort((a, b) => (rank.get(idOf(a)) ?? rank.size) - (rank.get(idOf(b)) ?? rank.size));
  const before = new Map(present.map((item, index) => [idOf(item), index]));
  const ids = new Set(inOrder.map(idOf));
  const rest = present.filter((item) => !ids.has(idOf(item)));
  const out: unknown[] = [];
  for (const item of inOrder) {
    const at = before.get(idOf(item)) ?? -1;
    const next = rest.findIndex((other) => (before.get(idOf(other)) ?? 0) >= at);
    out.push(...rest.splice(0, next < 0 ? rest.length : next));
    out.push(item);
  }
  return [...out, ...rest];
}

interface ListPlace {
  schema: Known;
  name: string;
  order: unknown[];
}

function mergeList(target: unknown[], patch: unknown[], { schema, name, order }: ListPlace): unknown[] {
  if (isSet(schema)) return merged(target, [...new Set(patch)], order, (item) => item);
  const mergeKey = mergeKeyOf(schema);
  if (mergeKey === undefined) return patch;
  if (patch.some((item) => isObject(item) && item.$patch === 'replace')) return patch.filter((item) => !(isObject(item) && item.$patch === 'replace'));
  const out = [...target];
  const touched: unknown[] = [];
  for (const item of patch) {
    if (!isObject(item) || item[mergeKey] === undefined) throw badRequest(`strategic merge patch: an item of ${name} has no ${mergeKey}`);
    const index = out.findIndex((present) => isObject(present) && present[mergeKey] === item[mergeKey]);
    if (item.$patch === 'delete') {
      if (index >= 0) out.splice(index, 1);
    } else if (index >= 0) {
      out[index] = mergeObject(out[index] as JsonObject, item, schema?.items);
      touched.push(out[index]);
    } else {
      touched.push(strip(item));
    }
  }
  return merged(out, touched, order, (item) => (isObject(item) ? item[mergeKey] : undefined));
}

function strip(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('$')));
}
