/**
 * A PostgreSQL server for tests: a cluster of its own in a temporary folder, on a free loopback port with TLS and passwords.
 *
 * `postgres` refuses to run as root: then it runs as the user `postgres` (or `nobody`), whom the folder belongs to. The server ends with
 * `stop`, or with this process.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { CertificateAuthority } from '../../controlplane/tls/ca';
import { freePort } from './free-ports';

const USER = 'gleaner';
const START_MS = 30_000;

interface Owner {
  uid?: number;
  gid?: number;
}

export interface PostgresDatabase {
  /** Without the password. */
  url: string;
  password: string;
}

export class PostgresServer {
  private process: ChildProcess | undefined;
  private databases = 0;

  private constructor(
    private readonly bin: string, private readonly folder: string, private readonly owner: Owner, readonly port: number,
    /** Of the superuser, who owns every database. */
    readonly password: string,
    readonly caFile: string,
  ) {}

  /** @throws Error with the way out when there is no PostgreSQL on this machine */
  static async start(): Promise<PostgresServer> {
    const bin = execFileSync(resolve('scripts/ensure-postgres.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    const folder = mkdtempSync(join(tmpdir(), 'gleaner-postgres-'));
    try {
      const owner = serverUser();
      const password = randomBytes(12).toString('hex');
      const server = new PostgresServer(bin, folder, owner, await freePort(), password, join(folder, 'ca.crt'));
      chmodSync(folder, 0o755);
      await server.prepare();
      await server.run();
      return server;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** A new, empty database. */
  async createDatabase(): Promise<PostgresDatabase> {
    this.databases += 1;
    const name = `test_${this.databases}`;
    await this.query(`CREATE DATABASE ${name}`);
    return this.database(name);
  }

  database(name: string): PostgresDatabase {
    return { url: `postgres://${USER}@127.0.0.1:${this.port}/${name}?sslmode=verify-full&sslrootcert=${encodeURIComponent(this.caFile)}`, password: this.password };
  }

  /** One statement as superuser, on a connection of its own. */
  async query<Row extends object>(sql: string, database = 'postgres'): Promise<Row[]> {
    const client = await this.connect(database);
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async connect(database = 'postgres'): Promise<Client> {
    const client = new Client({
      host: '127.0.0.1', port: this.port, user: USER, password: this.password, database, ssl: { ca: readFileSync(this.caFile, 'utf8') },
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** As `kill -9` of every process of the server at once: nothing is flushed, nobody is told. Resolves when they are gone. */
  async kill(): Promise<void> {
    const { process: main } = this;
    if (!main || main.exitCode !== null || main.signalCode !== null) return;
    const gone = once(main, 'exit');
    for (const pid of [...children(main.pid!), main.pid!]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself meanwhile.
      }
    }
    await gone;
  }

  /** Starts it again after `kill`, on the same port; resolves when it answers. */
  async run(): Promise<void> {
    rmSync(join(this.data, 'postmaster.pid'), { force: true });
    const child = spawn(join(this.bin, 'postgres'), ['-D', this.data], { ...this.owner, cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.process = child;
    const end = (): void => void child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    let log = '';
    child.stderr?.on('data', (text: Buffer) => {
      log = (log + text.toString()).slice(-4000);
    });
    const until = Date.now() + START_MS;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}: ${log}`);
      try {
        return await (await this.connect()).end();
      } catch (error) {
        if (Date.now() > until) throw new Error(`postgres does not answer after ${START_MS} ms: ${log}`, { cause: error });
        await new Promise((done) => { setTimeout(done, 50); });
      }
    }
  }

  /** Ends the server at once and removes its folder. */
  async stop(): Promise<void> {
    const { process: main } = this;
    if (main && main.exitCode === null && main.signalCode === null) {
      const gone = once(main, 'exit');
      main.kill('SIGQUIT');
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  private async prepare(): Promise<void> {
    const { uid, gid } = this.owner;
    const own = (path: string): void => {
      if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
    };
    mkdirSync(this.data, { mode: 0o700 });
    own(this.data);
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    own(passwordFile);
    execFileSync(
      join(this.bin, 'initdb'),
      ['-D', this.data, '-U', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync', '--no-instructions'],
      { ...this.owner, cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const ca = await CertificateAuthority.open(join(this.folder, 'pki'), { names: ['127.0.0.1'] });
    const pair = await ca.serverKeyPair();
    writeFileSync(this.caFile, ca.caCertificate);
    for (const [name, text] of [['server.key', pair.key], ['server.crt', pair.certificate]] as const) {
      writeFileSync(join(this.data, name), text, { mode: 0o600 });
      own(join(this.data, name));
    }
    const settings = [
      `port = ${this.port}`, "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", 'ssl = on', 'max_connections = 40',
      'shared_buffers = 32MB', 'logging_collector = off', 'dynamic_shared_memory_type = mmap',
    ];
    writeFileSync(join(this.data, 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
    writeFileSync(join(this.data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  }
}

/** Whom the server runs as; empty: this user. */
function serverUser(): Owner {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (!user) throw new Error('there is no user postgres or nobody, and a PostgreSQL server does not run as root: run the tests as another user');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

function children(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
