/** Options that every command that talks to a server has. */
import { type Command, Option } from 'commander';
import { Client, findTarget } from './client';
import { CliError, EXIT } from './errors';
import { type Format, parseFormat } from './output';

export interface TargetOptions {
  data?: string;
  namespace?: string;
  gateway?: string;
  gatewayCa?: string;
  token?: string;
}

/** Adds `--data` and, for namespaced things, `-n`. */
export function targetOptions(command: Command, namespaced = true): Command {
  command.option('--data <dir>', 'data folder of the server (its kubeconfig is used); otherwise $KUBECONFIG, otherwise ~/.gleaner');
  command
    .addOption(new Option('--gateway <url>', "Gleaner's own port when objects are in a cluster (default: $GLEANER_GATEWAY, or what the cluster announces)").helpGroup('Kubernetes mode:'))
    .addOption(new Option('--gateway-ca <file>', 'CA that verifies it (default: $GLEANER_GATEWAY_CA)').helpGroup('Kubernetes mode:'))
    .addOption(new Option('--token <token>', "bearer token instead of the kubeconfig's (default: $GLEANER_TOKEN); \"kubectl create token\" makes one").helpGroup('Kubernetes mode:'));
  if (namespaced) command.option('-n, --namespace <namespace>', "namespace; otherwise the kubeconfig's, otherwise default");
  return command;
}

/** Adds `-o table|json|yaml`. */
export function formatOption(command: Command): Command {
  return command.option<Format>('-o, --output <format>', 'table, json or yaml', parseFormat, 'table');
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** The value of `--log-level`. @throws CliError naming those there are. */
export function logLevel(text: string): string {
  if ((LOG_LEVELS as readonly string[]).includes(text)) return text;
  throw new CliError(`--log-level ${text}: must be one of ${LOG_LEVELS.join(', ')}`, EXIT.usage);
}

/** Runs `action` with a client that is closed afterwards. */
export async function withClient<T>(options: TargetOptions, action: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(findTarget(options));
  try {
    return await action(client);
  } finally {
    client.close();
  }
}

/** `job/pi`, `jobs.gleaner.dev/pi`, `gj/pi` or `pi` → `pi`. @throws CliError when it names another kind. */
export function nameOf(kind: 'job' | 'task' | 'agent', text: string): string {
  const short = { job: 'gj', task: 'gt', agent: 'ga' }[kind];
  const [left, right, ...more] = text.split('/');
  if (right === undefined) return text;
  if (more.length > 0 || right === '' || ![kind, `${kind}s`, `${kind}s.gleaner.dev`, short].includes(left!.toLowerCase())) {
    throw new CliError(`"${text}": expected ${kind}/NAME`, EXIT.usage);
  }
  return right;
}
