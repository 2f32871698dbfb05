/** What the tables of core kinds are written with. */
import type { Schema } from '../../schema/schema';
import { withMetadata } from '../crd';
import { resourceName, type PrinterColumn, type Resource } from '../resource';

export const string = (description: string, more: Schema = {}): Schema => ({ type: 'string', description, ...more });
export const integer = (description: string): Schema => ({ type: 'integer', format: 'int32', description, nullable: true });
export const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description, nullable: true });
export const object = (description: string, properties: Record<string, Schema>): Schema => ({ type: 'object', description, properties });
export const map = (description: string, value: Schema): Schema => ({ type: 'object', description, nullable: true, additionalProperties: value });

export const age = (name = 'Age', jsonPath = '.metadata.creationTimestamp'): PrinterColumn => ({ name, type: 'date', jsonPath, description: 'Time since then.' });
export const column = (name: string, jsonPath: string, priority = 0): PrinterColumn => ({ name, type: 'string', jsonPath, priority, description: jsonPath });

export type Definition = Omit<Resource, 'name' | 'listKind' | 'schema' | 'description' | 'selectableFields' | 'nameRule' | 'core' | 'strategy' | 'hasStatus' | 'categories' | 'nameColumn'> &
  Partial<Pick<Resource, 'selectableFields' | 'nameRule' | 'strategy' | 'hasStatus' | 'nameColumn'>> & { schema: Schema };

export function core(definition: Definition): Resource {
  return {
    selectableFields: [],
    nameRule: 'subdomain',
    strategy: {},
    hasStatus: false,
    nameColumn: true,
    categories: [],
    ...definition,
    name: resourceName(definition.group, definition.plural),
    listKind: `${definition.kind}List`,
    description: definition.schema.description ?? '',
    schema: withMetadata(definition.schema),
    core: true,
  };
}
