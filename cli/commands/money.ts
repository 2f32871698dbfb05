/** `gleaner deposit|bill|ledger verify`. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { VerifyReport } from '../../controlplane/ledger/ledger';
import { verifyFile, verifySnapshot } from '../../controlplane/ledger/verify';
import { CliError, EXIT } from '../errors';
import { type Format, FORMATS, note, print, table } from '../output';
import { formatOption, type TargetOptions, targetOptions, nameOf, withClient } from '../target';

/** As `/ledger/statements` answers: amounts are decimal strings of credits. */
interface StatementBody {
  namespace: string;
  lines: { job: string; tier: string; line: string; attempts: number; cpuSeconds: string; memoryGiBSeconds: string; wallSeconds: string; amount: string }[];
  total: string;
  held: string;
  available: string;
}

const CSV_HEAD = ['job', 'tier', 'line', 'attempts', 'cpuSeconds', 'memoryGiBSeconds', 'wallSeconds', 'amount'] as const;

const csvCell = (value: string | number): string => {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function printBill(format: Format | 'csv', bill: StatementBody, job: string | undefined): void {
  if (format === 'csv') {
    const rows = bill.lines.map((line) => CSV_HEAD.map((key) => csvCell(line[key])).join(','));
    process.stdout.write(`${[CSV_HEAD.join(','), ...rows].join('\n')}\n`);
    return;
  }
  print(format, bill, () => {
    const rows = bill.lines.map((l) => [l.job, l.tier, l.line, l.attempts, l.cpuSeconds, l.memoryGiBSeconds, l.wallSeconds, l.amount]);
    const head = ['JOB', 'TIER', 'LINE', 'ATTEMPTS', 'CPU-SECONDS', 'GIB-SECONDS', 'WALL-SECONDS', 'CREDITS'];
    const sums = `total ${bill.total} credits; held ${bill.held}; available ${bill.available}`;
    return `${rows.length === 0 ? `Nothing was charged ${job === undefined ? '' : `for a job "${job}" `}in namespace ${bill.namespace} yet.` : table(head, rows)}\n${sums}`;
  });
}

interface VerifyOptions extends TargetOptions {
  databaseUrlFile?: string;
  databasePasswordFile?: string;
  databaseCaFile?: string;
}

/** Of a data folder or a database that is named the tables are read themselves, also when no server runs; otherwise the server is asked. */
async function verify(options: VerifyOptions): Promise<VerifyReport> {
  if (options.databaseUrlFile !== undefined) {
    // Loaded only when it is used: most commands ask the server.
    const { openDatabaseSnapshot } = require('../../controlplane/kubernetes/database-target') as typeof import('../../controlplane/kubernetes/database-target');
    const snapshot = await openDatabaseSnapshot(options.databaseUrlFile, options.databasePasswordFile, options.databaseCaFile);
    return verifySnapshot(snapshot).finally(() => snapshot.close());
  }
  const file = options.data === undefined ? undefined : join(options.data, 'gleaner.db');
  if (file !== undefined && existsSync(file)) return verifyFile(file);
  return withClient(options, (client) => client.json<VerifyReport>('GET', '/ledger/verify'));
}

export function addMoneyCommands(program: Command): void {
  formatOption(targetOptions(program.command('deposit <amount>').description("add credits to a namespace's account")))
    .option('--key <key>', 'idempotency key: the same key deposits once, however often it is sent')
    .addHelpText('after', '\nExample:\n  gleaner deposit -n lab-a 25.00')
    .action(async (amount: string, options: TargetOptions & { key?: string; output: Format }) =>
      withClient(options, async (client) => {
        const { namespace } = client.target;
        const reply = await client.json<{ repeated: boolean; available: string }>('POST', '/ledger/deposits', { namespace, amount, key: options.key ?? randomUUID() });
        print(options.output, { namespace, repeated: reply.repeated, available: reply.available }, () =>
          `${reply.repeated ? 'was deposited before' : `deposited ${amount}`}; available in ${namespace}: ${reply.available} credits`);
      }));

  targetOptions(program.command('bill').description('what the jobs of a namespace cost, line by line'))
    .option('--job <job>', 'only this Job')
    .option('-o, --output <format>', 'table, json, yaml or csv', 'table')
    .addHelpText('after', '\nExamples:\n  gleaner bill -n lab-a\n  gleaner bill --job pi -o csv')
    .action(async (options: TargetOptions & { job?: string; output: string }) => {
      if (![...FORMATS, 'csv'].includes(options.output)) throw new CliError(`-o ${options.output}: must be one of table, json, yaml, csv`, EXIT.usage);
      return withClient(options, async (client) => {
        const job = options.job === undefined ? undefined : nameOf('job', options.job);
        const query = job === undefined ? '' : `?job=${encodeURIComponent(job)}`;
        printBill(options.output as Format | 'csv', await client.json<StatementBody>('GET', `/ledger/statements/${encodeURIComponent(client.target.namespace)}${query}`), job);
      });
    });

  const ledger = program.command('ledger').description('the double-entry ledger');
  formatOption(targetOptions(ledger.command('verify').description('check every invariant of the ledger; exit code 1 when one is broken'), false))
    .option('--database-url-file <file>', 'read the PostgreSQL database of kubernetes mode: file with postgres://USER@HOST/DATABASE')
    .option('--database-password-file <file>', 'file with its password (default: $PGPASSWORD)')
    .option('--database-ca-file <file>', "CA that verifies the database (default: the system's)")
    .addHelpText('after', [
      '',
      'Asks the server; with --data or --database-url-file the database is read itself, also when no server runs.',
      '',
      'Examples:',
      '  gleaner ledger verify',
      '  gleaner ledger verify --data ~/.gleaner',
      '  gleaner ledger verify --database-url-file /etc/gleaner/database-url',
    ].join('\n'))
    .action(async (options: VerifyOptions & { output: Format }) => {
      const report = await verify(options);
      const counts = `${report.transactions} transactions, ${report.postings} postings, ${report.accounts} accounts, ${report.openHolds} open holds`;
      print(options.output, report, () => (report.ok ? `ledger verify: ok (${counts})` : `ledger verify: FAILED (${counts})`));
      if (report.ok) return;
      for (const violation of report.violations) note(`  ${violation}`);
      process.exitCode = EXIT.failed;
    });
}
