/** Ledgers on PostgreSQL databases of their own, copies of one migrated template. */
import { openPostgres, type OpenedPostgres, type OpenPostgresOptions } from '../../controlplane/db/postgres/open';
import { BookLedger } from '../../controlplane/ledger/book-ledger';
import { decided, failingCommit, type LedgerBackend, type OpenLedger, type OpenOptions } from './ledger';
import { PostgresServer } from './postgres';

const TEMPLATE = 'template_migrated';

/** Lets through, or makes wait. */
export class Gate {
  private closed: Promise<void> | undefined;
  private opener: (() => void) | undefined;

  close(): void {
    this.closed ??= new Promise((resolve) => { this.opener = resolve; });
  }
  open(): void {
    this.opener?.();
    this.closed = undefined;
  }
  readonly pass = (): Promise<void> => this.closed ?? Promise.resolve();
}

export interface OpenPostgresLedger extends OpenLedger {
  name: string;
  opened: OpenedPostgres;
  gate: Gate;
}

export class PostgresLedgers implements LedgerBackend {
  private count = 0;
  private readonly all = new Set<OpenedPostgres>();

  private constructor(readonly server: PostgresServer) {}

  static async start(): Promise<PostgresLedgers> {
    const server = await PostgresServer.start();
    await server.query(`CREATE DATABASE ${TEMPLATE}`);
    const { url, password } = server.database(TEMPLATE);
    const opened = await openPostgres(url, { password, holder: 'template' });
    await opened.close();
    return new PostgresLedgers(server);
  }

  /** Those that were opened before are left: a server has only so many connections. */
  async open(options: OpenOptions = {}): Promise<OpenPostgresLedger> {
    await Promise.all([...this.all].map((each) => this.leave(each)));
    this.count += 1;
    const name = `ledger_${this.count}`;
    await this.server.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
    await this.server.query(failingCommit.tables, name);
    return this.attach(name, options);
  }

  /**
   * One more process that opens the database.
   * @param more `port`: of a proxy before the server
   */
  async attach(name: string, options: OpenOptions = {}, { port, ...more }: Partial<OpenPostgresOptions> & { port?: number } = {}): Promise<OpenPostgresLedger> {
    const { url, password } = this.server.database(name);
    const gate = new Gate();
    const through = port === undefined ? url : url.replace(`:${this.server.port}/`, `:${port}/`);
    const opened = await openPostgres(through, { password, holder: `test ${this.count}`, beforeCommit: gate.pass, ...more });
    this.all.add(opened);
    const database = opened.tables;
    const ledger = await BookLedger.open({ database, ...options });
    return {
      ledger, database, opened, name, gate,
      exec: async (sql) => void (await this.server.query(sql, name)),
      begin: () => gate.close(),
      commit: async (fail) => {
        await decided(ledger);
        if (fail) failingCommit.write(database).catch(() => undefined);
        gate.open();
        // Comes after all of it; part of the same commit when that has room.
        await database.write([]).catch(() => undefined);
      },
    };
  }

  async crash(before: OpenPostgresLedger, options: OpenOptions = {}): Promise<OpenPostgresLedger> {
    await this.leave(before.opened);
    return this.attach(before.name, options);
  }

  async refuse({ name }: OpenPostgresLedger, amountMicro: bigint): Promise<void> {
    await this.server.query(
      `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN IF NEW.amount = ${amountMicro} THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;
       CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON ledger_posting FOR EACH ROW EXECUTE FUNCTION refuse()`, name);
  }

  async remove(): Promise<void> {
    await Promise.all([...this.all].map((each) => this.leave(each)));
    await this.server.stop();
  }

  private async leave(opened: OpenedPostgres): Promise<void> {
    this.all.delete(opened);
    await opened.abandon();
  }
}
