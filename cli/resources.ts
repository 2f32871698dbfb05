/** Finds the REST path of a resource by what people call it: plural, singular, kind or short name. */
import type { Client } from './client';
import { CliError, EXIT } from './errors';

export interface ResourcePath {
  plural: string;
  kind: string;
  namespaced: boolean;
  /** Without the namespace part: `/apis/gleaner.dev/v1alpha1` or `/api/v1`. */
  base: string;
}

interface ApiResource {
  name: string;
  singularName: string;
  kind: string;
  namespaced: boolean;
  shortNames?: string[];
}

const BASES = ['/apis/gleaner.dev/v1alpha1', '/api/v1'];

async function resourcesAt(client: Client, base: string): Promise<ResourcePath[]> {
  const list = await client.json<{ resources: ApiResource[] }>('GET', base);
  return list.resources
    .filter((r) => !r.name.includes('/'))
    .map((r) => ({ plural: r.name, kind: r.kind, namespaced: r.namespaced, base, names: [r.name, r.singularName, r.kind.toLowerCase(), ...(r.shortNames ?? [])] }));
}

/** @throws CliError naming what there is. */
export async function resolveResource(client: Client, text: string): Promise<ResourcePath> {
  const wanted = text.toLowerCase().replace(/\.gleaner\.dev$/, '');
  const known: string[] = [];
  for (const base of BASES) {
    for (const r of (await resourcesAt(client, base)) as (ResourcePath & { names: string[] })[]) {
      if (r.names.includes(wanted)) return r;
      known.push(r.plural);
    }
  }
  throw new CliError(`the server has no resource "${text}"; it has: ${known.join(', ')}`, EXIT.usage);
}

/** Path of a manifest's collection, from its apiVersion and kind. */
export async function resolveManifest(client: Client, apiVersion: string, kind: string): Promise<ResourcePath> {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const found = (await resourcesAt(client, base)).find((r) => r.kind === kind);
  if (found === undefined) throw new CliError(`the server has no kind "${kind}" in ${apiVersion}`, EXIT.usage);
  return found;
}

export const collectionPath = (r: ResourcePath, namespace: string): string =>
  r.namespaced ? `${r.base}/namespaces/${encodeURIComponent(namespace)}/${r.plural}` : `${r.base}/${r.plural}`;

export const objectPath = (r: ResourcePath, namespace: string, name: string): string => `${collectionPath(r, namespace)}/${encodeURIComponent(name)}`;
