/**
 * A writer to be killed: `node postgres-kill.child.js URL ROUND`, the password in PGPASSWORD. Opens the ledger and holds and settles until
 * its end; prints what it was told is durable, a line each: `hold KEY`, `settle KEY CHARGE`.
 */
import { openPostgres } from '../../controlplane/db/postgres/open';
import { BookLedger } from '../../controlplane/ledger/book-ledger';
import { hold, settle } from '../support/ledger';

const LANES = 8;

async function main(url: string, round: string): Promise<void> {
  const { tables } = await openPostgres(url, { password: process.env.PGPASSWORD ?? '', holder: `round ${round}` });
  const ledger = await BookLedger.open({ database: tables });
  await ledger.deposit({ key: `round-${round}`, namespace: 'lab-a', amountMicro: 1_000_000n });
  const lane = async (number: number): Promise<void> => {
    for (let n = 0; ; n += 1) {
      const taskUid = `task-${round}-${number}-${n}`;
      const [held] = await ledger.hold([hold(10n, { taskUid, jobUid: `job-${round}` })]);
      if (!held?.ok) throw new Error(`${taskUid}: ${JSON.stringify(held, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`);
      process.stdout.write(`hold ${taskUid}/1\n`);
      if (n % 5 === 4) continue;
      const charge = BigInt(n % 10);
      await ledger.settle([settle(`${taskUid}/1`, charge, charge / 2n)]);
      process.stdout.write(`settle ${taskUid}/1 ${charge}\n`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
}

main(process.argv[2]!, process.argv[3]!).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
