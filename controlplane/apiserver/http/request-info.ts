/** What a path asks for: `/api/v1/namespaces/N/secrets/X`, `/apis/G/V/namespaces/N/jobs/X/status`, … */

import type { Attributes } from '../../auth/authorizer';

export interface ResourcePath {
  /** `v1` or `group/version` */
  groupVersion: string;
  plural: string;
  /** '' for cluster scope or all namespaces. */
  namespace: string;
  name: string;
  subresource: string;
  /** `/api/v1/watch/…`: the old way to ask for a watch. */
  watch: boolean;
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** @returns undefined when the path is none of a resource. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const segments = decodeSegments(path);
  if (!segments) return undefined;
  let groupVersion: string;
  let rest: string[];
  if (segments[0] === 'api') {
    groupVersion = segments[1] ?? '';
    rest = segments.slice(2);
  } else if (segments[0] === 'apis') {
    groupVersion = `${segments[1] ?? ''}/${segments[2] ?? ''}`;
    rest = segments.slice(3);
  } else {
    return undefined;
  }
  const watch = rest[0] === 'watch' && rest.length > 1;
  if (watch) rest = rest.slice(1);
  let namespace = '';
  const ofNamespaceItself = segments[0] === 'api' && rest.length === 3 && NAMESPACE_SUBRESOURCES.has(rest[2]);
  if (rest[0] === 'namespaces' && rest.length > 2 && !ofNamespaceItself) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  if (rest.length === 0 || rest.length > 3) return undefined;
  const [plural, name = '', subresource = ''] = rest;
  return watch && subresource !== '' ? undefined : { groupVersion, plural, namespace, name, subresource, watch };
}

function decodeSegments(path: string): string[] | undefined {
  const segments = path.split('/').slice(1);
  if (segments[segments.length - 1] === '') segments.pop();
  try {
    const decoded = segments.map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment));
    return decoded.some((segment) => segment === '' || segment.includes('/') || segment.includes('\0')) ? undefined : decoded;
  } catch {
    return undefined;
  }
}

const VERBS: Readonly<Record<string, string | undefined>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** What a request for a resource has to be allowed, whether there is such a resource or not: as kube-apiserver reads method, path and query. */
export function resourceAttributes(method: string, { groupVersion, plural, namespace, name, subresource, watch }: ResourcePath, query: URLSearchParams, path: string): Attributes {
  const slash = groupVersion.indexOf('/');
  const group = slash < 0 ? '' : groupVersion.slice(0, slash);
  // A Namespace is within itself: whoever may read namespaces there may read this one.
  const within = namespace === '' && plural === 'namespaces' ? name : namespace;
  let verb = VERBS[method] ?? '';
  let of = name;
  if (watch) verb = 'watch';
  else if (name === '' && verb === 'get') {
    const asked = query.get('watch');
    verb = asked === null || asked === 'false' || asked === '0' ? 'list' : 'watch';
  } else if (name === '' && verb === 'delete') verb = 'deletecollection';
  // One object, chosen by its name, is asked for by that name.
  if (name === '' && verb !== 'create' && query.has('fieldSelector')) of = /(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
  return { verb, resource: { group, plural, subresource, namespace: within, name: of }, path };
}

const LONG_RUNNING = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);

/** Whether a request takes as long as its client wants: no `timeout=` bounds it. */
export const isLongRunning = ({ verb, resource }: Attributes): boolean => verb === 'watch' || LONG_RUNNING.has(resource?.subresource ?? '');
