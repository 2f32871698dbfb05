/** class-validator over a plain object, in the words and paths of Kubernetes. */
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import type { Class, FieldError, FieldErrorType } from './registry';

/** Errors that one call returns at most. */
export const MAX_FIELD_ERRORS = 100;

const TYPE_OF: Record<string, FieldErrorType> = {
  isString: 'TypeInvalid', isInt: 'TypeInvalid', isNumber: 'TypeInvalid', isBoolean: 'TypeInvalid', isArray: 'TypeInvalid', isObject: 'TypeInvalid',
  nestedValidation: 'TypeInvalid', isIn: 'NotSupported', maxLength: 'TooLong', arrayMaxSize: 'TooMany',
};

/** The field of `path` for a child: `a.b`, `a[0]`. */
export const childPath = (path: string, name: string): string => (/^\d+$/.test(name) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`);

/** What the decorators of `target` find wrong with `value`. A wrong type hides what else is wrong with the same field. */
export function validateClass(target: Class, value: object, path: string): FieldError[] {
  const errors = validateSync(plainToInstance(target, value), { forbidUnknownValues: false, validationError: { target: false } });
  return errors.flatMap((error) => fieldErrors(error, path)).slice(0, MAX_FIELD_ERRORS);
}

function fieldErrors(error: ValidationError, path: string): FieldError[] {
  const field = childPath(path, error.property);
  if (error.children && error.children.length > 0) return error.children.flatMap((child) => fieldErrors(child, field));
  if (error.value === undefined || error.value === null) return [{ field, type: 'Required', message: 'must be set' }];
  const all = Object.entries(error.constraints ?? {}).map(([name, message]): FieldError =>
    ({ field, type: TYPE_OF[name] ?? 'Invalid', value: error.value as unknown, message }));
  const wrongType = all.find(({ type }) => type === 'TypeInvalid');
  return wrongType ? [wrongType] : all;
}
