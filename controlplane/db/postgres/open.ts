/**
 * Opens the PostgreSQL database as its one writer: schema migrated, epoch raised, whoever wrote before put out.
 *
 * Only the leader calls it: opening takes the right to write away from the one that had it. Failure: when anything here throws, nothing
 * stays open; the epoch may have been raised, which harms nobody but a writer before.
 */
import 'reflect-metadata';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { Database } from '../database';
import { entities } from '../entities';
import { migrations } from '../migrations';
import type { FencedError } from './failure';
import { PostgresDatabase } from './postgres-database';
import { PostgresWriter, type PostgresWriterOptions } from './postgres-writer';
import { Session } from './session';
import { WRITER_NAME, clientConfig, connectionOf, nameOf, type PostgresTarget } from './target';

export interface OpenPostgresOptions extends Pick<PostgresWriterOptions, 'maxQueuedSteps' | 'outageMs' | 'beforeCommit'> {
  password?: string;
  /** Who writes, for people: the name of the pod. */
  holder: string;
  /** Another process opened the database: nothing more can be committed here. Called once. */
  onDeposed?: (error: FencedError) => void;
}

export interface OpenedPostgres {
  /** For entities and cold reads. Writes go through `tables`. */
  dataSource: DataSource;
  tables: Database;
  epoch: bigint;
  /** Commits what waits and closes every connection. May be called twice. */
  close(): Promise<void>;
  /** As if the process were killed: what is not committed is gone, and nobody is told. */
  abandon(): Promise<void>;
}

/** Two replicas that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_643_001;

/** @throws Error when the url is bad, the database cannot be reached, or was written by a newer version */
export async function openPostgres(url: string, options: OpenPostgresOptions): Promise<OpenedPostgres> {
  const target: PostgresTarget = { url, ...(options.password === undefined ? {} : { password: options.password }) };
  const connection = connectionOf(target);
  const where = nameOf(connection);
  const dataSource = new DataSource({
    type: 'postgres', host: connection.host, port: connection.port, username: connection.user, database: connection.database,
    ssl: connection.ssl, ...(connection.password === undefined ? {} : { password: connection.password }),
    applicationName: 'gleaner typeorm', installExtensions: false, poolSize: 2, entities, migrations,
    extra: { types: clientConfig(target, '').types, allowExitOnIdle: true },
    poolErrorHandler: () => undefined,
  });
  try {
    const epoch = await begin(target, where, dataSource, options.holder);
    return opened(target, where, dataSource, epoch, options);
  } catch (error) {
    if (dataSource.isInitialized) await dataSource.destroy();
    throw new Error(`cannot open the database ${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function begin(target: PostgresTarget, where: string, dataSource: DataSource, holder: string): Promise<bigint> {
  const client = new Client(clientConfig(target, 'gleaner opener', { patient: true }));
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.initialize();
    await refuseNewer(client, where);
    await refuseForgetful(client);
    await dataSource.runMigrations({ transaction: 'each' });
    return await raiseEpoch(client, holder);
  } finally {
    client.end().catch(() => undefined);
  }
}

/**
 * From here on no commit of an older epoch succeeds. A writer that hangs in the middle of a transaction has its connection ended by the
 * server, instead of being waited for.
 */
async function raiseEpoch(client: Client, holder: string): Promise<bigint> {
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = $1 AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()`, [WRITER_NAME]);
  const { rows } = await client.query<{ epoch: bigint }>('UPDATE writer_epoch SET epoch = epoch + 1, holder = $1 WHERE id = 1 RETURNING epoch', [holder.slice(0, 256)]);
  const epoch = rows[0]?.epoch;
  if (epoch === undefined) throw new Error('the table writer_epoch has no row; restore the database from a backup');
  return epoch;
}

/** An acknowledged posting is on the disk: a server that answers before that is not for money. */
async function refuseForgetful(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'");
  if (rows.length === 0) return;
  throw new Error(`${rows.map(({ name }) => name).join(' and ')} is off: what was acknowledged could be lost in a crash; set it to on for this server and role`);
}

/** A database with migrations that this program does not know belongs to a newer one: writing to it could destroy data. */
async function refuseNewer(client: Client, where: string): Promise<void> {
  const { rows: tables } = await client.query<{ name: string | null }>("SELECT to_regclass('migrations') AS name");
  if (tables[0]?.name == null) return;
  const known = new Set(migrations.map((migration) => new migration().name));
  const { rows } = await client.query<{ name: string }>('SELECT name FROM migrations');
  const unknown = rows.map((row) => row.name).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Error(`${where} was written by a newer version of gleaner (unknown migrations: ${unknown.join(', ')}); run that version or choose another database`);
}

function opened(target: PostgresTarget, where: string, dataSource: DataSource, epoch: bigint, options: OpenPostgresOptions): OpenedPostgres {
  const { onDeposed, maxQueuedSteps, outageMs, beforeCommit } = options;
  const writer = new PostgresWriter({
    epoch, where,
    connect: () => Session.open(clientConfig(target, WRITER_NAME, { pipeline: true }), epoch, where),
    ...(onDeposed ? { onDeposed } : {}),
    ...(maxQueuedSteps === undefined ? {} : { maxQueuedSteps }),
    ...(outageMs === undefined ? {} : { outageMs }),
    ...(beforeCommit ? { beforeCommit } : {}),
  });
  const tables = new PostgresDatabase(target, where, writer, outageMs);
  let over = false;
  const end = async (how: () => Promise<void>): Promise<void> => {
    if (over) return;
    over = true;
    await how();
    await dataSource.destroy();
  };
  return { dataSource, tables, epoch, close: () => end(() => tables.close()), abandon: () => end(() => tables.abandon()) };
}
