/** `metadata.managedFields`: who owns which fields, as it is stored and sent. */
import { extended } from '../../../crds/extended';
import type { ManagedFieldsEntry } from '../../../crds/meta';
import { isObject } from '../schema/schema';
import { decodeFields, encodeFields } from './fields-v1';
import type { Managers, Owned } from './updater';

/** What tells one manager from another: one name may write in several ways. */
export interface Identity {
  manager: string;
  operation: 'Apply' | 'Update';
  /** '' for appliers, who are the same in every version. */
  apiVersion: string;
  /** '' for the object itself. */
  subresource: string;
}

/** Managers are named by `identityKey`. */
export interface Managed {
  managers: Managers;
  /** When each wrote last, RFC 3339; it may be unknown. */
  times: ReadonlyMap<string, string>;
}

export const NOBODY: Managed = { managers: new Map(), times: new Map() };

export function identityKey({ manager, operation, apiVersion, subresource }: Identity): string {
  return JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource]);
}

export function identityOf(key: string): Identity {
  const [manager, operation, apiVersion, subresource] = JSON.parse(key) as [string, Identity['operation'], string, string];
  return { manager, operation, apiVersion, subresource };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** @throws Error that says which entry is not understood */
export function decodeManaged(entries: unknown): Managed {
  if (entries === undefined || entries === null) return NOBODY;
  if (!Array.isArray(entries)) throw new Error('managedFields: not a list');
  const managers = new Map<string, Owned>();
  const times = new Map<string, string>();
  entries.forEach((entry: unknown, index) => {
    if (!isObject(entry)) throw new Error(`managedFields[${index}]: not an object`);
    const { operation, fieldsType } = entry;
    const version = text(entry.apiVersion);
    if (operation !== 'Apply' && operation !== 'Update') throw new Error(`managedFields[${index}]: operation must be "Apply" or "Update"`);
    if (version === '') throw new Error(`managedFields[${index}]: apiVersion must not be empty`);
    if (fieldsType !== 'FieldsV1') throw new Error(`managedFields[${index}]: fieldsType must be "FieldsV1"`);
    const key = identityKey({ manager: text(entry.manager), operation, apiVersion: version, subresource: text(entry.subresource) });
    managers.set(key, { fields: decodeFields(entry.fieldsV1 ?? {}), version, applied: operation === 'Apply' });
    if (typeof entry.time === 'string') times.set(key, entry.time);
  });
  return { managers, times };
}

/** Whether a request asks to forget all managers: `[]` or `[{}]`. */
export function isReset(entries: unknown): boolean {
  if (!Array.isArray(entries)) return false;
  const [first] = entries as unknown[];
  return entries.length === 0 || (entries.length === 1 && isObject(first) && Object.keys(first).length === 0);
}

/** Sorted by operation, time, manager, version, subresource; undefined when there are none. */
export function encodeManaged({ managers, times }: Managed): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  const entries = [...managers].map(([key, { fields, version, applied }]): ManagedFieldsEntry => {
    const { manager, subresource } = identityOf(key);
    const time = times.get(key);
    return extended(manager === '' ? {} : { manager }, {
      operation: applied ? 'Apply' as const : 'Update' as const,
      apiVersion: version,
      ...(time !== undefined && { time }),
      fieldsType: 'FieldsV1' as const,
      fieldsV1: encodeFields(fields),
      ...(subresource !== '' && { subresource }),
    });
  });
  return entries.sort(compareEntries);
}

const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000) || 0);
const order = (a: string | undefined, b: string | undefined): number => ((a ?? '') < (b ?? '') ? -1 : Number((a ?? '') > (b ?? '')));

function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    order(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    order(a.manager, b.manager) ||
    order(a.apiVersion, b.apiVersion) ||
    order(a.subresource, b.subresource)
  );
}

/** More managers that update than this are not kept apart. */
export const MAX_UPDATERS = 10;
const ANCIENT = 'ancient-changes';

/** Joins the oldest updaters of a version into one, until there are at most `MAX_UPDATERS`. Appliers stay. */
export function capUpdaters({ managers, times }: Managed): Managed {
  const updaters = [...managers].filter(([, { applied }]) => !applied).map(([key]) => key);
  if (updaters.length <= MAX_UPDATERS) return { managers, times };
  updaters.sort((a, b) => seconds(times.get(a)) - seconds(times.get(b)) || order(a, b));
  const left = new Map(managers);
  const when = new Map(times);
  /** By version, the oldest updater: it joins when there is another to join. */
  const oldest = new Map<string, string>();
  let count = updaters.length;
  for (const key of updaters) {
    if (count <= MAX_UPDATERS) break;
    const owned = managers.get(key);
    if (!owned) continue;
    const { version } = owned;
    const first = oldest.get(version);
    if (first === undefined) {
      oldest.set(version, key);
      continue;
    }
    const bucket = identityKey({ manager: ANCIENT, operation: 'Update', apiVersion: version, subresource: '' });
    const joined = left.get(bucket) ?? left.get(first) ?? owned;
    if (!left.has(bucket)) left.delete(first);
    left.delete(key);
    left.set(bucket, { ...joined, fields: joined.fields.union(owned.fields) });
    const time = times.get(key);
    if (time === undefined) when.delete(bucket);
    else when.set(bucket, time);
    count--;
  }
  return { managers: left, times: when };
}
