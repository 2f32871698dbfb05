/** A real kube-apiserver, PostgreSQL, replicas of the operator and agents as real processes of the real command, in a temporary folder. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestCluster, eventually } from './gleaner';
import { exchange } from './https';
import { TestKube } from './kube';
import { LoadBalancer } from './load-balancer';
import { PostgresServer } from './postgres';
import type { KubeApiServerOptions } from './kube-apiserver';

export const OPERATOR_NAMESPACE = 'gleaner-system';

export interface LeaseView {
  spec?: { holderIdentity?: string; leaseTransitions?: number };
  metadata: { annotations?: Record<string, string> };
}

export class KubeCluster extends TestCluster {
  readonly kube = new TestKube();
  /** What every replica is started with. */
  flags: string[] = [];
  /** Whether replicas keep elements and logs in a folder that all of them see. */
  sharesFolder = true;
  /** As whom replicas act; absent: the administrator. */
  replicaKubeconfig: string | undefined;
  private readonly ports = new Map<string, number>();
  private closing = false;
  private postgres: PostgresServer | undefined;
  /** What agents and users reach. */
  service!: LoadBalancer;

  override get kubeconfig(): string {
    return join(this.dir, 'kubeconfig');
  }

  override get env(): NodeJS.ProcessEnv {
    return { ...super.env, GLEANER_NAMESPACE: OPERATOR_NAMESPACE };
  }

  async startKube(options: KubeApiServerOptions & { crds?: boolean } = {}): Promise<void> {
    await this.kube.start(options);
    writeFileSync(this.kubeconfig, this.kube.kubeconfig(), { mode: 0o600 });
    await this.kube.createNamespaces(OPERATOR_NAMESPACE);
    mkdirSync(join(this.dir, 'shared'), { recursive: true });
    this.service = await this.startService();
    this.postgres = await PostgresServer.start();
    const { url, password } = await this.postgres.createDatabase();
    writeFileSync(join(this.dir, 'database-url'), `${url}\n`, { mode: 0o600 });
    writeFileSync(join(this.dir, 'database-password'), `${password}\n`, { mode: 0o600 });
    this.flags.push(...this.databaseFlags);
  }

  protected startService(): Promise<LoadBalancer> {
    return LoadBalancer.start();
  }

  /** By which a command finds the database. */
  get databaseFlags(): string[] {
    return ['--database-url-file', join(this.dir, 'database-url'), '--database-password-file', join(this.dir, 'database-password')];
  }

  /** What the ledger's database itself says. */
  async rows<Row extends object>(sql: string): Promise<Row[]> {
    if (!this.postgres) throw new Error('there is no database yet');
    const url = readFileSync(join(this.dir, 'database-url'), 'utf8');
    return this.postgres.query<Row>(sql, new URL(url).pathname.slice(1));
  }

  /** From now on replicas act as the service account `gleaner` of the operator's namespace. */
  async actAsServiceAccount(): Promise<void> {
    const token = (await this.kubectlOk(['create', 'token', 'gleaner', '-n', OPERATOR_NAMESPACE])).trim();
    this.replicaKubeconfig = join(this.dir, 'replica-kubeconfig');
    writeFileSync(this.replicaKubeconfig, this.kube.kubeconfig({ token }), { mode: 0o600 });
  }

  /** Resolves when it listens; that is before it leads. A replica that is started again keeps its port. */
  async startReplica(name: string, extra: string[] = []): Promise<void> {
    await this.start(name, [
      'server', '--mode', 'kubernetes', '--kubeconfig', this.replicaKubeconfig ?? this.kubeconfig, '--namespace', OPERATOR_NAMESPACE, '--data', join(this.dir, name),
      '--port', String(this.ports.get(name) ?? 0), '--peer-port', '0', '--advertise-address', '127.0.0.1', '--public-url', this.service.url,
      ...(this.sharesFolder ? ['--blobs-dir', join(this.dir, 'shared')] : []), ...this.flags, ...extra,
    ]);
    // As a cluster does: a replica that ends by itself, because it leads no longer, is started again.
    this.process(name).once('exit', (code) => {
      if (code === 1 && !this.closing) void this.startReplica(name, extra).catch(() => undefined);
    });
    this.ports.set(name, Number(new URL(this.url(name)).port));
    this.service.targets = [...this.ports.values()];
  }

  process(name: string): ChildProcess {
    const child = this.processes.get(name);
    if (!child) throw new Error(`${name} was never started`);
    return child;
  }

  override serverUrl(): string {
    return this.service.url;
  }

  /** Name of the replica that the Lease names. */
  async leader(): Promise<string> {
    const address = (await this.lease()).metadata.annotations?.['gleaner.dev/address'];
    const found = [...this.ports.keys()].find((name) => this.whole(name).includes(`"peer":"${address}"`));
    if (found === undefined) throw new Error(`the Lease names ${address}, which no replica has`);
    return found;
  }

  private whole(name: string): string {
    return readFileSync(join(this.dir, `${name}.log`), 'utf8');
  }

  /** Of a replica's own port. */
  url(name: string): string {
    const url = this.said.get(name);
    if (url === undefined) throw new Error(`${name} was never ready`);
    return url;
  }

  async lease(): Promise<LeaseView> {
    return (await this.kube.admin.json({ method: 'GET', path: `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/gleaner` })) as LeaseView;
  }

  /** Resolves when a leader serves, asked through this replica. */
  async serving(name: string, timeoutMs = 30_000): Promise<void> {
    await eventually(`a leader behind ${name}`, async () => ((await this.get(`${this.url(name)}/readyz`)) === 200 ? true : undefined), timeoutMs).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.log(name)}`);
    });
  }

  /** Status of a GET; undefined: no answer. */
  private async get(url: string): Promise<number | undefined> {
    const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/configmaps/gleaner-gateway`;
    const { status, body } = await this.kube.admin.request({ method: 'GET', path });
    if (status !== 200) return undefined;
    const ca = (body as { data: Record<string, string> }).data['ca.crt'];
    return exchange(url, { ca, agent: false, timeout: 2000 }).then(({ code }) => code, () => undefined);
  }

  override async close(): Promise<void> {
    this.closing = true;
    for (const name of this.processes.keys()) await this.kill(name);
    await this.service?.stop();
    await this.kube.stop();
    await this.postgres?.stop();
    await super.close();
  }
}
