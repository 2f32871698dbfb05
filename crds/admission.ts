/**
 * Admission: what a schema cannot say about an object, and every rule that is CEL on a cluster.
 *
 * Called after the schema has accepted the object and written its defaults into it. `admit` and `admitChecks` need neither: an object of any
 * shape gets an answer, never an exception. Unknown fields are the schema's business.
 */
import type { ResourceName } from './meta';
import { resourceInfo } from './resources';
import { classInfo, type Class, type FieldError } from './schema/registry';
import { checkRules, type Extent } from './schema/rules';
import { MAX_FIELD_ERRORS, validateClass } from './schema/validate';

export type { FieldError, FieldErrorType } from './schema/registry';

/**
 * The problems of `object`, empty when it is accepted. `oldObject` is the stored one on updates; with it, immutable fields are
 * compared. `message` says what must be instead; `formatFieldError` puts field and value before it. Resources that are not
 * Gleaner's have no problems. Status is not looked at: only the control plane writes it.
 */
export function admit(resource: ResourceName, object: object, oldObject?: object): FieldError[] {
  return problemsOf(resource, object, oldObject, 'all');
}

/**
 * As `admit`, for an object that the schema of its definition, which is made of the same classes, has accepted with its defaults: class-validator,
 * which would say the same once more, is left out for a new one. For a changed one it is not, as the schema lets through what was there before.
 */
export function admitAccepted(resource: ResourceName, object: object, oldObject?: object): FieldError[] {
  return problemsOf(resource, object, oldObject, 'all', oldObject === undefined);
}

/** As `admit`, without what the schema and CEL say: what a webhook must check on a cluster. */
export function admitChecks(resource: ResourceName, object: object): FieldError[] {
  return problemsOf(resource, object, undefined, 'checks');
}

/** Whether there is anything about this resource that only `admitChecks` says. */
export function hasChecks(resource: ResourceName): boolean {
  const info = resourceInfo(resource);
  return info !== undefined && checksBelow(info.class, new Set());
}

function checksBelow(target: Class, seen: Set<Class>): boolean {
  if (seen.has(target)) return false;
  seen.add(target);
  const { checks, fields } = classInfo(target);
  return checks.length > 0 || [...fields.values()].some(({ child }) => child !== undefined && checksBelow(child(), seen));
}

function problemsOf(resource: ResourceName, object: object, oldObject: object | undefined, extent: Extent, accepted = false): FieldError[] {
  const info = resourceInfo(resource);
  if (!info) return [];
  const spec: unknown = Object.getOwnPropertyDescriptor(object, 'spec')?.value;
  if (spec === undefined || spec === null) {
    return classInfo(info.class).fields.get('spec')?.default === undefined ? [{ field: 'spec', type: 'Required', message: 'must be set' }] : [];
  }
  const specClass = classInfo(info.class).fields.get('spec')?.child;
  if (typeof spec !== 'object' || Array.isArray(spec) || !specClass) {
    return [{ field: 'spec', type: 'TypeInvalid', value: spec, message: 'must be of type object' }];
  }
  const malformed = accepted ? [] : validateClass(specClass(), spec, 'spec');
  if (malformed.length > 0) return malformed;
  return checkRules(info.class, withoutStatus(object), oldObject && withoutStatus(oldObject), '', extent).slice(0, MAX_FIELD_ERRORS);
}

function withoutStatus(object: object): object {
  const { status: _status, ...rest } = object as { status?: unknown };
  return { metadata: {}, ...rest };
}

const MAX_SHOWN = 512;

/** One line in Kubernetes' form: `spec.template.timeout: Invalid value: "5x": must be a duration …`. */
export function formatFieldError({ field, type, value, message }: FieldError): string {
  const json = JSON.stringify(value) ?? 'null';
  const shown = json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json;
  switch (type) {
    case 'Required':
      return `${field}: Required value: ${message}`;
    case 'Forbidden':
      return `${field}: Forbidden: ${message}`;
    case 'TooLong':
      return `${field}: Too long: ${message}`;
    case 'TooMany':
      return `${field}: Too many: ${message}`;
    case 'NotSupported':
      return `${field}: Unsupported value: ${shown}: ${message}`;
    case 'Invalid':
    case 'TypeInvalid':
      return `${field}: Invalid value: ${shown}: ${message}`;
    default:
      return type satisfies never;
  }
}
