/** What is wrong with one field, in Kubernetes' words (`k8s.io/apimachinery/pkg/util/validation/field`). */

import { goValue, quoted } from './go-value';

export type FieldErrorReason =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueTypeInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError';

export interface FieldError {
  reason: FieldErrorReason;
  /** `spec.template.env[0].name` */
  field: string;
  /** Without the field: `Invalid value: 0: must be greater than 0`. */
  message: string;
}

const SHOWN_CHARS = 512;

/** A value as `field.Error` shows it, cut to a bounded length. */
export function showValue(value: unknown): string {
  const text = goValue(value ?? 'null');
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

/** What should be a name, within a sentence. An object may hold a field `toString`. */
export const nameOf = (value: unknown): string => (typeof value === 'string' ? value : showValue(value));

export const required = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
});

export const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${showValue(value)}: ${detail}`,
});

export const typeInvalid = (field: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueTypeInvalid',
  field,
  message: `Invalid value: ${showValue(value)}: ${detail}`,
});

export const notSupported = (field: string, value: unknown, supported: readonly unknown[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${showValue(value)}: supported values: ${supported.map(supportedValue).join(', ')}`,
});

const supportedValue = (value: unknown): string => quoted(typeof value === 'string' ? value : JSON.stringify(value));

/** As `notSupported`, of a list of text that stands in one field. */
export const goListNotSupported = (field: string, values: readonly string[], supported: readonly string[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: []string{${values.map(showValue).join(', ')}}: supported values: ${supported.map(showValue).join(', ')}`,
});

export const duplicate = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${showValue(value)}`,
});

export const forbidden = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
});

export const tooLong = (field: string, maxBytes: number): FieldError => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${maxBytes} bytes`,
});

export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  reason: 'FieldValueTooMany',
  field,
  message: `Too many: ${actual}: must have at most ${max} items`,
});

/** The field of an error about several fields at once. */
export const NO_FIELD = '<nil>';

/** As `spec.properties[name]`: an entry of a map whose names are the user's. */
export const keyPath = (path: string, key: string): string => `${path}[${key}]`;
