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
  const info = classInfo(target);
  const errors: FieldError[] = [];
  const look = (rules: readonly Rule<never>[], now: unknown, before: unknown, at: string): void => {
    if (extent === 'all') for (const rule of rules) if (isBroken(rule, now, before)) errors.push(errorOf(rule, now, at));
  };
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
    look(field.rules, now, before, at);
    if (field.itemRules.length > 0 && Array.isArray(now)) now.forEach((item, i) => look(field.itemRules, item, undefined, `${at}[${i}]`));
  }
  const self = withoutNulls(value);
  if (info.rules.length > 0) look(info.rules, self, old && withoutNulls(old), path);
  for (const check of info.checks) {
    errors.push(...check(self as never).map((error) => ({ ...error, field: path === '' ? error.field : `${path}.${error.field}` })));
  }
  return errors;
}

/** A field that is null counts as absent, as in a cluster. */
function withoutNulls(object: object): object {
  const values = Object.values(object);
  return values.includes(null) ? Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null)) : object;
}

const isBroken = (rule: Rule<never>, now: unknown, before: unknown): boolean => (!rule.transition || before !== undefined) && !rule.holds(now as never, before as never);

const errorOf = (rule: Rule<never>, now: unknown, path: string): FieldError => ({
  field: rule.field ? (path === '' ? rule.field : `${path}.${rule.field}`) : path,
  type: rule.type ?? 'Invalid',
  ...(rule.type ? {} : { value: rule.field ? rule.field.split('.').reduce(own, now) : now }),
  message: rule.message,
});
