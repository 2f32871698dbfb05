/** Selections compiled once and matched many times. Pure. */
import type { KubeObject } from '../../crds/meta';
import type { FieldRequirement, LabelRequirement, Selection } from './store';

/** A compiled Selection. */
export interface Matcher {
  /** '' = all namespaces. */
  namespace: string;
  /** Set when a field clause pins `metadata.name`. */
  name: string | undefined;
  /** Labels and fields (not the namespace). `undefined`: everything matches. */
  test: ((object: KubeObject) => boolean) | undefined;
}

export function compileSelection(selection: Selection): Matcher {
  const fields = selection.fields ?? [];
  const clauses = [...(selection.labels ?? []).map(labelClause), ...fields.map(fieldClause)];
  const pin = fields.find((field) => field.path === 'metadata.name' && field.operator === '=');
  return {
    namespace: selection.namespace ?? '',
    name: pin?.value,
    test: clauses.length === 0 ? undefined : (object) => clauses.every((clause) => clause(object)),
  };
}

export function matches(matcher: Matcher, object: KubeObject): boolean {
  if (matcher.namespace !== '' && object.metadata.namespace !== matcher.namespace) return false;
  return matcher.test === undefined || matcher.test(object);
}

/** As Kubernetes: NotIn also matches objects without the label. */
function labelClause(requirement: LabelRequirement): (object: KubeObject) => boolean {
  const { key, operator } = requirement;
  const values = new Set(requirement.values);
  const read = (object: KubeObject): string | undefined => {
    const labels = object.metadata.labels;
    return labels && Object.hasOwn(labels, key) ? labels[key] : undefined;
  };
  switch (operator) {
    case 'In':
      return (object) => {
        const value = read(object);
        return value !== undefined && values.has(value);
      };
    case 'NotIn':
      return (object) => {
        const value = read(object);
        return value === undefined || !values.has(value);
      };
    case 'Exists':
      return (object) => read(object) !== undefined;
    case 'DoesNotExist':
      return (object) => read(object) === undefined;
    case 'GreaterThan':
    case 'LessThan':
      return numberClause(read, Number(requirement.values[0]), operator);
    default:
      return unknownOperator(operator);
  }
}

/** A label that is no whole number is neither above nor below. */
function numberClause(read: (object: KubeObject) => string | undefined, bound: number, operator: 'GreaterThan' | 'LessThan'): (object: KubeObject) => boolean {
  return (object) => {
    const value = read(object) ?? '';
    return /^[+-]?\d+$/.test(value) && (operator === 'GreaterThan' ? Number(value) > bound : Number(value) < bound);
  };
}

function fieldClause({ path, operator, value }: FieldRequirement): (object: KubeObject) => boolean {
  const alternatives = path.split('|').map((each) => each.split('.'));
  const wanted = operator === '=';
  return (object) => (firstText(object, alternatives) === value) === wanted;
}

/** Of the first field that holds something. */
function firstText(object: KubeObject, alternatives: string[][]): string {
  for (const steps of alternatives) {
    const text = fieldText(object, steps);
    if (text !== '') return text;
  }
  return '';
}

/** The field as text; missing fields, and those that are no scalars, count as ''. */
function fieldText(object: KubeObject, steps: string[]): string {
  let at: unknown = object;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return '';
    at = (at as Record<string, unknown>)[step];
  }
  return typeof at === 'object' || at === undefined ? '' : String(at);
}

function unknownOperator(operator: never): never {
  throw new Error(`label operator ${String(operator)} is not one of In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan`);
}
