/**
 * CEL rules (`x-kubernetes-validations`) of a structural schema, as kube-apiserver 1.32 compiles and evaluates them.
 *
 * `compileRules` is called once per schema, `validate` for each write, after the schema has accepted the object: rules may count on its
 * types. A rule never throws, hangs or takes more than its share: one run costs at most CALL_LIMIT, all runs of one object OBJECT_BUDGET.
 */
import { invalid, required, forbidden, duplicate, type FieldError, type FieldErrorReason } from '../schema/field-error';
import { isObject, own, type Schema } from '../schema/schema';
import { Correlation, oldItems } from './correlation';
import { declare, withTypeAndMeta, type Declared } from './declare';
import { fromJson } from './json-values';
import { escapeName } from './names';
import { CALL_LIMIT, type Outcome } from './program';
import { compileRule, ruleMessage, rulesOf, ruleText, type CompiledRule } from './rule';
import { CelError, NONE, Optional, type Value } from './values';

export { compileErrors } from './compile-errors';

/** Of all rules of one object, in cel-go's units: about a second. */
export const OBJECT_BUDGET = 10_000_000;
const MAX_MESSAGE_BYTES = 5 * 1024;

export interface CompiledRules {
  /** What the rules refuse, in the order of the schema. */
  validate: (object: unknown, options?: RuleOptions) => FieldError[];
}

/** The rules of a whole resource's schema; undefined when there are none. */
export function compileRules(schema: Schema): CompiledRules | undefined {
  if (!hasRules(schema, new Set())) return undefined;
  const root = compileNode(schema, schema, true, declare(schema, true, 'selfType'));
  if (!root) return undefined;
  return {
    validate: (object, { old, warn } = {}) => {
      const walk: Walk = { errors: [], budget: OBJECT_BUDGET, stopped: false, warn: warn ?? (() => {}) };
      visit(root, '', object, old, Correlation.root(object, warn ? old : undefined, schema), walk);
      return walk.errors;
    },
  };
}

/** Schemas of core kinds may contain themselves; those have no rules. Rules in `allOf` alone do not count, as in Kubernetes. */
function hasRules(schema: Schema, seen: Set<Schema>): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  const values = asSchema(schema.additionalProperties);
  const below = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : []), ...(values ? [values] : [])];
  return rulesOf(schema).length > 0 || below.some((part) => hasRules(part, seen));
}

const compiled = new WeakMap<Schema, CompiledRules | 'none'>();

export interface RuleOptions {
  /** The stored object, on updates. */
  old?: unknown;
  /** Gets what is tolerated because it did not change. Absent: nothing is tolerated, as for writes of the status. */
  warn?: (warning: string) => void;
}

/** What the rules of `schema` refuse; each schema is compiled once. */
export function checkRules(object: unknown, schema: Schema, options: RuleOptions = {}): FieldError[] {
  const rules = cached(schema);
  return rules === 'none' ? [] : rules.validate(object, options);
}

function cached(schema: Schema): CompiledRules | 'none' {
  let rules = compiled.get(schema);
  if (!rules) compiled.set(schema, (rules = compileRules(schema) ?? 'none'));
  return rules;
}

const BLOCKING: ReadonlySet<FieldErrorReason> = new Set(['FieldValueNotSupported', 'FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid']);
const NOT_CHECKED = 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

/** As `checkRules`, after `schemaErrors`: objects of which the rules could not make sense are not given to them. */
export function ruleErrors(schemaErrors: readonly FieldError[], object: unknown, schema: Schema, options: RuleOptions): FieldError[] {
  if (!schemaErrors.some(({ reason }) => BLOCKING.has(reason))) return checkRules(object, schema, options);
  return cached(schema) !== 'none' ? [{ reason: 'FieldValueInvalid', field: '<nil>', message: `Invalid value: "null": ${NOT_CHECKED}` }] : [];
}

interface Node {
  schema: Schema;
  rules: CompiledRule[];
  /** Rules stand here that cannot be compiled for this schema at all. */
  undeclared: boolean;
  properties: ReadonlyMap<string, Node>;
  items?: Node;
  values?: Node;
  allOf: Node[];
}

/** `rules`: where the rules stand; `schema`: the structure that they are about (they differ inside allOf). */
function compileNode(rules: Schema, schema: Schema, isRoot: boolean, declared: Declared | undefined): Node | undefined {
  const own = rulesOf(rules);
  const node: Node = {
    schema: isRoot ? withTypeAndMeta(schema) : schema,
    rules: declared ? own.map((rule) => compileRule(rule, declared, schema)) : [],
    undeclared: own.length > 0 && !declared,
    properties: compileProperties(rules, schema, declared),
    allOf: (rules.allOf ?? []).flatMap((part) => compileNode(part, schema, isRoot, declared) ?? []),
  };
  const below = (part: Schema | undefined, structure: Schema | undefined): Node | undefined =>
    part && structure && compileNode(part, structure, structure['x-kubernetes-embedded-resource'] === true, declared?.item);
  node.items = below(rules.items, schema.items);
  node.values = below(asSchema(rules.additionalProperties), asSchema(schema.additionalProperties));
  const needed = own.length > 0 || node.properties.size > 0 || node.items || node.values || node.allOf.length > 0;
  return needed ? node : undefined;
}

const asSchema = (schema: boolean | Schema | undefined): Schema | undefined => (typeof schema === 'object' ? schema : undefined);

function compileProperties(rules: Schema, schema: Schema, declared: Declared | undefined): Map<string, Node> {
  const nodes = new Map<string, Node>();
  for (const [name, part] of Object.entries(rules.properties ?? {})) {
    const structure = own(schema.properties, name);
    if (!structure) continue;
    const embedded = structure['x-kubernetes-embedded-resource'] === true;
    const escaped = escapeName(name);
    const type = escaped === undefined ? declare(structure, embedded) : declared?.fields?.get(escaped);
    const node = type && compileNode(part, structure, embedded, type);
    if (node) nodes.set(name, node);
  }
  return nodes;
}

interface Walk {
  readonly errors: FieldError[];
  budget: number;
  /** The budget is used up: nothing more is evaluated. */
  stopped: boolean;
  readonly warn: (warning: string) => void;
}

function visit(node: Node, path: string, value: unknown, old: unknown, correlation: Correlation, walk: Walk): void {
  if (value === null || value === undefined || walk.stopped) return;
  evaluateRules(node, path, value, old, correlation, walk);
  for (const part of node.allOf) {
    if (walk.stopped) return;
    visit(part, path, value, old, correlation.withoutCurrent(), walk);
  }
  if (Array.isArray(value)) {
    const { items } = node;
    if (!items) return;
    const before = oldItems(old, node.schema);
    value.forEach((item, index) => {
      const oldItem = before(item);
      visit(items, `${path}[${index}]`, item, oldItem, correlation.item(item, oldItem), walk);
    });
  } else if (isObject(value)) {
    const before = isObject(old) ? old : undefined;
    const { values } = node;
    if (values) {
      for (const key of Object.keys(value)) visit(values, `${path}[${key}]`, value[key], own(before, key), correlation.key(key), walk);
    }
    for (const [name, child] of node.properties) visit(child, path === '' ? name : `${path}.${name}`, own(value, name), own(before, name), correlation.key(name), walk);
  }
}

/** As Kubernetes prints the path of a whole object. */
const shown = (path: string): string => (path === '' ? '<nil>' : path);

function evaluateRules(node: Node, path: string, value: unknown, old: unknown, correlation: Correlation, walk: Walk): void {
  const type = node.schema.type ?? '';
  const report = (detail: string): void => void walk.errors.push(invalid(shown(path), type, detail));
  if (node.undeclared) report('rule compiler initialization error: failed to convert to declType for CEL validation rules');
  if (node.rules.length === 0) return;
  const self = fromJson(value, node.schema);
  const oldSelf = old === undefined || old === null ? undefined : fromJson(old, node.schema);
  for (const rule of node.rules) {
    if (walk.stopped) return;
    if (rule.error !== undefined) report(`rule compile error: ${rule.error}`);
    if (!rule.program || (rule.usesOldSelf && oldSelf === undefined && !rule.optionalOldSelf)) continue;
    if (walk.budget <= 0) return stop(walk, report, 'validation failed due to running out of cost budget, no further validation rules will be run');
    const before = rule.optionalOldSelf ? (oldSelf === undefined ? NONE : oldSelf instanceof CelError ? oldSelf : new Optional(oldSelf)) : oldSelf;
    if (self instanceof CelError || before instanceof CelError) {
      report(`${(self instanceof CelError ? self : (before as CelError)).message} evaluating rule: ${ruleText(rule.source)}`);
      continue;
    }
    const outcome = rule.program.run([self, before], CALL_LIMIT);
    walk.budget -= outcome.cost;
    if (problem(rule, outcome, walk, report)) continue;
    if (outcome.result === true) continue;
    const { detail, out } = message(rule, [self, before], walk);
    const field = rule.fieldPath === '' ? shown(path) : path === '' ? rule.fieldPath : `${path}.${rule.fieldPath}`;
    const error = out ? invalid(field, type, detail) : withReason(rule.source.reason, field, type, detail);
    if (!rule.usesOldSelf && correlation.unchanged) walk.warn(`${error.field}: ${error.message}`);
    else walk.errors.push(error);
    if (out) walk.stopped = true;
  }
}

function stop(walk: Walk, report: (detail: string) => void, detail: string): void {
  report(detail);
  walk.stopped = true;
}

/** Reports that a rule could not be evaluated. */
function problem(rule: CompiledRule, { result, exceeded }: Outcome, walk: Walk, report: (detail: string) => void): boolean {
  const text = ruleText(rule.source);
  if (walk.budget < 0) stop(walk, report, 'validation failed due to running out of cost budget, no further validation rules will be run');
  else if (!(result instanceof CelError)) return false;
  else if (exceeded) stop(walk, report, `'${result.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`);
  else if (result.message.startsWith('no such overload')) report(`'${result.message}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`);
  else report(`${result.message} evaluating rule: ${text}`);
  return true;
}

/** `out`: the message cost too much, which ends the validation. */
function message(rule: CompiledRule, values: readonly (Value | undefined)[], walk: Walk): { detail: string; out: boolean } {
  const fallback = { detail: ruleMessage(rule.source), out: false };
  if (!rule.messageProgram) return fallback;
  const { result, cost, exceeded } = rule.messageProgram.run(values, CALL_LIMIT);
  if (cost > walk.budget) return { detail: 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run', out: true };
  if (exceeded) return { detail: `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.source.messageExpression)}`, out: true };
  walk.budget -= cost;
  if (typeof result !== 'string') return fallback;
  const text = result.trim();
  return text === '' || text.includes('\n') || Buffer.byteLength(text) > MAX_MESSAGE_BYTES ? fallback : { detail: text, out: false };
}

function withReason(reason: string | undefined, field: string, type: string, detail: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbidden(field, detail);
    case 'FieldValueRequired':
      return required(field, detail);
    case 'FieldValueDuplicate':
      return duplicate(field, type);
    default:
      return invalid(field, type, detail);
  }
}
