/**
 * The Database port: the tables of ledger, results, elements and tokens. Two implementations: the embedded SQLite file, and PostgreSQL.
 * The object store is no part of it: embedded it has SQLite's Writer (writer.ts), in kubernetes mode a real Kubernetes API.
 *
 * Invariants, of both
 * - Whole numbers come as bigint: no amount ever goes through a float.
 * - What is read is durable, or on its way in the very commit that nobody was told of yet; what `write` resolved for is always seen.
 * - One writer at a time: SQLite's by the folder's lock, PostgreSQL's by an epoch that is checked in every commit.
 */
import type { CommitStats, Settled } from './writer';

export type Value = string | number | bigint | Buffer | null;

/** SQLite answers at once, in the same turn; PostgreSQL later. `await` takes both; hot paths go on without a pause when they can. */
export type Answer<T> = T | Promise<T>;

/** A SELECT in the words of both. `R`: its rows. */
export interface Query<R> {
  readonly sqlite: string;
  readonly postgres: string;
  readonly row?: R;
}

/** A SELECT of the rows of many keys: SQLite asks key by key, PostgreSQL once. */
export interface Lookup<R> extends Query<R> {
  readonly by: 'key';
}

export interface Reader {
  select<R>(query: Query<R>, ...parameters: Value[]): Answer<R[]>;
  /** The rows of all keys, in no order that one may count on. A key without a row gives none. */
  lookup<R>(query: Lookup<R>, keys: readonly Value[]): Answer<R[]>;
}

/** Sees the tables as they were when it was opened. Reads only. */
export interface Snapshot extends Reader {
  close(): Promise<void>;
}

/** An INSERT, DELETE or UPDATE. Made by statements.ts. */
export interface Statement {
  readonly table: string;
  /** For one row. */
  readonly sqlite: string;
  /** For all rows at once: one array for each column. `one`: for one row. */
  readonly postgres: string;
  readonly form: 'many' | 'one';
  /**
   * Rows of all steps of a commit may go together, before those of any other statement that comes later in the first step: what this
   * statement and the others of the same commit do must come out the same in whatever order of steps.
   */
  readonly merge: boolean;
  /** A row that changes nothing is an error, which says this. */
  readonly mustChange?: string;
}

export interface Write {
  statement: Statement;
  rows: readonly (readonly Value[])[];
  /**
   * The last `id` that the table must have before these rows, which go on from there without a gap; otherwise something that the step
   * counts on was not saved, and the step is refused. Also looked at when there are no rows.
   */
  after?: number;
  /** Told how many rows changed, within the transaction, perhaps more than once. When it throws, the whole step is left out. */
  changed?: (count: number) => void;
}

export interface Database extends Reader {
  readonly dialect: 'sqlite' | 'postgres';
  /**
   * All of `writes` or nothing, in this order, after what was written before; durable when it resolves. Rejects when one of them is
   * refused (only this call's are left out then), or with a CommitError when the commit failed.
   * @param settled see Writer.enqueue
   */
  write(writes: readonly Write[], settled?: Settled): Promise<void>;
  /** Commits what waits now instead of at the end of the turn. Durable when this returns with SQLite, at its time with PostgreSQL. */
  flush(): void;
  /** Of everything that was committed before the call, and perhaps more. With SQLite it is taken before this returns. */
  openSnapshot(): Answer<Snapshot>;
  onCommit(listener: (stats: CommitStats) => void): void;
  /** Where it is, for messages: a path, or an address without password. */
  readonly name: string;
}

/** The rows do not go on where the table ends: something that they count on was not saved. */
export class GapError extends Error {
  override readonly name = 'GapError';

  constructor(table: string, after: number, last: number) {
    super(`${table}: decided on row ${after}, saved is ${last}: an earlier write failed; try again`);
  }
}

/** A row that had to be there was not. */
export class MissingRowError extends Error {
  override readonly name = 'MissingRowError';
}
