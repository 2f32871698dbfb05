/**
 * The Database port over PostgreSQL: writes through the one writer, reads through a few connections of their own. A read whose connection
 * breaks is asked again for a while: it changes nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Pool } from 'pg';
import type { Database, Lookup, Query, Snapshot, Value, Write } from '../database';
import type { CommitStats, Settled } from '../writer';
import { OUTAGE_MS, backoffMs, classify, readError } from './failure';
import type { PostgresWriter } from './postgres-writer';
import { clientConfig, type PostgresTarget } from './target';

const READ_CONNECTIONS = 4;
const READER_NAME = 'gleaner reader';

export class PostgresDatabase implements Database {
  readonly dialect = 'postgres';
  private readonly pool: Pool;

  constructor(private readonly target: PostgresTarget, readonly name: string, private readonly writer: PostgresWriter, private readonly outageMs = OUTAGE_MS) {
    this.pool = new Pool({ ...clientConfig(target, READER_NAME), max: READ_CONNECTIONS, idleTimeoutMillis: 60_000, allowExitOnIdle: true });
    // An idle connection was lost: the next read takes another.
    this.pool.on('error', () => undefined);
  }

  select<R>({ postgres }: Query<R>, ...parameters: Value[]): Promise<R[]> {
    return this.read<R>(postgres, parameters);
  }

  lookup<R>({ postgres }: Lookup<R>, keys: readonly Value[]): Promise<R[]> {
    return keys.length === 0 ? Promise.resolve([]) : this.read<R>(postgres, [keys]);
  }

  write(writes: readonly Write[], settled?: Settled): Promise<void> {
    return this.writer.enqueue(writes, settled);
  }

  /** What waits is on its way already. */
  flush(): void {}

  onCommit(listener: (stats: CommitStats) => void): void {
    this.writer.onCommit(listener);
  }

  openSnapshot(): Promise<Snapshot> {
    return openPostgresSnapshot(this.target, 'after the writer').catch((error: unknown) => {
      throw readError(error, this.name);
    });
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.pool.end();
  }

  /** As if the process were killed. */
  async abandon(): Promise<void> {
    this.writer.abandon();
    await this.pool.end();
  }

  private async read<R>(text: string, values: unknown[]): Promise<R[]> {
    const start = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.pool.query(text, values)).rows as R[];
      } catch (error) {
        if (classify(error) !== 'again' || performance.now() - start >= this.outageMs) throw readError(error, this.name);
        await delay(backoffMs(attempt));
      }
    }
  }
}

class PostgresSnapshot implements Snapshot {
  constructor(private readonly client: Client) {}

  async select<R>({ postgres }: Query<R>, ...parameters: Value[]): Promise<R[]> {
    return (await this.client.query(postgres, parameters)).rows as R[];
  }

  async lookup<R>({ postgres }: Lookup<R>, keys: readonly Value[]): Promise<R[]> {
    return keys.length === 0 ? [] : ((await this.client.query(postgres, [keys])).rows as R[]);
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }
}

/**
 * A connection of its own in a read transaction, that sees the tables as they are now.
 * @param when `after the writer`: also what a transaction does that is at work right now, perhaps of a connection that broke
 * @throws Error when the database cannot be read or has no ledger
 */
export async function openPostgresSnapshot(target: PostgresTarget, when: 'now' | 'after the writer' = 'now'): Promise<Snapshot> {
  const client = new Client(clientConfig(target, READER_NAME, { patient: true }));
  // Whoever waits for an answer is told by its own rejection.
  client.on('error', () => undefined);
  try {
    await client.connect();
    if (when === 'after the writer') await client.query('SELECT 1 FROM writer_epoch WHERE id = 1 FOR UPDATE');
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // The first statement takes the snapshot.
    const { rows } = await client.query("SELECT to_regclass('ledger_transaction') AS name");
    if (rows[0]?.name === null) throw new Error('it has no ledger; give the database of a server that was started at least once');
    return new PostgresSnapshot(client);
  } catch (error) {
    client.end().catch(() => undefined);
    throw error;
  }
}
