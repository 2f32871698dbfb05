import { SqliteLedgers } from '../../test/support/ledger';
import { describeLedger } from './conformance';

describeLedger('SQLite', async () => new SqliteLedgers(), { randomRuns: 110 });
