/** The rules of classes and fields (CEL on a cluster) over a plain object that class-validator accepts. */
import { classInfo, type Class, type FieldError, type Rule } from './registry';
import { childPath } from './validate';

type Plain = Record<string, unknown>;
const own = (object: unknown, name: string): unknown =>
  (typeof object === 'object' && object !== null && Object.hasOwn(object, name) ? (object as Plain)[name] : undefined);

/** `all`: rules and checks. `checks`: only what CEL cannot say. */
export type Extent = 'all' | 'checks';

/** Problems of `value`, and of everything in it, against the rules of its class. `old`: the stored value, on updates. */
export function checkRules(target: Class, value: object, old: object | undefined, path: string, extent: Extent = 'all'): FieldError[] {
  const broken = (rules: readonly Rule<never>[], now: unknown, before: unknown, at: string): FieldError[] => (extent === 'all' ? brokenRules(rules, now, before, at) : []);
  const info = classInfo(target);
  const errors: FieldError[] = [];
  for (const [name, field] of info.fields) {
    const now = own(value, name);
    const before = own(old, name);
    if (now === undefined || now === null) continue;
    const at = childPath(path, name);
    if (field.child && Array.isArray(now)) {
      const child = field.child();
      now.forEach((item, i) => errors.push(...checkRules(child, item as object, undefined, `${at}[${i}]`, extent)));
    } else if (field.child) {
      errors.push(...checkRules(field.child(), now, before as object | undefined, at, extent));
    }
    errors.push(...broken(field.rules, now, before, at));
    if (Array.isArray(now)) now.forEach((item, i) => errors.push(...broken(field.itemRules, item, undefined, `${at}[${i}]`)));
  }
  const self = withoutNulls(value);
  errors.push(...broken(info.rules, self, old && withoutNulls(old), path));
  for (const check of info.checks) {
    errors.push(...check(self as never).map((error) => ({ ...error, field: path === '' ? error.field : `${path}.${error.field}` })));
  }
  return errors;
}

/** A field that is null counts as absent, as in a cluster. */
const withoutNulls = (object: object): object => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));

function brokenRules(rules: readonly Rule<never>[], now: unknown, before: unknown, path: string): FieldError[] {
  return rules
    .filter((rule) => (rule.transition ? before !== undefined : true) && !rule.holds(now as never, before as never))
    .map((rule) => ({
      field: rule.field ? (path === '' ? rule.field : `${path}.${rule.field}`) : path,
      type: rule.type ?? 'Invalid',
      ...(rule.type ? {} : { value: rule.field ? rule.field.split('.').reduce(own, now) : now }),
      message: rule.message,
    }));
}
