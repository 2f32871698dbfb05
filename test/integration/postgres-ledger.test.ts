import { describeLedger } from '../../controlplane/ledger/conformance';
import { PostgresLedgers } from '../support/postgres-ledger';

describeLedger('PostgreSQL', () => PostgresLedgers.start(), { randomRuns: 6 });
