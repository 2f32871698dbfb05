/** The `gleaner` command; also `kubectl gleaner`. */
import 'reflect-metadata';
import { basename } from 'node:path';
import { Command, CommanderError } from 'commander';
import { VERSION_OF_PACKAGE } from '../crds/package-info';
import { addAgentCommands } from './commands/agent';
import { addDataCommands } from './commands/data';
import { addExplainCommand } from './commands/explain';
import { addIssuerCommands } from './commands/issuer';
import { addMoneyCommands } from './commands/money';
import { addResourceCommands } from './commands/resources';
import { addServerCommands } from './commands/server';
import { addTokenCommands } from './commands/token';
import { CliError, EXIT } from './errors';

export function buildProgram(name = 'gleaner'): Command {
  const program = new Command(name)
    .description('Turns idle and rented machines into one computer that people use with kubectl.')
    .version(VERSION_OF_PACKAGE)
    .showHelpAfterError('(add --help for the options)')
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', [
      '',
      'Start here:',
      '  gleaner up                          a server and an agent on this machine',
      '  export KUBECONFIG=~/.gleaner/kubeconfig',
      '  gleaner deposit 10.00               credits for namespace default',
      '  kubectl apply -f examples/pi/job.yaml',
      '  kubectl wait --for=condition=Finished job.gleaner.dev/pi',
      '  gleaner results job/pi; gleaner bill',
      '',
      'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 server not reachable, 4 not allowed, 5 not found, 6 timed out.',
    ].join('\n'));
  addServerCommands(program);
  addTokenCommands(program);
  addAgentCommands(program);
  addIssuerCommands(program);
  addResourceCommands(program);
  addDataCommands(program);
  addMoneyCommands(program);
  addExplainCommand(program);
  overrideExit(program);
  return program;
}

/** Wrong usage ends with exit code 2 everywhere, not commander's 1. */
function overrideExit(command: Command): void {
  command.exitOverride();
  command.commands.forEach(overrideExit);
}

/** Runs the command line and sets the exit code. */
export function main(argv: string[]): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader (head, less) went away: what it wanted is done.
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
  });
  const name = basename(argv[1] ?? 'gleaner') === 'kubectl-gleaner' ? 'kubectl gleaner' : 'gleaner';
  buildProgram(name).parseAsync(argv).catch((error: unknown) => {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (!(error instanceof CliError) && process.env.GLEANER_DEBUG !== undefined) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
    process.exitCode = error instanceof CliError ? error.exitCode : EXIT.failed;
  });
}
