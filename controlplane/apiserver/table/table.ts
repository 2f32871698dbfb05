/** `Table` answers: what `kubectl get` prints (meta.k8s.io). */
import type { KubeObject } from '../../../crds/meta';
import type { PrinterColumn, Resource } from '../resources/resource';
import { NAME_COLUMN_TEXT } from '../schema/object-meta';
import { isObject, type JsonObject } from '../schema/schema';
import { humanDuration } from './duration';
import { compileJsonPath, jsonPathProblem, type JsonPath } from './json-path';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableColumn {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
}

export interface TableRow {
  cells: unknown[];
  object: object | null;
}

export interface Table {
  kind: 'Table';
  apiVersion: string;
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  columnDefinitions: TableColumn[] | null;
  rows: TableRow[];
}

const NAME_COLUMN: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: NAME_COLUMN_TEXT,
  priority: 0,
};

/** Renders one resource's objects; compile once per resource. */
export class TableRenderer {
  readonly columns: TableColumn[];
  readonly #named: boolean;
  readonly #cells: ((object: JsonObject) => unknown)[];

  constructor(
    resource: Pick<Resource, 'columns' | 'nameColumn'>,
    private readonly now: () => number = Date.now,
  ) {
    const shown = understood(resource.columns);
    this.#named = resource.nameColumn;
    this.columns = [
      ...(this.#named ? [NAME_COLUMN] : []),
      ...shown.map(({ name, type, format = '', description = '', priority = 0 }) => ({ name, type, format, description, priority })),
    ];
    this.#cells = shown.map((column) => this.#cell(column));
  }

  row(object: KubeObject, include: IncludeObject, version: string): TableRow {
    const fields = object as unknown as JsonObject;
    const rendered = this.#cells.map((cell) => cell(fields));
    const cells = this.#named ? [object.metadata.name, ...rendered] : rendered;
    if (include === 'None') return { cells, object: null };
    return { cells, object: include === 'Object' ? object : partialMetadata(object, version) };
  }

  /** `withColumns`: false for the later frames of a watch. */
  table(objects: readonly KubeObject[], include: IncludeObject, version: string, metadata: Table['metadata'], withColumns = true): Table {
    return {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${version}`,
      metadata,
      columnDefinitions: withColumns ? this.columns : null,
      rows: objects.map((object) => this.row(object, include, version)),
    };
  }

  #cell(column: PrinterColumn): (object: JsonObject) => unknown {
    const { cell } = column;
    if (cell) return (object) => cell(object, this.now());
    const path: JsonPath = compileJsonPath(column.jsonPath ?? '');
    return (object) => {
      const [value] = path(object);
      if (value === undefined || value === null) return value === null && column.type === 'string' ? '<no value>' : null;
      return this.#show(value, column.type);
    };
  }

  #show(value: unknown, type: PrinterColumn['type']): unknown {
    switch (type) {
      case 'string':
        return typeof value === 'object' ? JSON.stringify(value) : String(value);
      case 'integer':
        return typeof value === 'number' ? Math.trunc(value) : null;
      case 'number':
        return typeof value === 'number' ? value : null;
      case 'boolean':
        return typeof value === 'boolean' ? value : null;
      case 'date': {
        if (typeof value !== 'string') return null;
        const at = TIME.test(value) ? Date.parse(value) : NaN;
        if (Number.isNaN(at)) return value === '' ? '<unknown>' : '<invalid>';
        return humanDuration(this.now() - at);
      }
    }
  }
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** A definition may have a column whose path is not understood: it and those after it are not shown. */
function understood(columns: readonly PrinterColumn[]): readonly PrinterColumn[] {
  const wrong = columns.findIndex(({ cell, jsonPath = '' }) => !cell && jsonPathProblem(jsonPath) !== undefined);
  return wrong < 0 ? columns : columns.slice(0, wrong);
}

/** Only the metadata of an object, as `PartialObjectMetadata`. */
export function partialMetadata(object: KubeObject, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: isObject(object.metadata) ? object.metadata : {} };
}
