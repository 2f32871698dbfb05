/** `gleaner agent join|run|status|drain`: an owner's machine. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { type AgentConfig, defaultAgentConfig } from '../../agent/config';
import type { AgentStatusFile } from '../../agent/status-file';
import { formatBytes, parseBytes, parseCpuMillis } from '../../crds/quantity';
import { defaultDataDir } from '../client';
import { CliError, EXIT } from '../errors';
import { agentMain } from '../local-agent';
import { type Format, note, print, table } from '../output';
import { onDrain } from '../signals';
import { formatOption, logLevel, nameOf, type TargetOptions, targetOptions, withClient } from '../target';

const defaultAgentDir = (env: NodeJS.ProcessEnv = process.env): string => env.GLEANER_AGENT_DATA ?? join(homedir(), '.gleaner-agent');

/** The agent that joined from here; when there is none, the one that `gleaner up` runs beside the kubeconfig. */
function findAgentDir(env: NodeJS.ProcessEnv = process.env): string {
  const kubeconfig = env.KUBECONFIG?.split(':').find((file) => file !== '');
  const ofUp = join(kubeconfig === undefined ? defaultDataDir(env) : dirname(kubeconfig), 'agent');
  const joined = defaultAgentDir(env);
  return !existsSync(join(joined, 'status.json')) && existsSync(join(ofUp, 'status.json')) ? ofUp : joined;
}

const AGENT_DIR_TEXT = '~/.gleaner-agent, or $GLEANER_AGENT_DATA';
const DRAIN_POLL_MS = 250;

interface RunOptions {
  data: string;
  runtime: string;
  cpu?: string;
  memory?: string;
  scratch?: string;
  slots?: string;
  ask: string;
  metricsPort?: string;
  logLevel: string;
}

function whole(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) throw new CliError(`${flag} ${text}: must be a whole number from ${min} to ${max}`, EXIT.usage);
  return value;
}

function quantity(flag: string, text: string, parse: (value: string) => number): number {
  try {
    return parse(text);
  } catch (error) {
    throw new CliError(`${flag}: ${(error as Error).message}`, EXIT.usage);
  }
}

function configOf(options: RunOptions): AgentConfig {
  if (options.runtime !== 'docker' && options.runtime !== 'scripted') throw new CliError(`--runtime ${options.runtime}: must be docker or scripted`, EXIT.usage);
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(options.ask)) throw new CliError(`--ask ${options.ask}: must be credits per core-hour, such as 0.25`, EXIT.usage);
  const base = defaultAgentConfig(options.data);
  const { offered } = base;
  return {
    ...base,
    runtime: options.runtime,
    offered: {
      cpu: options.cpu === undefined ? offered.cpu : quantity('--cpu', options.cpu, parseCpuMillis) / 1000,
      memoryBytes: options.memory === undefined ? offered.memoryBytes : quantity('--memory', options.memory, parseBytes),
      scratchBytes: options.scratch === undefined ? offered.scratchBytes : quantity('--scratch', options.scratch, parseBytes),
      slots: options.slots === undefined ? offered.slots : whole('--slots', options.slots, 1, 10_000),
    },
    askCpuHour: options.ask,
    ...(options.metricsPort === undefined ? {} : { metricsPort: whole('--metrics-port', options.metricsPort, 0, 65_535) }),
    logLevel: logLevel(options.logLevel),
  };
}

function readToken(argument: string): string {
  const token = (argument === '-' ? readFileSync(0, 'utf8') : argument).trim();
  if (token === '') throw new CliError('the token is empty: make one with "gleaner token create" where the server runs', EXIT.usage);
  return token;
}

function readStatus(dir: string): AgentStatusFile {
  const file = join(dir, 'status.json');
  if (!existsSync(file)) throw new CliError(`no agent ran in ${dir} yet: join with "gleaner agent join", then "gleaner agent run"`, EXIT.notFound);
  return JSON.parse(readFileSync(file, 'utf8')) as AgentStatusFile;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function statusTable(status: AgentStatusFile, alive: boolean): string {
  const { offered } = status;
  const lines = [
    `agent ${status.id.slice(0, 16)}… ${alive ? status.state : 'not running'} (server ${status.url})`,
    `offers cpu ${offered.cpu}, memory ${formatBytes(offered.memoryBytes)}, scratch ${formatBytes(offered.scratchBytes)}, ${offered.slots} slots`,
  ];
  if (alive && !status.runtime.available) lines[1] = `offers nothing: ${status.runtime.name} does not answer (with it: ${lines[1]!.replace('offers ', '')})`;
  if (status.message !== undefined) lines.push(status.message);
  if (status.attempts.length > 0) lines.push(table(['ATTEMPT', 'STATE', 'SINCE'], status.attempts.map((a) => [a.lease, a.state, a.since])));
  return lines.join('\n');
}

async function drainHere(dir: string): Promise<void> {
  const { pid } = readStatus(dir);
  if (!isAlive(pid)) throw new CliError(`the agent in ${dir} is not running`, EXIT.notFound);
  process.kill(pid, 'SIGTERM');
  note('draining: no new tasks; what runs is stopped within its grace period and reported');
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
  process.stdout.write('drained\n');
}

export function addAgentCommands(program: Command): void {
  const agent = program.command('agent').description("an owner's machine");
  const dataOption = (command: Command): Command => command.addOption(new Option('--data <dir>', "the agent's data folder").default(defaultAgentDir(), AGENT_DIR_TEXT));

  dataOption(agent.command('join <url> <token>').description('register this machine; once per machine'))
    .option('--name <name>', 'a name that only the operator sees')
    .addHelpText('after', '\nA token of "-" is read from standard input, so that it is not in the list of processes.\n\nExample:\n  gleaner agent join https://gleaner.example.org:7643 - <token.txt')
    .action(async (url: string, token: string, options: { data: string; name?: string }) => {
      const { joinAgent } = agentMain();
      const { id } = await joinAgent({ url, token: readToken(token), dataDir: options.data, ...(options.name === undefined ? {} : { name: options.name }) });
      process.stdout.write(`joined as ${id}\n`);
      note(`start it with: gleaner agent run --data ${options.data}`);
    });

  dataOption(agent.command('run').description('offer this machine and run tasks, until SIGTERM'))
    .option('--runtime <runtime>', 'docker, or scripted: tasks are simulated', 'docker')
    .option('--cpu <cores>', 'cores offered (default: all)')
    .option('--memory <quantity>', 'memory offered (default: three quarters of what is free)')
    .option('--scratch <quantity>', 'disk offered (default: half of what is free)')
    .option('--slots <n>', 'tasks at once (default: two per core)')
    .option('--ask <credits>', 'least credits per core-hour that you work for', '0')
    .option('--metrics-port <n>', 'serve Prometheus metrics on this port of 127.0.0.1; 0: any free one')
    .option('--log-level <level>', 'trace, debug, info, warn, error, silent', 'info')
    .addHelpText('after', [
      '',
      'SIGTERM and Ctrl-C drain: no new tasks, what runs gets its grace period, results are delivered. A second one ends at once;',
      'containers then go on and are taken over at the next start.',
      '',
      'Example:',
      '  gleaner agent run --cpu 4 --memory 8Gi --ask 0.25',
    ].join('\n'))
    .action(async (options: RunOptions) => {
      const { startAgent } = agentMain();
      const running = await startAgent(configOf(options));
      onDrain(() => running.drain(), running.stopped);
      process.stdout.write(`ready: agent ${running.id}\n`);
    });

  formatOption(agent.command('status').description('what the agent on this machine does'))
    .option('--data <dir>', `the agent's data folder (default: ${AGENT_DIR_TEXT}; when no agent ran there, that of "gleaner up": "agent" beside the kubeconfig)`)
    .addHelpText('after', '\nExit code 1 when it is not running.\n\nExamples:\n  gleaner agent status\n  gleaner agent status --data ~/.gleaner/agent -o json')
    .action((options: { data?: string; output: Format }) => {
      const status = readStatus(options.data ?? findAgentDir());
      const alive = isAlive(status.pid);
      print(options.output, { ...status, running: alive }, () => statusTable(status, alive));
      if (!alive) process.exitCode = EXIT.failed;
    });

  targetOptions(agent.command('drain [name]').description('stop taking tasks: the agent of this machine, or (operator) any by name'), false)
    .addOption(new Option('--agent-data <dir>', "without a name: the agent's data folder").default(defaultAgentDir(), AGENT_DIR_TEXT))
    .addHelpText('after', [
      '',
      'Without a name the agent of this machine is drained and its process ends (for "gleaner up" that is the server, too: use the name).',
      'With a name ("kubectl get agents") the server stops offering to that agent; undo it with',
      '  kubectl patch agents.gleaner.dev NAME --type merge -p \'{"spec":{"cordoned":false}}\'',
      '',
      'Examples:',
      '  gleaner agent drain',
      '  gleaner agent drain agent/0f3a…',
    ].join('\n'))
    .action(async (name: string | undefined, options: TargetOptions & { agentData: string }) => {
      if (name === undefined) return drainHere(options.agentData);
      return withClient(options, async (client) => {
        const target = nameOf('agent', name);
        await client.json('POST', `/drain/${encodeURIComponent(target)}`);
        process.stdout.write(`agent "${target}" takes no new tasks\n`);
      });
    });
}
