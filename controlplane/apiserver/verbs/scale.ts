/** The scale subresource: autoscaling/v1 Scale over the paths that a definition names. */
import type { KubeObject } from '../../../crds/meta';
import { badRequest, invalidError } from '../http/errors';
import { decodeObject, mediaType, patchType } from '../http/body';
import { groupVersion, type Resource, type ScalePaths } from '../resources/resource';
import { isObject, own, type JsonObject } from '../schema/schema';
import { nameOf } from '../schema/field-error';
import { answerScale, type Scale } from './answer-scale';
import { APPLY, merged, readConfig, writeApplied } from './apply';
import { getExisting, storing, type ApiContext, type ResourceRequest } from './context';
import { applierName, managerName } from './field-managers';
import { booleanParameter } from './options';
import { readPatch } from './patch';
import { retrying, unlessStale } from './retry';
import { isLarge, letOthersIn } from './turns';
import { replace, type NextOwners } from './update';

export async function getScale(context: ApiContext, request: ResourceRequest): Promise<void> {
  const object = await storing(request, () => getExisting(context, request));
  answerScale(context, request, scaleOf(object, request.resource));
}

export async function updateScale(context: ApiContext, request: ResourceRequest): Promise<void> {
  const manager = managerName(request, 'UpdateOptions');
  const { value } = decodeObject(mediaType(request.req), request.body());
  const wanted = checkScale(value, request.name);
  const object = await retrying(context, request, (hurry) => writeScale(context, request, manager, () => wanted, hurry));
  answerScale(context, request, scaleOf(object, request.resource));
}

export async function patchScale(context: ApiContext, request: ResourceRequest): Promise<void> {
  if (patchType(request.req) === APPLY) return applyScale(context, request);
  const manager = managerName(request, 'PatchOptions');
  const { apply } = await readPatch(request);
  const object = await retrying(context, request, (hurry) =>
    writeScale(context, request, manager, (old) => checkScale(apply(scaleOf(old, request.resource)), request.name), hurry),
  );
  answerScale(context, request, scaleOf(object, request.resource));
}

async function applyScale(context: ApiContext, request: ResourceRequest): Promise<void> {
  const manager = applierName(request);
  const { config, duplicates } = await readConfig(request, 'autoscaling/v1', 'Scale');
  const by = { manager, force: booleanParameter(request.query, 'force'), duplicates };
  const { replicas, resourceVersion } = checkScale(config, request.name);
  const { resource } = request;
  // What the scale says, said of the object itself.
  const said: JsonObject = { apiVersion: groupVersion(resource), kind: resource.kind, metadata: { ...(resourceVersion && { resourceVersion }) } };
  if (isObject(config.spec) && config.spec.replicas !== undefined) setAt(said, pathsOf(resource).specReplicasPath, replicas);
  const object = await retrying(context, request, async (hurry) => {
    const old = await storing(request, () => getExisting(context, request));
    const large = !hurry && isLarge(old);
    const result = await merged(request, said, { ...by, hurry }, large, context.fieldManagers.of(resource, 'scale').apply(old as KubeObject & JsonObject, said, by.manager, by.force));
    return writeApplied(context, { ...request, subresource: '' }, said, old, result, large);
  });
  answerScale(context, request, scaleOf(object, request.resource));
}

function pathsOf(resource: Resource): ScalePaths {
  if (!resource.scale) throw new Error(`${resource.name} has no scale subresource`);
  return resource.scale;
}

function scaleOf(object: KubeObject, resource: Resource): Scale {
  const paths = pathsOf(resource);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = valueAt(object, paths.specReplicasPath);
  const current = valueAt(object, paths.statusReplicasPath);
  const selector = paths.labelSelectorPath === undefined ? undefined : valueAt(object, paths.labelSelectorPath);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: typeof replicas === 'number' ? { replicas } : {},
    status: { replicas: typeof current === 'number' ? current : 0, ...(typeof selector === 'string' && { selector }) },
  };
}

interface WantedScale {
  replicas: number;
  resourceVersion?: string;
}

/** @throws ApiError 400, 422 */
function checkScale(value: unknown, name: string): WantedScale {
  if (!isObject(value)) throw badRequest('Scale: the body must be an object');
  if (value.kind !== undefined && value.kind !== 'Scale') throw badRequest(`the object provided is a ${nameOf(value.kind)}, not a Scale`);
  const metadata = isObject(value.metadata) ? value.metadata : {};
  if (metadata.name !== undefined && metadata.name !== name) throw badRequest(`the name of the object (${nameOf(metadata.name)}) does not match the name on the URL (${name})`);
  const replicas = isObject(value.spec) ? (value.spec.replicas ?? 0) : 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || Math.abs(replicas) >= 2 ** 31) {
    throw invalidError({ group: 'autoscaling', kind: 'Scale' }, name, [
      { reason: 'FieldValueInvalid', field: 'spec.replicas', message: `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0` },
    ]);
  }
  const { resourceVersion } = metadata;
  return { replicas, ...(typeof resourceVersion === 'string' && resourceVersion !== '' && { resourceVersion }) };
}

async function writeScale(context: ApiContext, request: ResourceRequest, manager: string, wanted: (old: KubeObject) => WantedScale, hurry: boolean): Promise<KubeObject | 'stale'> {
  const old = await storing(request, () => getExisting(context, request));
  const { replicas, resourceVersion } = wanted(old);
  const object = structuredClone(old) as KubeObject & JsonObject;
  const large = !hurry && isLarge(old);
  if (large) await letOthersIn();
  setAt(object, pathsOf(request.resource).specReplicasPath, replicas);
  const insists = resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion;
  if (insists) object.metadata.resourceVersion = resourceVersion;
  const owners: NextOwners = (next) => context.fieldManagers.of(request.resource, 'scale').update(old as KubeObject & JsonObject, next, undefined, manager);
  return unlessStale(insists, () => replace(context, { ...request, subresource: '' }, { object, duplicates: [], isLarge: large }, old, badRequest, owners));
}

const keysOf = (path: string): string[] => path.split('.').slice(1);

function valueAt(object: object, path: string): unknown {
  let value: unknown = object;
  for (const key of keysOf(path)) value = isObject(value) ? own(value, key) : undefined;
  return value;
}

function setAt(object: JsonObject, path: string, value: unknown): void {
  const keys = keysOf(path);
  let target = object;
  for (const key of keys.slice(0, -1)) {
    const child = own(target, key);
    target[key] = isObject(child) ? child : {};
    target = target[key] as JsonObject;
  }
  target[keys[keys.length - 1]] = value;
}
