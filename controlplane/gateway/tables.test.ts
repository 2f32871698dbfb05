import { openTables } from '../db/test-support';
import { describeTables } from './tables-conformance';

describeTables('SQLite', openTables);
