/**
 * What is wrong with the CEL rules of a schema, as kube-apiserver says it of a CustomResourceDefinition: rules that do not compile, that
 * could cost too much (one, or all of them), that ask for an old value where there is none. Call only when the schema itself is sound.
 */
import { forbidden, invalid, type FieldError } from '../schema/field-error';
import type { Schema } from '../schema/schema';
import { declare, MAX_REQUEST_BYTES, type Declared } from './declare';
import { estimateCost } from './estimate';
import { escapeName } from './names';
import type { Program } from './program';
import { compileRule, rulesOf, type CompiledRule, type ValidationRule } from './rule';
import { capped } from './size';

/** Of one rule, wherever it is evaluated in one object; of all rules of a schema. */
const RULE_LIMIT = 10_000_000;
const SCHEMA_LIMIT = 100_000_000;
/** So many of the most expensive rules are named when all together cost too much. */
const MAX_NAMED = 4;

/** `path`: the field that `schema` stands in, e.g. `spec.versions[0].schema.openAPIV3Schema`. */
export function compileErrors(schema: Schema, path: string): FieldError[] {
  const total: Total = { errors: [], costs: [] };
  walk({ schema, path, declared: declare(schema, true, 'selfType'), uncorrelatable: undefined, cardinality: 1 }, total);
  return [...total.errors, ...totalErrors(total, path)];
}

interface Place {
  schema: Schema;
  path: string;
  declared: Declared | undefined;
  /** The field of the list above whose items cannot be told from one another; rules below may not ask for their old values. */
  uncorrelatable: string | undefined;
  /** How often the schema can apply in one object; undefined: the schema does not bound it. */
  cardinality: number | undefined;
}

interface Total {
  errors: FieldError[];
  costs: { field: string; cost: number }[];
}

function walk(place: Place, total: Total): void {
  const { schema, path, declared } = place;
  const below = { uncorrelatable: place.uncorrelatable, cardinality: times(place.cardinality, schema) };
  if (typeof schema.additionalProperties === 'object') {
    walk({ ...below, schema: schema.additionalProperties, path: `${path}.additionalProperties`, declared: declared?.item }, total);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(name);
    const field = escaped === undefined ? declare(property, property['x-kubernetes-embedded-resource'] === true) : declared?.fields?.get(escaped);
    walk({ ...below, schema: property, path: `${path}.properties[${name}]`, declared: field }, total);
  }
  if (schema.items) {
    const uncorrelatable = place.uncorrelatable ?? (schema['x-kubernetes-list-type'] === 'map' ? undefined : path);
    walk({ ...below, schema: schema.items, path: `${path}.items`, declared: declared?.item, uncorrelatable }, total);
  }
  (schema.allOf ?? []).forEach((part, index) => check({ ...place, path: `${path}.allOf[${index}]` }, rulesOf(part), total));
  check(place, rulesOf(schema), total);
}

/** How often what is below a schema can apply. */
function times(cardinality: number | undefined, schema: Schema): number | undefined {
  if (cardinality === undefined) return undefined;
  const isMap = schema.type === 'object' && schema.additionalProperties !== undefined;
  if (schema.type !== 'array' && !isMap) return cardinality;
  const most = isMap ? schema.maxProperties : schema.maxItems;
  return most === undefined ? undefined : capped(cardinality * Math.max(0, most));
}

function check(place: Place, rules: readonly ValidationRule[], total: Total): void {
  rules.forEach((rule, index) => {
    const path = `${place.path}.x-kubernetes-validations[${index}]`;
    if (!place.declared) {
      total.errors.push(forbidden(path, 'rules can only be set where the schema says what type the value has'));
      return;
    }
    const compiled = compileRule(rule, place.declared, place.schema);
    const applies = place.cardinality ?? Math.floor(MAX_REQUEST_BYTES / (place.declared.minSize + 1));
    observe(`${path}.rule`, 'estimated rule cost', compiled.program, place.declared, applies, total);
    if (compiled.error !== undefined) total.errors.push(ofRule(`${path}.rule`, rule, compiled.error));
    if (compiled.messageError !== undefined) total.errors.push(ofRule(`${path}.messageExpression`, rule, compiled.messageError));
    observe(`${path}.messageExpression`, 'estimated messageExpression cost', compiled.messageProgram, place.declared, 1, total);
    total.errors.push(...oldSelfErrors(compiled, path, place.uncorrelatable));
  });
}

function observe(field: string, what: string, program: Program | undefined, declared: Declared, applies: number, total: Total): void {
  if (!program) return;
  const each = estimateCost(program.expr, program.types, declared);
  const cost = each === 0 ? 0 : capped(each * applies);
  if (cost > RULE_LIMIT) total.errors.push(forbidden(field, exceeds(what, cost, RULE_LIMIT)));
  total.costs.push({ field, cost });
}

function exceeds(what: string, cost: number, limit: number): string {
  const by = cost / limit;
  const factor = by > 100 ? 'more than 100x' : by < 1.5 ? `${by.toFixed(6)}x` : `${by.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function totalErrors({ costs }: Total, path: string): FieldError[] {
  const sum = costs.reduce((all, { cost }) => capped(all + cost), 0);
  if (sum <= SCHEMA_LIMIT) return [];
  const named = costs.filter(({ cost }) => cost >= SCHEMA_LIMIT / 100).sort((a, b) => b.cost - a.cost).slice(0, MAX_NAMED);
  return [
    ...named.map(({ field }) => forbidden(field, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema')),
    forbidden(path, exceeds('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', sum, SCHEMA_LIMIT)),
  ];
}

function oldSelfErrors({ source, usesOldSelf }: CompiledRule, path: string, uncorrelatable: string | undefined): FieldError[] {
  if (usesOldSelf && uncorrelatable !== undefined) {
    return [invalid(`${path}.rule`, source.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`)];
  }
  if (!usesOldSelf && source.optionalOldSelf !== undefined) return [invalid(`${path}.optionalOldSelf`, source.optionalOldSelf, 'may not be set if oldSelf is not used in rule')];
  return [];
}

/** The whole rule is the value, in the form that Go prints it in. */
function ofRule(field: string, rule: ValidationRule, detail: string): FieldError {
  const text = (value: string | undefined): string => JSON.stringify(value ?? '');
  const pointer = (type: string, value: unknown): string => `(*${type})(${value === undefined ? 'nil' : '0x0'})`;
  const shown =
    `apiextensions.ValidationRule{Rule:${text(rule.rule)}, Message:${text(rule.message)}, MessageExpression:${text(rule.messageExpression)}, ` +
    `Reason:${pointer('apiextensions.FieldValueErrorReason', rule.reason)}, FieldPath:${text(rule.fieldPath)}, OptionalOldSelf:${pointer('bool', rule.optionalOldSelf)}}`;
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}: ${detail}` };
}
