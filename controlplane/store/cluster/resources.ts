/** Which resources a cluster store serves, and where they are in the API. Pure. */
import type { KubeObject, ResourceName } from '../../../crds/meta';
import { StoreError, type FieldRequirement, type LabelRequirement, type Selection } from '../store';

export interface ClusterResource {
  name: ResourceName;
  /** '' : the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  hasStatus: boolean;
  /** Paths beyond metadata.name and metadata.namespace that the API can select by. */
  selectableFields?: readonly string[];
}

export const apiVersionOf = ({ group, version }: ClusterResource): string => (group === '' ? version : `${group}/${version}`);

/** Path of the collection: in one namespace, or ('') in all. */
export function collectionPath(resource: ClusterResource, namespace: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${resource.plural}`;
}

/** @throws StoreError Invalid when a namespaced resource is asked for without a namespace */
export function objectPath(resource: ClusterResource, namespace: string, name: string, subresource = ''): string {
  if (resource.namespaced && namespace === '') throw new StoreError('Invalid', `metadata.namespace: must be set for ${resource.name}`, { resource: resource.name, name });
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}${subresource === '' ? '' : `/${subresource}`}`;
}

/** Items of a list come without kind and apiVersion. */
export function complete<T extends KubeObject>(resource: ClusterResource, item: T): T {
  return item.kind !== undefined && item.apiVersion !== undefined ? item : { ...item, kind: resource.kind, apiVersion: apiVersionOf(resource) };
}

export interface SplitSelection {
  query: Record<string, string>;
  /** What the API cannot select by. */
  rest: FieldRequirement[];
}

const ALWAYS = new Set(['metadata.name', 'metadata.namespace']);

export function splitSelection(resource: ClusterResource, { labels = [], fields = [] }: Selection): SplitSelection {
  const can = (path: string): boolean => ALWAYS.has(path) || (resource.selectableFields?.includes(path) ?? false);
  const passed = fields.filter(({ path }) => can(path));
  const query: Record<string, string> = {};
  if (labels.length > 0) query.labelSelector = labels.map(labelText).join(',');
  if (passed.length > 0) query.fieldSelector = passed.map(({ path, operator, value }) => `${path}${operator}${escapeValue(value)}`).join(',');
  return { query, rest: fields.filter(({ path }) => !can(path)) };
}

function labelText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'In': return `${key} in (${values.join(',')})`;
    case 'NotIn': return `${key} notin (${values.join(',')})`;
    case 'Exists': return key;
    case 'DoesNotExist': return `!${key}`;
    case 'GreaterThan': return `${key}>${values[0]}`;
    case 'LessThan': return `${key}<${values[0]}`;
    default: return operator satisfies never;
  }
}

const escapeValue = (value: string): string => value.replace(/[\\,=]/g, (char) => `\\${char}`);
