/** Which verb a request is. */
import { badRequest, methodNotAllowed, noSuchResource, verbNotSupported, type ApiError } from '../http/errors';
import type { Served, VerbName } from '../resources/resource';
import type { ApiContext, ResourceRequest } from './context';
import { create } from './create';
import { deleteCollection, deleteOne } from './delete';
import { get } from './get';
import { list } from './list';
import { booleanParameter } from './options';
import { patch } from './patch';
import { getScale, patchScale, updateScale } from './scale';
import { update } from './update';
import { watch } from './watch';

export type { VerbName };

export interface Verb {
  name: VerbName;
  run: (context: ApiContext, request: ResourceRequest) => Promise<void>;
}

const COLLECTION: Readonly<Record<string, Verb | undefined>> = {
  GET: { name: 'list', run: list },
  POST: { name: 'create', run: create },
  DELETE: { name: 'deletecollection', run: deleteCollection },
};
const WATCH: Verb = { name: 'watch', run: watch };
const OBJECT: Readonly<Record<string, Verb | undefined>> = {
  GET: { name: 'get', run: get },
  PUT: { name: 'update', run: update },
  PATCH: { name: 'patch', run: patch },
  DELETE: { name: 'delete', run: deleteOne },
};
const STATUS: Readonly<Record<string, Verb | undefined>> = {
  GET: { name: 'get', run: get },
  PUT: { name: 'update', run: update },
  PATCH: { name: 'patch', run: patch },
};
const SCALE: Readonly<Record<string, Verb | undefined>> = {
  GET: { name: 'get', run: getScale },
  PUT: { name: 'update', run: updateScale },
  PATCH: { name: 'patch', run: patchScale },
};

/** @returns undefined when the path leads nowhere (an unknown subresource). @throws ApiError 405 */
export function chooseVerb(request: ResourceRequest): Verb | undefined {
  const other = servedOf(request);
  if (other) return chooseServed(request, other);
  const table = tableOf(request);
  if (!table) return undefined;
  const verb = table[request.req.method ?? ''];
  if (!verb) throw notAllowed(request);
  const { readOnly, core, namespaced, lacks } = request.resource;
  if (lacks?.includes(verb.name)) throw methodNotAllowed();
  if (verb.name === 'deletecollection' && core && namespaced && request.namespace === '') throw methodNotAllowed();
  if (readOnly !== undefined && request.req.method !== 'GET') throw methodNotAllowed(readOnly);
  if (request.watchPath && verb.name !== 'list' && verb.name !== 'get') throw methodNotAllowed();
  // One object is watched through its collection, or by the old path: GET of the object itself just gets it.
  return request.watchPath || (verb.name === 'list' && booleanParameter(request.query, 'watch')) ? WATCH : verb;
}

function notAllowed({ resource, req, name }: ResourceRequest): ApiError {
  if (resource.core) return methodNotAllowed();
  if (name === '' && (req.method === 'PUT' || req.method === 'PATCH')) return badRequest('name must be provided');
  return verbNotSupported(resource, (name === '' ? ON_COLLECTION : ON_OBJECT)[req.method ?? ''] ?? '');
}

function tableOf({ name, subresource, resource }: ResourceRequest): Readonly<Record<string, Verb | undefined>> | undefined {
  if (name === '') return COLLECTION;
  if (subresource === '') return OBJECT;
  if (subresource === 'status' && resource.hasStatus) return STATUS;
  if (subresource === 'scale' && resource.scale) return SCALE;
  return undefined;
}

/** What answers instead of the store. */
function servedOf({ subresource, resource }: ResourceRequest): Served | undefined {
  return subresource === '' ? resource.serve : resource.subresources?.find(({ name }) => name === subresource)?.serve;
}

const ON_COLLECTION: Readonly<Record<string, VerbName | undefined>> = { GET: 'list', POST: 'create', DELETE: 'deletecollection' };
const ON_OBJECT: Readonly<Record<string, VerbName | undefined>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

const OBJECT_VERBS = ['get', 'update', 'patch', 'delete'] as const;

function chooseServed(request: ResourceRequest, served: Served): Verb {
  const { name, subresource, query, req } = request;
  let verb = (name === '' ? ON_COLLECTION : ON_OBJECT)[req.method ?? ''];
  if (verb === 'create' && name !== '' && subresource === '') verb = undefined;
  if (served.watch && (request.watchPath || (verb === 'list' && booleanParameter(query, 'watch')))) verb = 'watch';
  const run = verb && served[verb];
  if (!run && name !== '' && subresource === '' && !OBJECT_VERBS.some((each) => served[each])) throw noSuchResource();
  if (!verb || !run) throw methodNotAllowed();
  return { name: verb, run };
}
