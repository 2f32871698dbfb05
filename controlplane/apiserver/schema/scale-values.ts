/** What the scale subresource asks of the fields that it is kept in, in kube-apiserver's words. */
import { invalid, type FieldError } from './field-error';
import { goPlain } from './go-value';
import { isObject, own, type JsonObject } from './schema';

const MAX = 2 ** 31 - 1;

export interface ScaleFields {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

/** Of the object itself. */
export function scaleErrors(object: JsonObject, scale: ScaleFields | undefined): FieldError[] {
  return scale ? [...replicasErrors(object, scale.specReplicasPath), ...scaleStatusErrors(object, scale)] : [];
}

/** Of its status. */
export function scaleStatusErrors(object: JsonObject, scale: ScaleFields | undefined): FieldError[] {
  if (!scale) return [];
  const { statusReplicasPath, labelSelectorPath } = scale;
  return [...replicasErrors(object, statusReplicasPath), ...(labelSelectorPath ? selectorErrors(object, labelSelectorPath) : [])];
}

function replicasErrors(object: JsonObject, path: string): FieldError[] {
  const found = valueAt(object, path);
  if (found === undefined) return [];
  if ('problem' in found) return [invalid(path, 0, found.problem)];
  const { value } = found;
  if (typeof value !== 'number' || !Number.isInteger(value)) return [invalid(path, 0, mismatch(path, value, 'int64'))];
  if (value < 0) return [invalid(path, value, 'should be a non-negative integer')];
  return value > MAX ? [invalid(path, value, `should be less than or equal to ${MAX}`)] : [];
}

function selectorErrors(object: JsonObject, path: string): FieldError[] {
  const found = valueAt(object, path);
  if (found === undefined) return [];
  if ('problem' in found) return [invalid(path, '', found.problem)];
  return typeof found.value === 'string' ? [] : [invalid(path, '', mismatch(path, found.value, 'string'))];
}

/** undefined: it is not there. */
function valueAt(object: JsonObject, path: string): { value: unknown } | { problem: string } | undefined {
  let value: unknown = object;
  let at = '';
  for (const key of path.split('.').slice(1)) {
    at += `.${key}`;
    if (value === null) return undefined;
    if (!isObject(value)) return { problem: mismatch(at, value, 'map[string]interface{}') };
    value = own(value, key);
    if (value === undefined) return undefined;
  }
  return { value };
}

const mismatch = (path: string, value: unknown, expected: string): string => `${path} accessor error: ${goPlain(value)} is of the type ${goType(value)}, expected ${expected}`;

function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    case 'boolean':
      return 'bool';
    case 'object':
      return 'map[string]interface {}';
    default:
      return 'string';
  }
}
