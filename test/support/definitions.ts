/** Definitions for tests, and the requests that make them. */
import type { CrdVersion, CustomResourceDefinition } from '../../controlplane/apiserver/resources/crd';
import { eventually } from './kubectl';
import type { Answer, TestApiServer } from './api-server';

export const CRDS_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface DefinitionOptions {
  group?: string;
  plural: string;
  kind: string;
  scope?: 'Namespaced' | 'Cluster';
  names?: Partial<CustomResourceDefinition['spec']['names']>;
  versions?: readonly CrdVersion[];
  spec?: object;
}

/** A version whose `spec` has these properties. */
export function version(name: string, properties: object, more: Partial<CrdVersion> = {}): CrdVersion {
  return {
    name, served: true, storage: name === 'v1',
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties }, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } },
    ...more,
  };
}

export function definition({ group = 'example.com', plural, kind, scope = 'Namespaced', names = {}, versions = [version('v1', {})], spec = {} }: DefinitionOptions): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` },
    spec: { group, scope, names: { plural, kind, ...names }, versions, ...spec },
  };
}

/** @throws Error when it is refused */
export async function define(server: TestApiServer, crd: CustomResourceDefinition): Promise<CustomResourceDefinition> {
  const { code, text, json } = await server.request('POST', CRDS_PATH, { body: crd });
  if (code !== 201) throw new Error(`the definition was refused: ${text}`);
  return json as unknown as CustomResourceDefinition;
}

export async function read(server: TestApiServer, name: string): Promise<CustomResourceDefinition> {
  const { json } = await server.request('GET', `${CRDS_PATH}/${name}`);
  return json as unknown as CustomResourceDefinition;
}

/** Status of the conditions, by type. */
export function conditions({ status }: CustomResourceDefinition): Record<string, string> {
  return Object.fromEntries((status?.conditions ?? []).map((each) => [each.type, `${each.status} ${each.reason}: ${each.message}`]));
}

/** Waits for a condition. */
export async function hasCondition(server: TestApiServer, name: string, type: string, status: string): Promise<CustomResourceDefinition> {
  let crd: CustomResourceDefinition | undefined;
  await eventually(() => `${name}: ${type}=${status}; it is ${JSON.stringify(crd?.status)}`, async () => {
    crd = await read(server, name);
    return crd.status?.conditions?.some((each) => each.type === type && each.status === status) ?? false;
  });
  return crd as CustomResourceDefinition;
}

export const isGone = (answer: Answer): boolean => answer.code === 404;
