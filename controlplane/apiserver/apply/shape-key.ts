/**
 * What the owners of a new object depend on, as a text: its fields and what tells its items apart, not the values of its fields.
 * Objects with the same text have the same fields, under the same type.
 */

/** Longer ones are hardly met again. */
const MAX_CHARS = 4096;

/**
 * @param valued fields of the object whose values count too
 * @returns undefined when it would be long
 */
export function shapeKey(object: object, valued: (field: string) => boolean): string | undefined {
  let key = '';
  for (const [field, value] of Object.entries(object)) {
    key += `${JSON.stringify(field)}${valued(field) ? JSON.stringify(value) : shapeOf(value, MAX_CHARS - key.length)}`;
    if (key.length > MAX_CHARS) return undefined;
  }
  return key;
}

/** Two quotes and what stands for the value. */
const MIN_FIELD_CHARS = 3;

/** In the place of what is known to be longer without being written. */
const tooLong = (left: number): string => ' '.repeat(Math.max(0, left) + 1);

function shapeOf(value: unknown, left: number): string {
  if (typeof value !== 'object') return (typeof value)[0];
  if (value === null) return '0';
  // Items are told apart by what they hold.
  if (Array.isArray(value)) return 2 * value.length > left ? tooLong(left) : JSON.stringify(value);
  let text = '{';
  const fields = Object.keys(value);
  if (MIN_FIELD_CHARS * fields.length > left) return tooLong(left);
  for (const field of fields) {
    text += `${JSON.stringify(field)}${shapeOf((value as Readonly<Record<string, unknown>>)[field], left - text.length)}`;
    if (text.length > left) break;
  }
  return `${text}}`;
}
