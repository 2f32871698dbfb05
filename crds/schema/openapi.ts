/**
 * The structural schema of a class: what class-validator-jsonschema makes of its decorators, without $ref, with the
 * descriptions, defaults and rules of the registry.
 */
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { FORMAT } from './fields';
import { classInfo, type Class, type JsonSchema, type Rule } from './registry';

/** The library's type of a schema. */
type Made = ReturnType<typeof validationMetadatasToSchemas>[string];

const DEPTH_MAX = 16;

/** What makes schemas of classes: asks class-validator's metadata once. */
export class SchemaMaker {
  private readonly library = validationMetadatasToSchemas({
    additionalConverters: { [FORMAT]: (meta): Made => meta.constraints?.[0] as Made },
  }) as Record<string, JsonSchema>;

  /** Throws when classes nest deeper than any schema should: a class that holds itself. */
  of(target: Class, depth = 0): JsonSchema {
    if (depth > DEPTH_MAX) throw new Error(`class ${target.name} is nested deeper than ${DEPTH_MAX}`);
    const info = classInfo(target);
    const made = this.library[target.name];
    const properties: Record<string, JsonSchema> = {};
    for (const [name, field] of info.fields) {
      const { $ref: _ref, ...fromLibrary } = made?.properties?.[name] ?? {};
      const schema: JsonSchema = { ...fromLibrary, ...field.schema };
      if (field.child) {
        const child = this.of(field.child(), depth + 1);
        if (schema.type === 'array') schema.items = child;
        else Object.assign(schema, child);
      }
      if (field.description) schema.description = field.description;
      if (field.default !== undefined) schema.default = field.default;
      // Class rules of the child stand before those of the field.
      addRules(schema, field.rules);
      if (schema.items) addRules(schema.items, field.itemRules);
      properties[name] = ordered(schema);
    }
    const schema: JsonSchema = { type: 'object', description: info.description, properties };
    const required = (made?.required ?? []).filter((name) => info.fields.has(name)).sort();
    if (required.length > 0) schema.required = required;
    addRules(schema, info.rules);
    return ordered(schema);
  }
}

function addRules(schema: JsonSchema, rules: readonly Rule<never>[]): void {
  if (rules.length === 0) return;
  const before = (schema['x-kubernetes-validations'] as object[] | undefined) ?? [];
  schema['x-kubernetes-validations'] = [...before, ...rules.map((rule) => ({
    rule: rule.cel,
    message: rule.message,
    ...(rule.field ? { fieldPath: `.${rule.field}` } : {}),
    ...(rule.type && rule.type !== 'Invalid' ? { reason: `FieldValue${rule.type}` } : {}),
  }))];
}

const ORDER = ['type', 'description', 'default', 'required', 'properties', 'items', 'additionalProperties'];

/** The same schema with its keywords in the order in which people read them. */
function ordered(schema: JsonSchema): JsonSchema {
  const rank = (key: string): number => (ORDER.includes(key) ? ORDER.indexOf(key) : key.startsWith('x-') ? 99 : 50);
  const entries = Object.entries(schema).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)));
}
