/** What the tables of core kinds are written with. */
import { withMetadata } from '../crd';
import { resourceName, type Resource } from '../resource';
import { kindShape } from '../shapes';

export type Definition = Omit<Resource, 'name' | 'listKind' | 'schema' | 'description' | 'selectableFields' | 'nameRule' | 'core' | 'strategy' | 'hasStatus' | 'categories' | 'nameColumn'> &
  Partial<Pick<Resource, 'selectableFields' | 'nameRule' | 'strategy' | 'hasStatus' | 'categories' | 'nameColumn' | 'description'>>;

/** A kind whose schema is its shape. */
export function core(definition: Definition): Resource {
  const { group, version, kind, plural } = definition;
  const shape = kindShape(group, version, kind);
  return {
    selectableFields: [],
    nameRule: 'subdomain',
    strategy: {},
    hasStatus: false,
    nameColumn: true,
    categories: [],
    description: '',
    ...definition,
    name: resourceName(group, plural),
    listKind: `${kind}List`,
    schema: withMetadata(shape.schema),
    shape,
    core: true,
  };
}
