/**
 * What Kubernetes' own (Go) types always say and never say: fields of struct type and some others are there even when nobody set them
 * (`spec: {}`, `eventTime: null`), empty lists and maps are not. Pure but for the object that is completed.
 */
import { copyJson } from '../../../../crds/json-copy';
import { isObject, type JsonObject } from '../../schema/schema';
import type { Shape, ShapeField } from './parse';

const EVENT_NULLS = { firstTimestamp: null, lastTimestamp: null, eventTime: null };

/** By `group.version.Type`: fields that are always there, as they are when nobody set them. */
const ALWAYS: Readonly<Record<string, JsonObject | undefined>> = {
  'core.v1.Namespace': { spec: {}, status: {} },
  'core.v1.Event': { involvedObject: {}, source: {}, ...EVENT_NULLS, reportingComponent: '', reportingInstance: '' },
  'events.v1.Event': { eventTime: null, regarding: {}, deprecatedSource: {}, deprecatedFirstTimestamp: null, deprecatedLastTimestamp: null },
  'core.v1.PodTemplate': { template: {} },
  'core.v1.NamespaceCondition': { lastTransitionTime: null },
  'core.v1.PodTemplateSpec': { metadata: { creationTimestamp: null }, spec: {} },
  'core.v1.PodSpec': { containers: null },
  'core.v1.Container': { resources: {} },
  'core.v1.Service': { spec: {}, status: {} },
  'core.v1.ServiceStatus': { loadBalancer: {} },
  'coordination.v1.Lease': { spec: {} },
  'rbac.v1.Role': { rules: null },
  'rbac.v1.ClusterRole': { rules: null },
  'rbac.v1.RoleBinding': { roleRef: {} },
  'rbac.v1.ClusterRoleBinding': { roleRef: {} },
  'authentication.v1.TokenRequest': { spec: {} },
  'authentication.v1.TokenReview': { spec: {} },
  'authorization.v1.SubjectAccessReview': { spec: {} },
  'authorization.v1.LocalSubjectAccessReview': { spec: {} },
  'authorization.v1.SelfSubjectAccessReview': { spec: {} },
  'authorization.v1.SelfSubjectRulesReview': { spec: {} },
};

const alwaysOf = ({ name }: Shape): JsonObject => ALWAYS[name.split('.').slice(-3).join('.')] ?? {};

/** An object of this type of which nothing was set. */
export function zeroShape(shape: Shape): JsonObject {
  const zero = copyJson(alwaysOf(shape));
  completeFields(zero, shape);
  return zero;
}

/** Brings `object` into the form in which Kubernetes keeps it: in place; it must not be shared. */
export function completeShape(object: JsonObject, shape: Shape): void {
  for (const [field, zero] of Object.entries(alwaysOf(shape))) object[field] ??= copyJson(zero);
  completeFields(object, shape);
}

function completeFields(object: JsonObject, shape: Shape): void {
  const always = alwaysOf(shape);
  for (const field of shape.fields) {
    const value = object[field.name];
    if (value === undefined || value === null || field.name === 'metadata') continue;
    if (isEmpty(value, field)) {
      if (field.name in always) object[field.name] = copyJson(always[field.name]);
      else delete object[field.name];
    }
    else if (typeof field.of !== 'string') for (const child of childrenOf(value, field)) completeShape(child, field.of);
  }
}

const isEmpty = (value: unknown, { form }: ShapeField): boolean =>
  form !== 'one' && typeof value === 'object' && Object.keys(value as object).length === 0;

function childrenOf(value: unknown, { form }: ShapeField): JsonObject[] {
  if (form === 'one') return isObject(value) ? [value] : [];
  return (Array.isArray(value) ? value : Object.values(isObject(value) ? value : {})).filter(isObject);
}
