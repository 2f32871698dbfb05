/** All that a schema says of a whole object: types and bounds, embedded objects, sets and maps of lists. */
import { validateEmbedded } from './embedded';
import type { FieldError } from './field-error';
import { validateListTypes } from './list-type';
import { isObject, own, type JsonObject, type Schema } from './schema';
import { ABSENT, validate } from './validate';

/** @param old what the object was: what an update leaves as it was is not held against it */
export function validateObject(object: JsonObject, schema: Schema, old?: JsonObject): FieldError[] {
  return [...validate(object, schema, '', old ?? ABSENT), ...validateEmbedded(object, schema), ...newListErrors(object, schema, old)];
}

/** Of a write that changes the status only. */
export function validateStatus(object: JsonObject, schema: Schema, old: JsonObject): FieldError[] {
  const status = own(schema.properties, 'status');
  const errors = status === undefined || object.status === undefined ? [] : validate(object.status, status);
  return [...errors.map((error) => ({ ...error, field: statusField(error.field) })), ...newListErrors(object, schema, old)];
}

function statusField(field: string): string {
  if (field === '') return 'status';
  return field === '<nil>' ? field : `status${field.startsWith('[') ? '' : '.'}${field.replace(/^\./, '')}`;
}

/** Lists that were wrong before may stay so. */
function newListErrors(object: JsonObject, schema: Schema, old: JsonObject | undefined): FieldError[] {
  const errors = validateListTypes(object, schema);
  return errors.length > 0 && isObject(old) && validateListTypes(old, schema).length > 0 ? [] : errors;
}
