/**
 * The benchmark: `node build/js/bench/main.js [--only NAME,…] [--quick] [--profile] [--publish]`.
 *
 * Runs the scenarios one after another, prints one table, and writes bench/out/: latest.json (the rows), machine.json (what they were
 * measured on), details.json (notes of the run), table.md (the table for docs/performance.md). A scenario that fails gives the reason and
 * no rows, and the exit code is 1; a missed target does not change the exit code. `--publish` also puts the table into docs/performance.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { openSession, type Scenario, type Session } from './harness/context';
import { describeMachine } from './harness/machine';
import { publish, type Details } from './harness/publish';
import type { Row } from './harness/row';
import { markdownTable, terminalTable } from './harness/table';
import { arrayJob } from './scenarios/array-job';
import { coldDocker } from './scenarios/cold-docker';
import { heartbeats } from './scenarios/heartbeats';
import { latency } from './scenarios/latency';
import { lifecycle } from './scenarios/lifecycle';
import { objects } from './scenarios/objects';
import { watchers } from './scenarios/watchers';

const SCENARIOS: readonly Scenario[] = [lifecycle, arrayJob, latency, heartbeats, watchers, objects, coldDocker];
const ROOT = join(__dirname, '..', '..', '..');
const OUT = join(ROOT, 'bench', 'out');

interface Options {
  only?: string;
  quick: boolean;
  profile: boolean;
  publish: boolean;
}

function parse(argv: string[]): Options & { scenarios: Scenario[] } {
  const command = new Command('bench')
    .description('Measures Gleaner beside its peers and floors; see docs/performance.md.')
    .addOption(new Option('--only <names>', `scenarios, separated by commas: ${SCENARIOS.map((s) => s.name).join(', ')}`))
    .option('--quick', 'small counts: shows that everything works; its figures mean little', false)
    .option('--profile', 'run the server with a CPU profile and print where its time went (figures get worse)', false)
    .option('--publish', 'put the table and the machine into docs/performance.md (a whole run only)', false)
    .addHelpText('after', `\nScenarios:\n${SCENARIOS.map((s) => `  ${s.name.padEnd(12)} ${s.about}`).join('\n')}`);
  command.parse(argv);
  const options = command.opts<Options>();
  const names = options.only?.split(',') ?? SCENARIOS.map((s) => s.name);
  const unknown = names.filter((name) => !SCENARIOS.some((s) => s.name === name));
  if (unknown.length > 0) command.error(`--only ${unknown.join(',')}: no such scenario; there are ${SCENARIOS.map((s) => s.name).join(', ')}`);
  if (options.publish && (options.only !== undefined || options.quick || options.profile)) command.error('--publish: only a whole, plain run is published; leave out --only, --quick and --profile');
  return { ...options, scenarios: SCENARIOS.filter((s) => names.includes(s.name)) };
}

async function main(): Promise<void> {
  const options = parse(process.argv);
  const started = performance.now();
  const say = (text: string): void => void process.stderr.write(`  [${String(Math.round((performance.now() - started) / 1000)).padStart(3)}s] ${text}\n`);
  let current: Session | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    say(`${signal}: stopping what runs`);
    void (current?.close() ?? Promise.resolve()).finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);

  const machine = await describeMachine(tmpdir(), loadavg()[0]!);
  const rows: Row[] = [];
  const details: Details = {};
  for (const scenario of options.scenarios) {
    process.stderr.write(`==> ${scenario.name}: ${scenario.about}\n`);
    const begun = performance.now();
    const session = openSession({ quick: options.quick, profile: options.profile, say });
    current = session;
    let error: string | undefined;
    try {
      rows.push(...(await scenario.run(session.context)));
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
      say(`${scenario.name} failed: ${error}`);
    } finally {
      await session.close();
    }
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    details[scenario.name] = { seconds, notes: session.notes, ...(error === undefined ? {} : { error }) };
  }
  mkdirSync(OUT, { recursive: true });
  const write = (file: string, value: unknown): void => writeFileSync(join(OUT, file), `${JSON.stringify(value, undefined, 2)}\n`);
  write('latest.json', rows);
  write('machine.json', { ...machine, quick: options.quick, profile: options.profile });
  write('details.json', details);
  writeFileSync(join(OUT, 'table.md'), `${markdownTable(rows)}\n`);
  process.stdout.write(`${terminalTable(rows)}\n`);
  if (options.publish) publish(join(ROOT, 'docs', 'performance.md'), rows, machine, details);
  if (Object.values(details).some((d) => d.error !== undefined)) process.exitCode = 1;
}

void main();
