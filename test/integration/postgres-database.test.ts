import { describeDatabase } from '../../controlplane/db/conformance';
import { LogTable } from '../../controlplane/gateway/log-table';
import { describeLogStore } from '../../controlplane/gateway/logs-conformance';
import { describeTables } from '../../controlplane/gateway/tables-conformance';
import { PostgresLedgers } from '../support/postgres-ledger';

let ledgers: PostgresLedgers;
beforeAll(async () => {
  ledgers = await PostgresLedgers.start();
});
afterAll(() => ledgers.remove());

const open = async () => {
  const { database, opened } = await ledgers.open();
  return { database, close: () => opened.close() };
};

describeDatabase('PostgreSQL', open);
describeTables('PostgreSQL', open);
describeLogStore('a table of PostgreSQL', async () => {
  const { database, close } = await open();
  return { open: (maxJobBytes) => new LogTable(database, maxJobBytes), cleanup: close };
});
