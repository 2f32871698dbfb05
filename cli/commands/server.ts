/** `gleaner up|server`. */
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import pino, { type Logger } from 'pino';
import { formatDuration, parseDuration } from '../../crds/duration';
import { PACKAGE_ROOT } from '../../crds/package-info';
import { formatBytes, parseBytes } from '../../crds/quantity';
import { type AuditLogConfig, type ControlPlaneConfig, CLUSTER_PACE, DEFAULT_PORT, defaultConfig } from '../../controlplane/config';
import { DEFAULT_PEER_PORT, type KubernetesConfig, type WebhookPlace } from '../../controlplane/kubernetes/config';
import { type ControlPlane, startControlPlane } from '../../controlplane/main';
import { Client, defaultDataDir, findTarget } from '../client';
import { CliError, EXIT } from '../errors';
import { keepSmallHeapSmall } from '../heap';
import { startLocalAgent } from '../local-agent';
import { note } from '../output';
import { onEnd } from '../signals';
import { LOG_LEVELS, logLevel } from '../target';

interface ServerOptions {
  data: string;
  port: number;
  listen: string;
  name: string[];
  images: string;
  heartbeat?: number;
  lostAfter?: number;
  maxElementBytes?: number;
  maxElementsBytes?: number;
  maxRequestsInflight: number;
  maxMutatingRequestsInflight: number;
  logLevel: string;
  mode: 'embedded' | 'kubernetes';
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  leaseName: string;
  leaseDuration?: number;
  peerPort: number;
  advertiseAddress?: string;
  publicUrl?: string;
  installCrds?: boolean;
  webhook?: WebhookPlace;
  webhookFailurePolicy: 'Fail' | 'Ignore';
  blobsDir?: string;
  elementsUrl?: string;
  databaseUrlFile?: string;
  databasePasswordFile?: string;
  databaseCaFile?: string;
  auditLog?: string;
  auditLogMaxBytes?: number;
  auditLogMaxFiles: number;
}

const portOf = (flag: string) => (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new CliError(`${flag} ${text}: must be a number from 0 (any free port) to 65535`, EXIT.usage);
  return value;
};

const duration = (flag: string, min: string, max: string) => (text: string): number => {
  let ms: number;
  try {
    ms = parseDuration(text);
  } catch (error) {
    throw new CliError(`${flag}: ${(error as Error).message}`, EXIT.usage);
  }
  if (ms < parseDuration(min) || ms > parseDuration(max)) throw new CliError(`${flag} ${text}: must be from ${min} to ${max}`, EXIT.usage);
  return ms;
};

const bytes = (flag: string) => (text: string): number => {
  try {
    return parseBytes(text);
  } catch (error) {
    throw new CliError(`${flag}: ${(error as Error).message}`, EXIT.usage);
  }
};

const count = (flag: string) => (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000) throw new CliError(`${flag} ${text}: must be a whole number from 1 to 100000`, EXIT.usage);
  return value;
};

function files(text: string): number {
  const value = Number(text);
  if (!/^\d{1,4}$/.test(text) || value > 1000) throw new CliError(`--audit-log-max-files ${text}: must be a whole number from 0 to 1000`, EXIT.usage);
  return value;
}

/** An option that may be repeated. */
const collect = (value: string, all: string[]): string[] => [...all, value];

function serverOptions(command: Command): Command {
  const { maxElementBytes, maxElementsBytes, heartbeatMs, maxRequestsInFlight, maxMutatingRequestsInFlight } = defaultConfig('');
  return command
    .addOption(new Option('--data <dir>', 'data folder: database, elements, keys, kubeconfig').default(defaultDataDir(), '~/.gleaner, or $GLEANER_DATA'))
    .option('--port <n>', 'TLS port; 0: any free one', portOf('--port'), DEFAULT_PORT)
    .option('--listen <address>', 'address to listen on; 0.0.0.0 lets other machines join', '127.0.0.1')
    .addOption(new Option('--name <name>', "another name or address for the server's certificate; repeat for more").argParser(collect).default([], 'none'))
    .addOption(new Option('--images <dir>', 'runtime images, as "make images" writes them').default(join(PACKAGE_ROOT, 'build', 'images'), 'build/images of the checkout'))
    .option('--heartbeat <duration>', `how often agents say that they live (default: ${formatDuration(heartbeatMs)})`, duration('--heartbeat', '10ms', '10m'))
    .option('--lost-after <duration>', 'an agent that is silent so long is given up (default: 3 heartbeats, at least 2s; 6s in kubernetes mode)', duration('--lost-after', '50ms', '1h'))
    .option('--max-element-bytes <quantity>', `largest data element (default: ${formatBytes(maxElementBytes)})`, bytes('--max-element-bytes'))
    .option('--max-elements-bytes <quantity>', `all data elements together (default: ${formatBytes(maxElementsBytes)})`, bytes('--max-elements-bytes'))
    .option('--max-requests-inflight <n>', 'requests to the API that only read, at a time; further ones wait their turn', count('--max-requests-inflight'), maxRequestsInFlight)
    .option('--max-mutating-requests-inflight <n>', 'the same for requests that may write', count('--max-mutating-requests-inflight'), maxMutatingRequestsInFlight)
    .option('--audit-log <file>', 'who did what, when, with which outcome, one JSON line per request; none: no record (default: audit.log in the data folder)')
    .option('--audit-log-max-bytes <quantity>', 'a file of the audit log is turned over when it has so much (default: 100Mi)', bytes('--audit-log-max-bytes'))
    .option('--audit-log-max-files <n>', 'full files of the audit log that are kept', files, 10)
    .option('--log-level <level>', LOG_LEVELS.join(', '), logLevel, 'info');
}

function webhookPlace(text: string): WebhookPlace {
  const service = /^service\/([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(?::(\d{1,5}))?$/.exec(text);
  if (service) return { service: service[1], port: Number(service[3] ?? DEFAULT_PORT) };
  if (/^https:\/\/[^/?#@]+$/.test(text)) return { url: text };
  throw new CliError(`--webhook ${text}: must be service/NAME, service/NAME:PORT, or https:// and a host, with no path`, EXIT.usage);
}

/** Only `server` has them: `up` is always embedded. */
function kubernetesOptions(command: Command): Command {
  const group = 'Kubernetes mode:';
  const option = (flags: string, description: string): Option => new Option(flags, description).helpGroup(group);
  return command
    .addOption(option('--mode <mode>', 'embedded: a Kubernetes-compatible API and SQLite of its own; kubernetes: a replica of an operator on a cluster').choices(['embedded', 'kubernetes']).default('embedded'))
    .addOption(option('--kubeconfig <file>', "the cluster (default: $KUBECONFIG, ~/.kube/config, or the pod's service account)"))
    .addOption(option('--context <name>', 'context of the kubeconfig (default: its current one)'))
    .addOption(option('--namespace <name>', "the operator's own namespace, for its Lease, keys and address (default: the context's, or the pod's)"))
    .addOption(option('--lease-name <name>', 'name of the Lease that elects the leader').default('gleaner'))
    .addOption(option('--lease-duration <duration>', 'a leader that does not renew for so long is replaced (default: 3s)').argParser(duration('--lease-duration', '2s', '60s')))
    .addOption(option('--peer-port <n>', 'port for other replicas, health and metrics of this one; 0: any free one').argParser(portOf('--peer-port')).default(DEFAULT_PEER_PORT))
    .addOption(option('--advertise-address <host>', 'name or address of this replica for the others (default: $POD_IP, or the first address of this machine)'))
    .addOption(option('--public-url <url>', "where agents and users reach all replicas; announced in the cluster (default: this replica's own port)"))
    .addOption(option('--webhook <where>', "where the cluster's API server asks about what schema and CEL cannot say: service/NAME[:PORT] in the operator's namespace, or https://HOST[:PORT] (default: it is not asked)").argParser(webhookPlace))
    .addOption(option('--webhook-failure-policy <policy>', 'while no replica answers: Fail accepts no Job, Ignore accepts it unchecked').choices(['Fail', 'Ignore']).default('Fail'))
    .addOption(option('--install-crds', 'put the CustomResourceDefinitions into the cluster first'))
    .addOption(option('--database-url-file <file>', 'file with postgres://USER[:PASSWORD]@HOST/DATABASE (default: SQLite in the folder of blobs, for one replica only)'))
    .addOption(option('--database-password-file <file>', 'file with its password (default: that of the URL, or $PGPASSWORD)'))
    .addOption(option('--database-ca-file <file>', "CA that verifies the database (default: the system's)"))
    .addOption(option('--elements-url <url>', 'bucket for data elements: s3://BUCKET/PREFIX?region=REGION&endpoint=https://HOST&path-style=true; credentials from the environment (default: the folder of blobs)'))
    .addOption(option('--blobs-dir <dir>', 'data elements and logs, in a folder that all replicas share (default: the data folder)'));
}

function kubernetesConfig(options: ServerOptions): KubernetesConfig {
  const { kubeconfig, context, namespace, publicUrl, blobsDir, elementsUrl, databaseUrlFile, databasePasswordFile, databaseCaFile } = options;
  if (publicUrl !== undefined && !/^https:\/\/[^/]+$/.test(publicUrl)) throw new CliError(`--public-url ${publicUrl}: must be https:// and a host, with no path`, EXIT.usage);
  return {
    ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }), ...(namespace !== undefined && { namespace }),
    ...(publicUrl !== undefined && { publicUrl }), ...(blobsDir !== undefined && { blobsDir }),
    ...(elementsUrl !== undefined && { elementsUrl }),
    ...(databaseUrlFile !== undefined && { databaseUrlFile }), ...(databasePasswordFile !== undefined && { databasePasswordFile }),
    ...(databaseCaFile !== undefined && { databaseCaFile }),
    leaseName: options.leaseName,
    leaseDurationMs: options.leaseDuration ?? 3000,
    peerPort: options.peerPort,
    advertise: options.advertiseAddress ?? process.env.POD_IP ?? ownAddress(),
    installCrds: options.installCrds ?? false,
    ...(options.webhook && { webhook: { where: options.webhook, failurePolicy: options.webhookFailurePolicy } }),
  };
}

/** The first address of this machine that others can reach; loopback when there is none. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}

function auditLogOf({ auditLog, auditLogMaxBytes, auditLogMaxFiles }: ServerOptions, base: AuditLogConfig | undefined): { auditLog?: AuditLogConfig } {
  if (auditLog === 'none' || base === undefined) return {};
  if ((auditLogMaxBytes ?? base.maxBytes) < 65_536) throw new CliError('--audit-log-max-bytes: must be at least 64Ki', EXIT.usage);
  return { auditLog: { path: auditLog ?? base.path, maxBytes: auditLogMaxBytes ?? base.maxBytes, maxFiles: auditLogMaxFiles } };
}

function configOf(options: ServerOptions): ControlPlaneConfig {
  const { auditLog, ...base } = defaultConfig(options.data);
  const heartbeatMs = options.heartbeat ?? base.heartbeatMs;
  return {
    ...base,
    listen: options.listen,
    port: options.port,
    names: [...base.names, ...options.name],
    imagesDir: options.images,
    heartbeatMs,
    // A new leader gives agents time to find it.
    lostAfterMs: options.lostAfter ?? Math.max(options.mode === 'kubernetes' ? 6000 : 2000, 3 * heartbeatMs),
    maxElementBytes: options.maxElementBytes ?? base.maxElementBytes,
    maxElementsBytes: options.maxElementsBytes ?? base.maxElementsBytes,
    maxRequestsInFlight: options.maxRequestsInflight,
    maxMutatingRequestsInFlight: options.maxMutatingRequestsInflight,
    logLevel: options.logLevel,
    ...(options.mode === 'kubernetes' && { kubernetes: kubernetesConfig(options), pace: CLUSTER_PACE }),
    ...auditLogOf(options, auditLog),
  };
}

async function startServer(options: ServerOptions, logger: Logger): Promise<ControlPlane> {
  keepSmallHeapSmall();
  const plane = await startControlPlane(configOf(options), logger);
  if (plane.runtimes?.length === 0) note('no runtime images: run "make images" and start again; until then Jobs wait for a Runtime');
  return plane;
}

const sayReady = (plane: ControlPlane): void => {
  process.stdout.write(plane.kubeconfig === undefined ? `ready: ${plane.url}\n` : `ready: export KUBECONFIG=${plane.kubeconfig}\n`);
};

export function addServerCommands(program: Command): void {
  serverOptions(program.command('up').description('a server and an agent on this machine, until Ctrl-C'))
    .option('--agent <runtime>', 'docker; scripted (tasks are simulated as their script says); none', 'docker')
    .addHelpText('after', [
      '',
      'Prints "ready: export KUBECONFIG=…" when kubectl can be used.',
      '',
      'Examples:',
      '  gleaner up',
      '  gleaner up --data /srv/gleaner --port 7643 --listen 0.0.0.0',
    ].join('\n'))
    .action(async (options: ServerOptions & { agent: string }) => {
      if (!['docker', 'scripted', 'none'].includes(options.agent)) throw new CliError(`--agent ${options.agent}: must be docker, scripted or none`, EXIT.usage);
      const logger = pino({ level: options.logLevel }, pino.destination(2));
      const plane = await startServer(options, logger);
      const client = new Client(findTarget({ data: options.data }));
      try {
        const agent = options.agent === 'none' ? undefined : await startLocalAgent(client, plane.url, join(options.data, 'agent'), options.agent as 'docker' | 'scripted', options.logLevel);
        onEnd(async () => {
          await agent?.stop();
          await plane.stop();
        });
        sayReady(plane);
      } catch (error) {
        await plane.stop();
        throw error;
      } finally {
        client.close();
      }
    });

  kubernetesOptions(serverOptions(program.command('server').description('the control plane alone, until SIGTERM')))
    .addHelpText('after', [
      '',
      'In kubernetes mode the process ends with code 1 when another replica may lead: let it be started again.',
      '',
      'Examples:',
      '  gleaner server --data /srv/gleaner --listen 0.0.0.0 --name gleaner.example.org',
      '  gleaner server --mode kubernetes --namespace gleaner-system --listen 0.0.0.0 --public-url https://gleaner.example.org:7643',
    ].join('\n'))
    .action(async (options: ServerOptions) => {
      const plane = await startServer(options, pino({ level: options.logLevel }, pino.destination(2)));
      onEnd(() => plane.stop());
      // At once: whatever is under way must not end after another replica leads.
      void plane.failed?.then((error) => {
        process.stderr.write(`gleaner: ${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}\n`);
        process.exit(EXIT.failed);
      });
      sayReady(plane);
    });
}
