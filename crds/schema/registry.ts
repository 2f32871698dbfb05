/**
 * What class-validator cannot say about a resource's class: descriptions, defaults, rules, printer columns.
 * Filled by the decorators in this folder when a class is defined, read by `generate.ts` and by admission.
 */

export type Class<T = object> = new () => T;

/** A JSON schema as it stands in a CustomResourceDefinition. */
export interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema;
  default?: unknown;
  $ref?: string;
  [keyword: string]: unknown;
}

export type FieldErrorType = 'Required' | 'Invalid' | 'NotSupported' | 'Forbidden' | 'TooLong' | 'TooMany' | 'TypeInvalid';

/** What is wrong with one field. */
export interface FieldError {
  /** `spec.template.env[0].name` */
  field: string;
  type: FieldErrorType;
  value?: unknown;
  /** What must be instead; the value stands in `value` and not here. */
  message: string;
}

/** A rule over one value that both modes enforce: as CEL on a cluster, by `holds` in admission. */
export interface Rule<T> {
  cel: string;
  message: string;
  /** The refused field, below the value that the rule is about; absent: that value. */
  field?: string;
  type?: 'Invalid' | 'Required' | 'Forbidden';
  /** Compares with the stored value: only checked on updates. */
  transition?: boolean;
  holds(self: T, old: T): boolean;
}

/** A rule that CEL cannot say. Returns the problems, fields below the checked value. */
export type Check<T> = (self: T) => FieldError[];

export interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  jsonPath: string;
  description?: string;
  /** 0 (default): always shown; 1: only with -o wide. */
  priority?: number;
}

export interface FieldInfo {
  description?: string;
  default?: unknown;
  /** Merged over what class-validator-jsonschema makes of the field. */
  schema: JsonSchema;
  rules: Rule<never>[];
  /** About each item of a list. */
  itemRules: Rule<never>[];
  /** Class of the value, of its items or of a map's values. */
  child?: () => Class;
}

export interface ClassInfo {
  description?: string;
  fields: Map<string, FieldInfo>;
  rules: Rule<never>[];
  checks: Check<never>[];
  columns: PrinterColumn[];
}

const classes = new Map<Class, ClassInfo>();

/** The entry of a class, made when it is not there yet. */
export function classInfo(target: Class): ClassInfo {
  let info = classes.get(target);
  if (!info) classes.set(target, (info = { fields: new Map(), rules: [], checks: [], columns: [] }));
  return info;
}

/** The entry of a field, made when it is not there yet. `target` is the class's prototype, as decorators get it. */
export function fieldInfo(target: object, name: string | symbol): FieldInfo {
  const { fields } = classInfo(target.constructor as Class);
  let info = fields.get(String(name));
  if (!info) fields.set(String(name), (info = { schema: {}, rules: [], itemRules: [] }));
  return info;
}
