/**
 * The Database port over the embedded SQLite file: its steps go into the Writer's one commit per turn, beside the object store's.
 * Statements are prepared once.
 */
import BetterSqlite3, { type Database as Connection, type Statement as Prepared } from 'better-sqlite3';
import { type Database, GapError, type Lookup, MissingRowError, type Query, type Reader, type Snapshot, type Statement, type Value, type Write } from './database';
import type { CommitStats, Settled, Writer } from './writer';

class SqliteReader implements Reader {
  private readonly prepared = new Map<string, Prepared<Value[]>>();

  constructor(protected readonly db: Connection) {}

  select<R>(query: Query<R>, ...parameters: Value[]): R[] {
    return this.prepare(query.sqlite).all(...parameters) as R[];
  }

  lookup<R>(query: Lookup<R>, keys: readonly Value[]): R[] {
    const statement = this.prepare(query.sqlite);
    const found: R[] = [];
    for (const key of keys) for (const row of statement.all(key)) found.push(row as R);
    return found;
  }

  private prepare(sql: string): Prepared<Value[]> {
    let statement = this.prepared.get(sql);
    if (!statement) {
      statement = this.db.prepare<Value[]>(sql).safeIntegers();
      this.prepared.set(sql, statement);
    }
    return statement;
  }
}

export class SqliteDatabase extends SqliteReader implements Database {
  readonly dialect = 'sqlite';
  private readonly writes = new Map<Statement, Prepared<Value[]>>();
  private readonly ends = new Map<string, Prepared<[], number | null>>();

  constructor(db: Connection, private readonly writer: Writer) {
    super(db);
  }

  get name(): string {
    return this.db.name;
  }

  write(writes: readonly Write[], settled?: Settled): Promise<void> {
    return this.writer.enqueue(() => {
      for (const write of writes) this.run(write);
    }, settled);
  }

  flush(): void {
    this.writer.flush();
  }

  onCommit(listener: (stats: CommitStats) => void): void {
    this.writer.onCommit(listener);
  }

  openSnapshot(): Snapshot {
    return openSqliteSnapshot(this.db.name);
  }

  private run({ statement, rows, after, changed }: Write): void {
    const { table, mustChange } = statement;
    if (after !== undefined) {
      const last = this.end(table).get() ?? 0;
      if (last !== after) throw new GapError(table, after, last);
    }
    let prepared = this.writes.get(statement);
    if (!prepared) this.writes.set(statement, (prepared = this.db.prepare<Value[]>(statement.sqlite)));
    let count = 0;
    for (const row of rows) {
      const { changes } = prepared.run(...row);
      if (changes === 0 && mustChange !== undefined) throw new MissingRowError(`${mustChange} (${row.join(', ')})`);
      count += changes;
    }
    changed?.(count);
  }

  private end(table: string): Prepared<[], number | null> {
    let prepared = this.ends.get(table);
    if (!prepared) this.ends.set(table, (prepared = this.db.prepare<[], number | null>(`SELECT max(id) FROM ${table}`).pluck()));
    return prepared;
  }
}

class SqliteSnapshot extends SqliteReader implements Snapshot {
  async close(): Promise<void> {
    this.db.close();
  }
}

/**
 * A connection of its own in a read transaction, that sees the file as it is now.
 * @throws Error when the file cannot be read or has no ledger
 */
export function openSqliteSnapshot(file: string): Snapshot {
  const way = 'give the data folder of a server that was started at least once';
  let db: Connection | undefined;
  try {
    db = new BetterSqlite3(file, { readonly: true, fileMustExist: true, timeout: 5000 });
    db.exec('BEGIN');
    const table = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'ledger_transaction'").get();
    if (!table) throw new Error('it has no ledger');
    return new SqliteSnapshot(db);
  } catch (error) {
    db?.close();
    throw new Error(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}; ${way}`, { cause: error });
  }
}
