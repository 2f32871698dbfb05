import { describeDatabase } from '../../controlplane/db/conformance';
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
