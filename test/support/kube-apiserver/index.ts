/**
 * A real kube-apiserver with its etcd, for tests: on loopback, TLS with a CA of its own, tokens, RBAC, everything in a temporary folder.
 *
 * It is ready when `startKubeApiServer` resolves, and leaves nothing behind after `stop`. Its programs end with the test process.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeKubeconfig } from '../../../controlplane/auth/kubeconfig';
import { CertificateAuthority } from '../../../controlplane/tls/ca';
import { freePorts } from '../free-ports';
import { exchange } from '../https';
import { findKube } from './assets';
import { startProgram, type Program } from './process';

export { describeWithKube, findKube } from './assets';

export interface KubeToken {
  token: string;
  user: string;
  groups: readonly string[];
}

export interface KubeApiServerOptions {
  /** Also kube-controller-manager, for garbage collection, namespaces, service accounts, aggregated roles. */
  controllerManager?: boolean;
  /** Tokens besides the administrator's. */
  tokens?: readonly KubeToken[];
  /** etcd syncs its log, as in production; tests do without. */
  durable?: boolean;
  /** More flags for kube-apiserver; a later one overrides an earlier. */
  flags?: readonly string[];
}

export interface KubeApiServer {
  url: string;
  /** A temporary folder, removed by `stop`. */
  dir: string;
  /** PEM, and the file that holds it. */
  caCertificate: string;
  caFile: string;
  /** Of the administrator (`system:masters`). */
  kubeconfig: string;
  adminToken: string;
  /** The processes, for measuring. */
  pids: { etcd: number; apiServer: number };
  /** Kills the API server, and starts it again on the same port and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const READY_MS = 90_000;
const CONTROLLERS = [
  'garbage-collector-controller', 'namespace-controller', 'serviceaccount-controller', 'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller', 'clusterrole-aggregation-controller',
];

/** @throws Error when a program is missing (with the way to get it) or does not become ready (with the end of its log) */
export async function startKubeApiServer(options: KubeApiServerOptions = {}): Promise<KubeApiServer> {
  const found = findKube('etcd', 'kube-apiserver', ...(options.controllerManager ? ['kube-controller-manager' as const] : []));
  if ('missing' in found) throw new Error(found.missing);
  const { paths } = found;
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-kube-'));
  const started: Program[] = [];
  const stop = async (): Promise<void> => {
    for (let program = started.pop(); program; program = started.pop()) await program.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const files = await writeFiles(dir, options.tokens ?? []);
    const [etcdPort, peerPort, port] = await freePorts(3);
    const etcd = startProgram(paths.etcd, etcdFlags(dir, etcdPort, peerPort, options.durable ?? false), join(dir, 'etcd.log'));
    started.push(etcd);
    const flags = [...apiServerFlags(dir, etcdPort, port), ...(options.flags ?? [])];
    const launch = (): Program => startProgram(paths['kube-apiserver'], flags, join(dir, 'kube-apiserver.log'));
    let apiServer = launch();
    started.push(apiServer);
    const url = `https://127.0.0.1:${port}`;
    const kubeconfig = join(dir, 'kubeconfig');
    writeKubeconfig(kubeconfig, { server: url, caCertificate: files.ca, token: files.adminToken, name: 'kube' });
    await ready(url, files, () => [etcd, apiServer]);
    if (options.controllerManager) {
      started.push(startProgram(paths['kube-controller-manager'], controllerFlags(dir, kubeconfig), join(dir, 'kube-controller-manager.log')));
    }
    return {
      url, dir, caCertificate: files.ca, caFile: join(dir, 'pki', 'ca.crt'), kubeconfig, adminToken: files.adminToken,
      get pids() {
        return { etcd: etcd.pid, apiServer: apiServer.pid };
      },
      restart: async () => {
        await apiServer.kill();
        started.splice(started.indexOf(apiServer), 1);
        apiServer = launch();
        started.push(apiServer);
        await ready(url, files, () => [etcd, apiServer]);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Files {
  ca: string;
  adminToken: string;
}

async function writeFiles(dir: string, tokens: readonly KubeToken[]): Promise<Files> {
  const authority = await CertificateAuthority.open(join(dir, 'pki'));
  const pair = await authority.serverKeyPair();
  const write = (name: string, text: string): void => writeFileSync(join(dir, name), text, { mode: 0o600 });
  write('serving.key', pair.key);
  write('serving.crt', pair.certificate);
  write('pki/ca.crt', authority.caCertificate);
  const account = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  write('account.key', account.privateKey);
  write('account.pub', account.publicKey);
  const adminToken = randomBytes(16).toString('hex');
  const all: KubeToken[] = [{ token: adminToken, user: 'admin', groups: ['system:masters'] }, ...tokens];
  write('tokens.csv', all.map(({ token, user, groups }) => `${token},${user},${user},"${groups.join(',')}"`).join('\n'));
  return { ca: authority.caCertificate, adminToken };
}

const etcdFlags = (dir: string, port: number, peerPort: number, durable: boolean): string[] => [
  `--data-dir=${join(dir, 'etcd')}`,
  `--listen-client-urls=http://127.0.0.1:${port}`,
  `--advertise-client-urls=http://127.0.0.1:${port}`,
  `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
  '--log-level=warn',
  ...(durable ? [] : ['--unsafe-no-fsync']),
];

const apiServerFlags = (dir: string, etcdPort: number, port: number): string[] => [
  `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  '--endpoint-reconciler-type=none',
  `--secure-port=${port}`,
  `--cert-dir=${dir}`,
  `--tls-cert-file=${join(dir, 'serving.crt')}`,
  `--tls-private-key-file=${join(dir, 'serving.key')}`,
  `--client-ca-file=${join(dir, 'pki', 'ca.crt')}`,
  `--token-auth-file=${join(dir, 'tokens.csv')}`,
  '--authorization-mode=Node,RBAC',
  '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
  `--service-account-key-file=${join(dir, 'account.pub')}`,
  `--service-account-signing-key-file=${join(dir, 'account.key')}`,
  '--service-cluster-ip-range=10.0.0.0/24',
  '--shutdown-delay-duration=0s',
];

const controllerFlags = (dir: string, kubeconfig: string): string[] => [
  `--kubeconfig=${kubeconfig}`,
  `--controllers=${CONTROLLERS.join(',')}`,
  `--root-ca-file=${join(dir, 'pki', 'ca.crt')}`,
  `--service-account-private-key-file=${join(dir, 'account.key')}`,
  '--leader-elect=false',
  '--bind-address=127.0.0.1',
  '--secure-port=0',
];

async function ready(url: string, { ca, adminToken }: Files, programs: () => Program[]): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await isReady(url, ca, adminToken))) {
    for (const program of programs()) {
      if (program.exit() !== undefined) throw new Error(`a program of the test cluster ended (${program.exit()}):\n${program.end()}`);
    }
    if (Date.now() > deadline) throw new Error(`kube-apiserver is not ready after ${READY_MS / 1000} s:\n${programs().map((each) => each.end()).join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function isReady(url: string, ca: string, token: string): Promise<boolean> {
  return exchange(`${url}/readyz`, { ca, agent: false, timeout: 5000, headers: { authorization: `Bearer ${token}` } }).then(({ code }) => code === 200, () => false);
}
