/** What is wrong with the CEL rules of a schema, as kube-apiserver says it of a CustomResourceDefinition. Call only when the schema itself is sound. */
import { forbidden, invalid, type FieldError } from '../schema/field-error';
import type { Schema } from '../schema/schema';
import { declare, type Declared } from './declare';
import { escapeName } from './names';
import { compileRule, rulesOf, type CompiledRule, type ValidationRule } from './rule';

/** `path`: the field that `schema` stands in, e.g. `spec.versions[0].schema.openAPIV3Schema`. */
export function compileErrors(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  walk({ schema, path, declared: declare(schema, true, 'selfType'), uncorrelatable: undefined }, errors);
  return errors;
}

interface Place {
  schema: Schema;
  path: string;
  declared: Declared | undefined;
  /** The field of the list or map above whose items cannot be told from one another; rules below may not ask for their old values. */
  uncorrelatable: string | undefined;
}

function walk(place: Place, errors: FieldError[]): void {
  const { schema, path, declared, uncorrelatable } = place;
  const listType = schema['x-kubernetes-list-type'];
  if (typeof schema.additionalProperties === 'object') {
    walk({ schema: schema.additionalProperties, path: `${path}.additionalProperties`, declared: declared?.item, uncorrelatable }, errors);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(name);
    const field = escaped === undefined ? declare(property, property['x-kubernetes-embedded-resource'] === true) : declared?.fields?.get(escaped);
    walk({ schema: property, path: `${path}.properties[${name}]`, declared: field, uncorrelatable }, errors);
  }
  if (schema.items) {
    walk({ schema: schema.items, path: `${path}.items`, declared: declared?.item, uncorrelatable: uncorrelatable ?? (listType === 'map' ? undefined : path) }, errors);
  }
  (schema.allOf ?? []).forEach((part, index) => {
    if (rulesOf(part).length > 0) check({ ...place, path: `${path}.allOf[${index}]` }, rulesOf(part), errors);
  });
  check(place, rulesOf(schema), errors);
}

function check(place: Place, rules: readonly ValidationRule[], errors: FieldError[]): void {
  rules.forEach((rule, index) => {
    const path = `${place.path}.x-kubernetes-validations[${index}]`;
    if (!place.declared) {
      errors.push(forbidden(path, 'rules can only be set where the schema says what type the value has'));
      return;
    }
    const compiled = compileRule(rule, place.declared, place.schema);
    if (compiled.error !== undefined) errors.push(ofRule(`${path}.rule`, rule, compiled.error));
    if (compiled.messageError !== undefined) errors.push(ofRule(`${path}.messageExpression`, rule, compiled.messageError));
    errors.push(...oldSelfErrors(compiled, path, place.uncorrelatable));
  });
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
