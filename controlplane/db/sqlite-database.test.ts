import { describeDatabase } from './conformance';
import { openTables } from './test-support';

describeDatabase('SQLite', openTables);
