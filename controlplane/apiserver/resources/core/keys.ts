/** What ConfigMaps and Secrets have in common: keys, size, immutability. */
import type { KubeObject } from '../../../../crds/meta';
import { invalid, type FieldError } from '../../schema/field-error';
import { isConfigKey } from '../../schema/object-meta';
import { isObject, type JsonObject } from '../../schema/schema';

export const keysOf = (value: unknown): string[] => (isObject(value) ? Object.keys(value) : []);

export function keyErrors(object: JsonObject, fields: readonly string[]): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const field of fields) {
    for (const [key, value] of Object.entries(isObject(object[field]) ? object[field] : {})) {
      if (!isConfigKey(key)) {
        errors.push(invalid(`${field}[${key}]`, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"));
      }
      if (seen.has(key)) errors.push(invalid(`${field}[${key}]`, key, 'duplicate of key present in data'));
      seen.add(key);
      bytes += String(value).length;
    }
  }
  if (bytes > MAX_DATA_BYTES) errors.push({ reason: 'FieldValueTooLong', field: 'data', message: `Too long: may not be more than ${MAX_DATA_BYTES} bytes` });
  return errors;
}
export const MAX_DATA_BYTES = 1024 * 1024;

export function immutableErrors(object: JsonObject, old: KubeObject | undefined, fields: readonly string[]): FieldError[] {
  const before = old as unknown as JsonObject | undefined;
  if (before?.immutable !== true) return [];
  return ['immutable', ...fields]
    .filter((field) => JSON.stringify(object[field]) !== JSON.stringify(before[field]))
    .map((field) => ({ reason: 'FieldValueForbidden', field, message: 'Forbidden: field is immutable when `immutable` is set' }));
}
