/**
 * Statements and queries in the words of both dialects, from one description each. Pure.
 *
 * PostgreSQL gets all rows of a statement as one array for each column (`unnest`), so that a commit is a few messages however many rows it
 * has; SQLite runs the prepared statement row by row.
 */
import type { Lookup, Query, Statement } from './database';

export type ColumnType = 'text' | 'int' | 'bytes';

const POSTGRES_TYPES: Record<ColumnType, string> = { text: 'text', int: 'int8', bytes: 'bytea' };

/** Sums stop here instead of overflowing. */
export const MAX_SUM = 1n << 62n;

export type Conflict =
  /** A row whose key is there already changes nothing. */
  | { on: 'ignore' }
  /** The columns that are no key take the new values; the last row of a key counts. */
  | { on: 'replace'; key: readonly string[] }
  /** `sum` columns are added up, to MAX_SUM at most; others that are no key stay as they are. */
  | { on: 'add'; key: readonly string[]; sum: readonly string[] };

export interface InsertOptions {
  conflict?: Conflict;
  merge?: boolean;
}

export function insert(table: string, columns: Record<string, ColumnType>, { conflict, merge = false }: InsertOptions = {}): Statement {
  const names = Object.keys(columns);
  const list = names.join(', ');
  const arrays = Object.values(columns).map((type, at) => `$${at + 1}::${POSTGRES_TYPES[type]}[]`).join(', ');
  const into = `INSERT INTO ${table} (${list})`;
  const sqlite = `${into} VALUES (${names.map(() => '?').join(', ')})${conflictClause(table, names, conflict, (sum) => `min(${sum.old} + ${sum.more}, ${MAX_SUM})`)}`;
  const postgres = `${into} ${postgresRows(names, arrays, conflict)}${conflictClause(table, names, conflict, (sum) =>
    `CAST(least(CAST(${sum.old} AS numeric) + ${sum.more}, ${MAX_SUM}) AS int8)`)}`;
  return { table, sqlite, postgres, form: 'many', merge };
}

/** Deletes the rows with this value of a column. */
export function remove(table: string, column: string, type: ColumnType, { merge = false, mustChange }: { merge?: boolean; mustChange?: string } = {}): Statement {
  return {
    table, merge, form: 'many',
    sqlite: `DELETE FROM ${table} WHERE ${column} = ?`,
    postgres: `DELETE FROM ${table} WHERE ${column} = ANY($1::${POSTGRES_TYPES[type]}[])`,
    ...(mustChange === undefined ? {} : { mustChange }),
  };
}

/** Any statement with `?` for its parameters that means the same in both; run row by row. */
export const command = (table: string, sql: string): Statement => ({ table, sqlite: sql, postgres: numbered(sql), form: 'one', merge: false });

/** A SELECT with `?` for its parameters that means the same in both. */
export const query = <R>(sql: string): Query<R> => ({ sqlite: sql, postgres: numbered(sql) });

/**
 * A SELECT of the rows whose `column` is one of many keys.
 * @param rest what follows the condition, such as GROUP BY
 */
export const lookup = <R>(select: string, column: string, type: ColumnType, rest = ''): Lookup<R> => ({
  by: 'key',
  sqlite: `${select} WHERE ${column} = ? ${rest}`,
  postgres: `${select} WHERE ${column} = ANY($1::${POSTGRES_TYPES[type]}[]) ${rest}`,
});

function numbered(sql: string): string {
  let count = 0;
  return sql.replace(/\?/g, () => {
    count += 1;
    return `$${count}`;
  });
}

/** One command may not touch a key twice, so that rows of the same key become one first. */
function postgresRows(names: readonly string[], arrays: string, conflict: Conflict | undefined): string {
  const list = names.join(', ');
  switch (conflict?.on) {
    case undefined:
    case 'ignore':
      return `SELECT * FROM unnest(${arrays})`;
    case 'replace': {
      const key = conflict.key.join(', ');
      return `SELECT DISTINCT ON (${key}) ${list} FROM unnest(${arrays}) WITH ORDINALITY AS r (${list}, nth) ORDER BY ${key}, nth DESC`;
    }
    case 'add': {
      const columns = names.map((name) => {
        if (conflict.key.includes(name)) return name;
        return conflict.sum.includes(name) ? `CAST(least(sum(${name}), ${MAX_SUM}) AS int8)` : `min(${name})`;
      });
      return `SELECT ${columns.join(', ')} FROM unnest(${arrays}) AS r (${list}) GROUP BY ${conflict.key.join(', ')}`;
    }
    default:
      return conflict satisfies never;
  }
}

function conflictClause(table: string, names: readonly string[], conflict: Conflict | undefined, add: (sum: { old: string; more: string }) => string): string {
  switch (conflict?.on) {
    case undefined:
      return '';
    case 'ignore':
      return ' ON CONFLICT DO NOTHING';
    case 'replace': {
      const { key } = conflict;
      const set = names.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
      return ` ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set.join(', ')}`;
    }
    case 'add': {
      const set = conflict.sum.map((name) => `${name} = ${add({ old: `${table}.${name}`, more: `excluded.${name}` })}`);
      return ` ON CONFLICT (${conflict.key.join(', ')}) DO UPDATE SET ${set.join(', ')}`;
    }
    default:
      return conflict satisfies never;
  }
}
