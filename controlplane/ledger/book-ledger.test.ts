import { SqliteLedgers } from '../../test/support/ledger';
import { describeLedger } from './conformance';

describeLedger('SQLite', async () => new SqliteLedgers(), { randomRuns: 110 });

describeLedger('SQLite that answers later', async () => new SqliteLedgers('later'), { randomRuns: 30 });
