/** class-validator over a plain object, in the words and paths of Kubernetes. */
import { validateSync, type ValidationError } from 'class-validator';
import { classInfo, type Class, type FieldError, type FieldErrorType } from './registry';

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
  const errors = validateSync(instanceOf(target, value), { forbidUnknownValues: false, validationError: { target: false } });
  return errors.flatMap((error) => fieldErrors(error, path)).slice(0, MAX_FIELD_ERRORS);
}

/**
 * An instance of `target` with the fields that the class knows, for class-validator. Own code instead of class-transformer, whose
 * copies call what an object names as its `constructor` and lose keys such as `__proto__`.
 */
function instanceOf(target: Class, value: object): object {
  const instance = new target();
  for (const [name, { child }] of classInfo(target).fields) {
    if (!Object.hasOwn(value, name)) continue;
    const field = (value as Record<string, unknown>)[name];
    Object.assign(instance, { [name]: child ? nested(child(), field) : field });
  }
  return instance;
}

function nested(target: Class, value: unknown): unknown {
  // A list in a list becomes text, which is refused: class-validator would look into it as if it were the outer one.
  if (Array.isArray(value)) return value.map((item: unknown) => (Array.isArray(item) ? JSON.stringify(item) : nested(target, item)));
  return typeof value === 'object' && value !== null ? instanceOf(target, value) : value;
}

function fieldErrors(error: ValidationError, path: string): FieldError[] {
  const field = childPath(path, error.property);
  if (error.value === undefined || error.value === null) return [{ field, type: 'Required', message: 'must be set' }];
  const all = Object.entries(error.constraints ?? {}).map(([name, message]): FieldError =>
    ({ field, type: TYPE_OF[name] ?? 'Invalid', value: error.value as unknown, message }));
  const wrongType = all.find(({ type }) => type === 'TypeInvalid');
  return wrongType ? [wrongType] : [...all, ...(error.children ?? []).flatMap((child) => fieldErrors(child, field))];
}
