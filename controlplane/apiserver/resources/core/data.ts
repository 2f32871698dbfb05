/** What ConfigMaps and Secrets have in common: keys, size, immutability. */
import type { KubeObject } from '../../../../crds/meta';
import { forbidden, invalid, tooLong, type FieldError } from '../../schema/field-error';
import { configKeyProblem } from '../../schema/object-meta';
import { isObject, type JsonObject } from '../../schema/schema';

const MAX_DATA_BYTES = 1024 * 1024;

const bytesOf = (value: unknown, base64: boolean): number => Buffer.byteLength(String(value), base64 ? 'base64' : 'utf8');

/** `base64`: which fields hold encoded bytes. @returns problems of the keys and of the size of all together */
export function dataErrors(object: JsonObject, fields: Readonly<Record<string, 'text' | 'base64'>>): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  const names = Object.keys(fields);
  for (const [field, form] of Object.entries(fields)) {
    const entries = isObject(object[field]) ? object[field] : {};
    const others = names.slice(names.indexOf(field) + 1).filter((name) => isObject(object[name]));
    for (const key of Object.keys(entries)) {
      const value = entries[key];
      const problem = configKeyProblem(key);
      if (problem) errors.push(invalid(`${field}[${key}]`, key, problem));
      const later = others.find((name) => Object.hasOwn(object[name] as JsonObject, key));
      if (later) errors.push(invalid(`${field}[${key}]`, key, `duplicate of key present in ${later}`));
      bytes += bytesOf(value, form === 'base64');
    }
  }
  if (bytes > MAX_DATA_BYTES) errors.push(tooLong(names.length > 1 ? '[]' : 'data', MAX_DATA_BYTES));
  return errors;
}

export function immutableErrors(object: JsonObject, old: KubeObject | undefined, fields: readonly string[]): FieldError[] {
  const before = old as unknown as JsonObject | undefined;
  if (before?.immutable !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const errors = object.immutable === true ? [] : [forbidden('immutable', why)];
  return [...errors, ...fields.filter((field) => JSON.stringify(object[field] ?? {}) !== JSON.stringify(before[field] ?? {})).map((field) => forbidden(field, why))];
}
