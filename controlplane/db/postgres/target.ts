/**
 * Where a PostgreSQL database is, from its URL. The password is never part of it: URLs get into process lists, logs and messages.
 *
 * `postgres://USER@HOST[:PORT]/DATABASE[?sslmode=verify-full|disable&sslrootcert=FILE]`; a Unix socket: `postgres:///DATABASE?host=/run/postgresql&user=USER`.
 * Without `sslmode` the server's certificate and name are checked (verify-full) unless it is a Unix socket.
 */
import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import { types } from 'pg';

export interface PostgresTarget {
  url: string;
  password?: string;
}

export interface Connection {
  host: string;
  port: number;
  user: string;
  database: string;
  ssl: false | { ca?: string; rejectUnauthorized: true };
  password?: string;
}

/** @throws Error that names the field and the way out; never with a password in it */
export function connectionOf({ url: text, password }: PostgresTarget): Connection {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('database url: is no URL; write postgres://USER@HOST/DATABASE');
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') throw new Error(`database url: its scheme is ${url.protocol}//, must be postgres://`);
  if (url.password !== '' || url.searchParams.has('password')) {
    throw new Error('database url: a password in it would be seen in process lists and logs; give it by file or by environment variable');
  }
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw new Error(`database url: parameter ${JSON.stringify(name)} is unknown; there are ${[...PARAMETERS].join(', ')}`);
  }
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const user = url.searchParams.get('user') ?? decodeURIComponent(url.username);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (host === '') throw new Error('database url: has no host; write postgres://USER@HOST/DATABASE');
  if (user === '') throw new Error('database url: has no user; write postgres://USER@HOST/DATABASE');
  if (database === '' || database.includes('/')) throw new Error('database url: its path must be the name of the database; write postgres://USER@HOST/DATABASE');
  const ssl = sslOf(url, host);
  return { host, user, database, port: url.port === '' ? 5432 : Number(url.port), ssl, ...(password === undefined ? {} : { password }) };
}

const PARAMETERS = new Set(['host', 'user', 'sslmode', 'sslrootcert']);

function sslOf(url: URL, host: string): Connection['ssl'] {
  const mode = url.searchParams.get('sslmode') ?? (host.startsWith('/') ? 'disable' : 'verify-full');
  const file = url.searchParams.get('sslrootcert');
  if (mode === 'disable') return false;
  if (mode !== 'verify-full') throw new Error(`database url: sslmode ${JSON.stringify(mode)} does not prove whom we talk to; take verify-full (with sslrootcert=FILE for a CA of your own), or disable`);
  if (file === null) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new Error(`database url: sslrootcert ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** For messages: host, port and name. */
export const nameOf = ({ host, port, database }: Connection): string => (host.startsWith('/') ? `${host} ${database}` : `${host}:${port}/${database}`);

const INT8 = 20;
const NUMERIC = 1700;

/** Whole numbers as bigint: as JavaScript numbers they would lose digits beyond 2^53. */
const exactTypes = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && (oid === INT8 || oid === NUMERIC)) return (text: string) => BigInt(text);
    return types.getTypeParser(oid, format as 'text');
  }) as typeof types.getTypeParser,
};

/** How long one statement of ours may take; the server ends it then. */
const STATEMENT_MS = 15_000;
/** How long a connection may take to be there. */
export const CONNECT_MS = 5_000;
/** A transaction that nobody goes on with (its process hangs, its network is cut) gives its locks back. */
const IDLE_IN_TRANSACTION_MS = 5_000;

export const WRITER_NAME = 'gleaner writer';

/** `patient`: for reads that may take long, without a bound on one statement. */
export function clientConfig(target: PostgresTarget, applicationName: string, options: { pipeline?: boolean; patient?: boolean } = {}): ClientConfig & { pipeline?: boolean } {
  return {
    ...connectionOf(target),
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    types: exactTypes,
    ...(options.patient === true ? {} : {
      statement_timeout: STATEMENT_MS,
      // A little later than the server's own: it fires only when the server does not answer at all.
      query_timeout: STATEMENT_MS + 3_000,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    }),
    ...(options.pipeline === true ? { pipeline: true } : {}),
  };
}
