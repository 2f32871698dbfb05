/** Decorators beside class-validator's: what `kubectl explain` says, defaults, rules, printer columns. */
import 'reflect-metadata';
import { IsOptional } from 'class-validator';
import { type Check, classInfo, type Class, fieldInfo, type PrinterColumn, type Rule } from './registry';
import { sameJson } from './same-json';

/** The text that `kubectl explain` shows for a field or a class. */
export function Description(text: string): ClassDecorator & PropertyDecorator {
  return (target: object, name?: string | symbol) => {
    if (name === undefined) classInfo(target as Class).description = text;
    else fieldInfo(target, name).description = text;
  };
}

/** The field may be left out. */
export const Optional = (): PropertyDecorator => IsOptional();

/** The field may be left out and is then `value`, written into the object by the API server. */
export function Default(value: unknown): PropertyDecorator {
  return (target, name) => {
    IsOptional()(target, name);
    fieldInfo(target, name).default = value;
  };
}

/** An object of the defaults of all fields of a class that have one: for a field whose every part has a default. */
export function defaultsOf(target: Class): Record<string, unknown> {
  const entries = [...classInfo(target).fields].filter(([, info]) => info.default !== undefined).map(([name, info]) => [name, info.default]);
  return Object.fromEntries(entries);
}

/** The field can never be changed. `reason` says what to do instead. */
export function Immutable(reason: string): PropertyDecorator {
  return (target, name) => {
    const rule: Rule<unknown> = {
      cel: 'self == oldSelf',
      message: `cannot be changed: ${reason}`,
      transition: true,
      holds: (self, old) => sameJson(self, old),
    };
    fieldInfo(target, name).rules.push(rule);
  };
}

/** A rule over several fields of the class. Rules stand in the CRD in the order in which they are written. */
export function ClassRule<T>(rule: Rule<T>): ClassDecorator {
  return (target) => {
    classInfo(target as unknown as Class).rules.unshift(rule);
  };
}

/** A check over the class that CEL cannot say: admission only. */
export function ClassCheck<T>(check: Check<T>): ClassDecorator {
  return (target) => {
    classInfo(target as unknown as Class).checks.unshift(check);
  };
}

/** Columns of `kubectl get`, in this order. */
export function PrinterColumns(...columns: PrinterColumn[]): ClassDecorator {
  return (target) => {
    classInfo(target as unknown as Class).columns.push(...columns);
  };
}
