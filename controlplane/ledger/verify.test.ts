import { writeFileSync } from 'node:fs';
import { SqliteLedgers } from '../../test/support/ledger';
import { verifyFile } from './verify';

test('a file that is no ledger is refused with the way out', async () => {
  const ledgers = new SqliteLedgers();
  const opened = await ledgers.open();
  await expect(verifyFile(`${opened.file}.missing`)).rejects.toThrow(/cannot read .*\.missing: .*unable to open database file; give the data folder/);
  const empty = ledgers.copy(opened.file);
  writeFileSync(empty, '');
  await expect(verifyFile(empty)).rejects.toThrow('it has no ledger; give the data folder of a server');
  await ledgers.remove();
});
