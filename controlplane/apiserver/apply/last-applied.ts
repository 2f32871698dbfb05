/** The annotation in which client-side `kubectl apply` keeps what it applied last, and how it gives way to server-side apply. */
import { isObject, own, type JsonObject } from '../schema/schema';
import { compare } from './compare';
import type { FieldSet } from './field-set';
import { typeProblems, fieldsOf } from './walk-fields';
import type { Typed } from './type';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** The manager that keeps the annotation up to date, and takes over what it names. */
export const KUBECTL = 'kubectl';
/** All annotations of an object together may not be longer. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

function annotationsOf(object: JsonObject): JsonObject {
  const metadata = isObject(object.metadata) ? object.metadata : {};
  return isObject(metadata.annotations) ? metadata.annotations : {};
}

function lastApplied(object: JsonObject): string | undefined {
  const text = own(annotationsOf(object), LAST_APPLIED);
  return typeof text === 'string' && text !== '' ? text : undefined;
}

/**
 * The fields that client-side apply set last and that still are as it set them: server-side apply of kubectl may have them.
 * @returns undefined without the annotation, or when it cannot be used
 */
export function fieldsAppliedBefore(live: Typed, apiVersion: string): FieldSet | undefined {
  const text = isObject(live.value) ? lastApplied(live.value) : undefined;
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const applied: Typed = { value, type: live.type };
  if (!isObject(value) || value.apiVersion !== apiVersion || typeProblems(applied, 'refused').length > 0) return undefined;
  const { added, modified, removed } = compare(value, live.value, live.type);
  return fieldsOf(applied).difference(modified).difference(added).difference(removed);
}

/** `object` with the annotation, if it has it, saying what `config` says; without it when it became too long. */
export function withLastApplied(object: JsonObject, config: JsonObject): JsonObject {
  if (lastApplied(object) === undefined) return object;
  const { [LAST_APPLIED]: _before, ...others } = annotationsOf(object);
  const text = `${JSON.stringify(withoutAnnotation(config))}\n`;
  const bytes = Object.entries({ ...others, [LAST_APPLIED]: text }).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)), 0);
  const annotations = bytes > MAX_ANNOTATION_BYTES ? others : { ...others, [LAST_APPLIED]: text };
  return { ...object, metadata: { ...(object.metadata as JsonObject), annotations } };
}

function withoutAnnotation(config: JsonObject): JsonObject {
  if (lastApplied(config) === undefined) return config;
  const { [LAST_APPLIED]: _mine, ...annotations } = annotationsOf(config);
  return { ...config, metadata: { ...(config.metadata as JsonObject), annotations } };
}
