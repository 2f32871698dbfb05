/** What the parts of a version may say: columns, subresources, selectable fields, the warning of deprecated ones. */
import type { CrdVersion } from '../../resources/crd';
import { duplicate, invalid, required, tooMany, type FieldError } from '../../schema/field-error';
import type { Schema } from '../../schema/schema';
import { parseFieldPath } from './field-path';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const MAX_SELECTABLE = 8;

export function deprecationErrors({ deprecated, deprecationWarning: warning }: CrdVersion, path: string): FieldError[] {
  if (warning === undefined) return [];
  const problems: string[] = [];
  if (!deprecated) return [invalid(path, warning, 'can only be set for deprecated versions')];
  if (Buffer.byteLength(warning) > 256) problems.push('must be <= 256 characters long');
  if (warning === '') problems.push('must not be an empty string');
  const bad = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
  if (bad) problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(warning.slice(0, bad.index))}`);
  return problems.map((problem) => invalid(path, warning, problem));
}

function pathErrors(path: string, field: string): FieldError[] {
  return path.startsWith('.') ? [] : [invalid(field, path, 'must be a simple json path starting with .')];
}

export function columnErrors({ additionalPrinterColumns = [] }: Pick<CrdVersion, 'additionalPrinterColumns'>, path: string): FieldError[] {
  return additionalPrinterColumns.flatMap(({ name, type, format, jsonPath }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    const types = `must be one of ${COLUMN_TYPES.join(',')}`;
    if (!name) errors.push(required(`${at}.name`));
    if (!type) errors.push(required(`${at}.type`, types));
    else if (!COLUMN_TYPES.includes(type)) errors.push(invalid(`${at}.type`, type, types));
    if (format && !COLUMN_FORMATS.includes(format)) errors.push(invalid(`${at}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`));
    if (!jsonPath) errors.push(required(`${at}.JSONPath`));
    else errors.push(...pathErrors(jsonPath, `${at}.JSONPath`));
    return errors;
  });
}

export function subresourceErrors({ subresources }: Pick<CrdVersion, 'subresources'>, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const errors: FieldError[] = [];
  for (const [key, below] of [['specReplicasPath', 'spec'], ['statusReplicasPath', 'status']] as const) {
    const field = `${path}.scale.${key}`;
    const value = scale[key];
    if (!value) errors.push(required(field));
    else {
      const wrong = pathErrors(value, field);
      errors.push(...wrong);
      if (wrong.length === 0 && !value.startsWith(`.${below}.`)) errors.push(invalid(field, value, `should be a json path under .${below}`));
    }
  }
  const selector = scale.labelSelectorPath;
  if (selector) {
    const field = `${path}.scale.labelSelectorPath`;
    const wrong = pathErrors(selector, field);
    errors.push(...wrong);
    if (wrong.length === 0 && !/^\.(spec|status)\./.test(selector)) errors.push(invalid(field, selector, 'should be a json path under either .spec or .status'));
  }
  return errors;
}

export function selectableErrors(fields: NonNullable<CrdVersion['selectableFields']>, schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  fields.forEach(({ jsonPath }, index) => {
    const at = `${path}[${index}].jsonPath`;
    if (!jsonPath) {
      errors.push(required(at));
      return;
    }
    const parsed = parseFieldPath(jsonPath, schema, false);
    if (typeof parsed === 'string') {
      errors.push(invalid(at, jsonPath, `is an invalid path: ${parsed}`));
      return;
    }
    if (parsed.names[0] === 'metadata') errors.push(invalid(at, jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(parsed.schema.type ?? '')) {
      errors.push(invalid(at, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'));
    }
    const name = parsed.names.join('.');
    if (seen.has(name)) errors.push(duplicate(at, jsonPath));
    seen.add(name);
  });
  if (seen.size > MAX_SELECTABLE) errors.push(tooMany(path, seen.size, MAX_SELECTABLE));
  return errors;
}
