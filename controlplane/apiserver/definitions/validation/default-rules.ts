/** Defaults must be what the schema would accept, and what pruning would leave. */
import { eachEmbeddedMetadata, validateEmbedded } from '../../schema/embedded';
import { invalid, keyPath, type FieldError } from '../../schema/field-error';
import { equal } from '../../schema/equal';
import { OBJECT_META } from '../../schema/object-meta';
import { prune } from '../../schema/prune';
import { isObject, type JsonObject, type Schema } from '../../schema/schema';
import { validate } from '../../schema/validate';
import { checkRules } from '../../cel/rules';

/** The fields of whole objects whose defaults are judged by what they make of the object. */
const META = new Set(['metadata', 'apiVersion', 'kind']);

/** @param schema a structural schema of a whole object */
export function defaultErrors(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  walk(schema, path, [], errors);
  return errors;
}

/** `inMeta`: the names that lead here from the whole object, when they lead through its metadata or type. */
function walk(schema: Schema, path: string, inMeta: readonly string[], errors: FieldError[]): void {
  if (schema.default !== undefined) {
    errors.push(...(inMeta.length > 0 ? metaErrors(schema, `${path}.default`, inMeta) : ownErrors(schema, `${path}.default`)));
  }
  // Below additionalProperties, defaults are not looked at.
  const below = schema['x-kubernetes-embedded-resource'] ? [] : inMeta;
  if (schema.items) walk(schema.items, `${path}.items`, below, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const meta = below.length > 0 || (schema['x-kubernetes-embedded-resource'] === true && META.has(name));
    walk(property, keyPath(`${path}.properties`, name), meta ? [...below, name] : [], errors);
  }
}

function ownErrors(schema: Schema, path: string): FieldError[] {
  // What metadata does not know is no error: as in Kubernetes, it is dropped from the definition.
  eachEmbeddedMetadata(schema.default, schema, (metadata) => prune(metadata, OBJECT_META));
  const value: unknown = structuredClone(schema.default);
  prune(value, schema);
  const errors: FieldError[] = equal(value, schema.default) ? [] : [invalid(path, schema.default, 'must not have unknown fields')];
  const embedded = validateEmbedded(schema.default, schema).map((error) => ({ ...error, field: below(path, error.field) }));
  return [...errors, ...(embedded.length > 0 ? embedded : valueErrors(schema, path))];
}

/** Messages name the place below the default, as kube-apiserver's do. */
function valueErrors(schema: Schema, path: string): FieldError[] {
  const wrong = validate(schema.default, schema).map((error) => ({ ...error, field: error.field === '<nil>' ? path : below(path, error.field) }));
  if (wrong.length > 0) return wrong;
  return checkRules(schema.default, schema).map((error) => ({ ...error, field: below(path, error.field) }));
}

function below(path: string, field: string): string {
  if (field === '') return path;
  return field.startsWith('[') ? `${path}${field}` : `${path}.${field.replace(/^\./, '')}`;
}

function metaErrors(schema: Schema, path: string, names: readonly string[]): FieldError[] {
  const object: JsonObject = { apiVersion: 'validation/v1', kind: 'Validation' };
  let at: JsonObject = object;
  for (const name of names.slice(0, -1)) at = (at[name] = isObject(at[name]) ? at[name] : {}) as JsonObject;
  at[names[names.length - 1]] = schema.default;
  const problems = validateEmbedded(object, { type: 'object', 'x-kubernetes-embedded-resource': true });
  if (problems.length === 0) return valueErrors(schema, path);
  const lines = problems.map(({ field, message }) => `${field}: ${message}`);
  return [invalid(path, schema.default, `must result in valid metadata: ${lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`}`)];
}
