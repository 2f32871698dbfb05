/** Defaults and rules of a pod's spec, as far as objects that only keep one are held to them. */
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../schema/field-error';
import { nameProblem } from '../../schema/object-meta';
import { isObject, type JsonObject } from '../../schema/schema';
import { listOf, textOf } from './cells';

/** A tag `latest` (or none) is pulled always. */
function pullPolicy(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  if (name.includes('@')) return 'IfNotPresent';
  const colon = name.indexOf(':');
  return colon < 0 || name.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

const PROBE = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

const mapObjects = (object: JsonObject, of: (each: JsonObject) => JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, each]) => [key, isObject(each) ? of(each) : each]));

/** Of probes and hooks: how something is asked over HTTP or gRPC. */
function completeHandler(handler: JsonObject): JsonObject {
  const { httpGet, grpc } = handler;
  return {
    ...handler,
    ...(isObject(httpGet) && { httpGet: { ...httpGet, path: httpGet.path || '/', scheme: httpGet.scheme || 'HTTP' } }),
    ...(isObject(grpc) && { grpc: { service: '', ...grpc } }),
  };
}

const completeProbe = (probe: JsonObject): JsonObject => ({
  ...completeHandler(probe), ...Object.fromEntries(Object.entries(PROBE).map(([key, value]) => [key, probe[key] || value])),
});

function completeVariable(variable: unknown): unknown {
  if (!isObject(variable) || !isObject(variable.valueFrom) || !isObject(variable.valueFrom.fieldRef)) return variable;
  return { ...variable, valueFrom: { ...variable.valueFrom, fieldRef: { ...variable.valueFrom.fieldRef, apiVersion: variable.valueFrom.fieldRef.apiVersion || 'v1' } } };
}

function completeContainer(container: JsonObject): JsonObject {
  const out: JsonObject = { ...container };
  out.resources ??= {};
  out.imagePullPolicy ||= pullPolicy(textOf(container.image));
  out.terminationMessagePath ||= '/dev/termination-log';
  out.terminationMessagePolicy ||= 'File';
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) if (isObject(out[probe])) out[probe] = completeProbe(out[probe]);
  if (isObject(out.lifecycle)) out.lifecycle = mapObjects(out.lifecycle, completeHandler);
  if (Array.isArray(out.env)) out.env = (out.env as unknown[]).map(completeVariable);
  return out;
}

const MODES: Readonly<Record<string, number>> = { secret: 0o644, configMap: 0o644, downwardAPI: 0o644, projected: 0o644 };

function completeVolume(volume: unknown): unknown {
  if (!isObject(volume)) return volume;
  const out: JsonObject = { ...volume };
  if (isObject(out.hostPath)) out.hostPath = { type: '', ...out.hostPath };
  for (const [source, defaultMode] of Object.entries(MODES)) if (isObject(out[source])) out[source] = { defaultMode, ...out[source] };
  if (Object.keys(out).every((key) => key === 'name')) out.emptyDir = {};
  return out;
}

export function completePodSpec(spec: JsonObject): JsonObject {
  const out: JsonObject = { ...spec };
  for (const field of ['containers', 'initContainers']) {
    if (Array.isArray(out[field])) out[field] = (out[field] as unknown[]).map((each) => (isObject(each) ? completeContainer(each) : each));
  }
  if (Array.isArray(out.volumes)) out.volumes = (out.volumes as unknown[]).map(completeVolume);
  out.restartPolicy ||= 'Always';
  out.terminationGracePeriodSeconds ??= 30;
  out.dnsPolicy ||= 'ClusterFirst';
  out.securityContext ??= {};
  out.schedulerName ||= 'default-scheduler';
  return out;
}

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

export function podSpecErrors(spec: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  if (listOf(spec.containers).length === 0) errors.push(required(`${path}.containers`));
  for (const field of ['initContainers', 'containers']) {
    listOf(spec[field]).forEach((container, index) => {
      const at = `${path}.${field}[${index}]`;
      errors.push(...containerErrors(container, at));
      const name = textOf(container.name);
      if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    });
  }
  errors.push(...volumeErrors(spec, `${path}.volumes`));
  if (!RESTART_POLICIES.includes(textOf(spec.restartPolicy))) errors.push(notSupported(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES));
  return errors;
}

function volumeErrors(spec: JsonObject, path: string): FieldError[] {
  const names = new Set<string>();
  return listOf(spec.volumes).flatMap((volume, index) => {
    const at = `${path}[${index}]`;
    const name = textOf(volume.name);
    const problem = nameProblem(name, 'label');
    const errors = name === '' ? [required(`${at}.name`)] : problem ? [invalid(`${at}.name`, name, problem)] : names.has(name) ? [duplicate(`${at}.name`, name)] : [];
    names.add(name);
    const [, ...others] = Object.keys(volume).filter((key) => key !== 'name');
    return [...errors, ...others.map((type) => forbidden(`${at}.${type}`, 'may not specify more than 1 volume type'))];
  });
}

function containerErrors(container: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const problem = nameProblem(textOf(container.name), 'label');
  if (container.name === '' || container.name === undefined) errors.push(required(`${path}.name`));
  else if (problem) errors.push(invalid(`${path}.name`, container.name, problem));
  if (textOf(container.image) === '') errors.push(required(`${path}.image`));
  if (!PULL_POLICIES.includes(textOf(container.imagePullPolicy))) {
    errors.push(notSupported(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES));
  }
  return errors;
}
