/** Rules of a Job that neither a schema nor CEL can say. Pure; they return the problems below the checked value. */
import { referencedParameter, resolveElement } from './element-ref';
import { FormatError } from './format-error';
import { countCombinations } from './parameters';
import type { Parameters } from './job';
import { ENV_NAME_MESSAGE, isEnvName, LABEL_PATTERN } from './schema/formats';
import type { FieldError } from './schema/registry';

export const MAX_VALUES = 10_000;
export const MAX_VALUE_CHARS = 1024;
const RANGE_FIELDS = new Set(['from', 'to', 'step']);

/** A name under which the Job's Tasks can be named too. Absent: the server makes one. */
export const jobNameFits = (name: unknown): boolean => name === undefined || (typeof name === 'string' && new RegExp(LABEL_PATTERN).test(name));

/** Names are environment variables, values are lists of texts or ranges, and there are not too many combinations. */
export function combinationsFit(parameters: Parameters): FieldError[] {
  const problems = Object.entries(parameters.matrix).flatMap(([name, values]) => axisProblems(`matrix.${name}`, name, values));
  if (problems.length > 0) return problems;
  try {
    countCombinations(parameters);
    return [];
  } catch (error) {
    if (error instanceof FormatError) return [{ field: 'matrix', type: 'Invalid', message: error.message }];
    throw error;
  }
}

/** Every `$(NAME)` among the inputs is a parameter with a list of digests. */
export function inputsResolve(inputs: readonly { element: string }[] | undefined, parameters: Parameters | undefined): FieldError[] {
  return (inputs ?? []).flatMap(({ element }, i): FieldError[] => {
    const name = referencedParameter(element);
    if (name === undefined) return [];
    const values: unknown = parameters && Object.getOwnPropertyDescriptor(parameters.matrix, name)?.value;
    const field = `template.inputs[${i}].element`;
    if (!Array.isArray(values)) return [{ field, type: 'Invalid', value: element, message: `names no parameter with a list of values; add spec.parameters.matrix.${name}` }];
    const bad = values.find((value) => typeof value !== 'string' || resolveElement(element, { [name]: value }) === undefined) as unknown;
    if (bad === undefined) return [];
    return [{ field, type: 'Invalid', value: element, message: `every value of parameter ${name} must be sha256: and 64 hexadecimal digits; ${JSON.stringify(bad)} is not` }];
  });
}

function axisProblems(field: string, name: string, values: unknown): FieldError[] {
  const invalid = (value: unknown, message: string, below = field): FieldError => ({ field: below, type: 'Invalid', value, message });
  if (!isEnvName(name)) return [invalid(name, ENV_NAME_MESSAGE)];
  if (Array.isArray(values)) {
    if (values.length === 0) return [{ field, type: 'Required', message: 'must have at least one value' }];
    if (values.length > MAX_VALUES) return [{ field, type: 'TooMany', value: values.length, message: `must have at most ${MAX_VALUES} items` }];
    const bad = values.findIndex((value) => typeof value !== 'string' || value.length > MAX_VALUE_CHARS || value.includes('\0'));
    return bad < 0 ? [] : [invalid(values[bad], `must be a quoted text of at most ${MAX_VALUE_CHARS} characters, such as "0.5"`, `${field}[${bad}]`)];
  }
  if (typeof values !== 'object' || values === null) return [invalid(values, 'must be a list of texts or a range such as {from: 1, to: 10}')];
  const unknown = Object.keys(values).find((key) => !RANGE_FIELDS.has(key));
  if (unknown !== undefined) return [invalid(unknown, 'is not a field of a range; a range has from, to and step', `${field}.${unknown}`)];
  return ['from', 'to', 'step'].flatMap((key) => {
    const value: unknown = Object.getOwnPropertyDescriptor(values, key)?.value;
    if (value === undefined) return key === 'step' ? [] : [{ field: `${field}.${key}`, type: 'Required' as const, message: 'a range has from and to' }];
    return typeof value === 'number' ? [] : [invalid(value, 'must be a number, not quoted', `${field}.${key}`)];
  });
}
