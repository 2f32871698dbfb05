/** Kubernetes' url(): an absolute URI or an absolute path, taken apart as Go's net/url does. */
import { traversal, type FunctionSpec, type Run } from '../functions';
import { ArrayList, CelError, costSize, LiteralMap, NO_OVERLOAD, Opaque, type Result } from '../values';

export class Url extends Opaque {
  readonly typeName = 'kubernetes.URL';
  constructor(
    readonly scheme: string,
    readonly host: string,
    readonly path: string,
    readonly query: string,
    readonly text: string,
  ) {
    super();
  }
  equals(other: Opaque): boolean {
    return other instanceof Url && other.text === this.text;
  }
}

const SHAPE = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const HOST = /^(?:[^@]*@)?(?:\[[0-9A-Fa-f:.%]+\]|[^\s[\]<>"^`{|}\\:]*)(?::\d*)?$/;
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROL = /[\x00-\x1f\x7f]/;

/** undefined: no absolute URI or path. */
export function parseUrl(text: string): Url | undefined {
  const match = CONTROL.test(text) ? null : SHAPE.exec(text);
  if (!match) return undefined;
  const [, scheme, authority, path, query] = match;
  if (scheme === undefined && (authority !== undefined || !path.startsWith('/'))) return authority !== undefined && text.startsWith('//') ? new Url('', '', path, query ?? '', text) : undefined;
  if (scheme !== undefined && authority === undefined && path === '' && query === undefined) return undefined;
  if (authority !== undefined && !HOST.test(authority)) return undefined;
  if (/%(?![0-9A-Fa-f]{2})/.test(path) || /%(?![0-9A-Fa-f]{2})/.test(authority ?? '')) return undefined;
  return new Url(scheme?.toLowerCase() ?? '', (authority ?? '').replace(/^[^@]*@/, ''), path, query ?? '', text);
}

/** What a path may hold unescaped stays as it is. */
const escapePath = (path: string): string => path.replaceAll(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]+/g, (part) => encodeURIComponent(part));

function unescapeQuery(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined; // As in Go, a pair with a bad escape is left out.
  }
}

function queryMap(query: string): LiteralMap {
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const at = pair.indexOf('=');
    const key = unescapeQuery(at < 0 ? pair : pair.slice(0, at));
    const value = unescapeQuery(at < 0 ? '' : pair.slice(at + 1));
    if (key === undefined || value === undefined) continue;
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  const map = new LiteralMap();
  for (const [key, list] of values) map.add(key, new ArrayList(list));
  return map;
}

const ofUrl = (run: (url: Url) => Result): Run => (url) => (url instanceof Url ? run(url) : NO_OVERLOAD);

export const URLS: Readonly<Record<string, FunctionSpec>> = {
  url: {
    global: ['string -> kubernetes.URL'],
    run: (text) => {
      if (typeof text !== 'string') return NO_OVERLOAD;
      return parseUrl(text) ?? new CelError(`URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`);
    },
    cost: (args) => traversal(costSize(args[0])),
  },
  isURL: { global: ['string -> bool'], run: (text) => (typeof text === 'string' ? parseUrl(text) !== undefined : NO_OVERLOAD), cost: (args) => traversal(costSize(args[0])) },
  getScheme: { member: ['kubernetes.URL -> string'], run: ofUrl((url) => url.scheme) },
  getHost: { member: ['kubernetes.URL -> string'], run: ofUrl((url) => url.host) },
  getHostname: { member: ['kubernetes.URL -> string'], run: ofUrl((url) => url.host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')) },
  getPort: { member: ['kubernetes.URL -> string'], run: ofUrl((url) => /:(\d*)$/.exec(url.host.replace(/^\[.*\]/, ''))?.[1] ?? '') },
  getEscapedPath: { member: ['kubernetes.URL -> string'], run: ofUrl((url) => escapePath(url.path)) },
  getQuery: { member: ['kubernetes.URL -> map(string, list(string))'], run: ofUrl((url) => queryMap(url.query)) },
};
