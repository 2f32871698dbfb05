/**
 * A Docker Engine of a test's own, to be killed: own network namespace, own data, state, socket and containerd; no bridge, so that the
 * machine's network is not touched. Needs root and Docker's packages.
 */
import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readlinkSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';

const READY_MS = 60_000;
const PAUSE_MS = 100;
const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

export class TestDockerd {
  readonly folder = mkdtempSync(join(tmpdir(), 'gleaner-dockerd-'));
  readonly socket = join(this.folder, 'docker.sock');
  /** For DOCKER_HOST. */
  readonly host = `unix://${this.socket}`;
  private process: ChildProcess | undefined;

  private constructor() {}

  static async start(): Promise<TestDockerd> {
    const dockerd = new TestDockerd();
    await dockerd.restart();
    return dockerd;
  }

  /** kill -9: containers go on until it is back. Its containerd dies with it. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
    // One that starts while the old containerd still goes, or is not reaped yet, would take that for its own.
    for (const until = Date.now() + 10_000; this.remaining('/containerd').length > 0 && Date.now() < until;) await pause(PAUSE_MS);
    rmSync(join(this.folder, 'exec/containerd/containerd.pid'), { force: true });
  }

  /** Starts it, over the data of its former life when there is any, and waits until it answers. */
  async restart(): Promise<void> {
    const log = openSync(join(this.folder, 'log'), 'a');
    const name = `gleaner-${this.folder.slice(-6)}`;
    this.process = spawn('unshare', ['--net', 'dockerd', '--data-root', join(this.folder, 'data'), '--exec-root', join(this.folder, 'exec'),
      '--pidfile', join(this.folder, 'pid'), '--host', this.host, '--bridge', 'none', '--iptables=false', '--ip6tables=false',
      '--containerd-namespace', name, '--containerd-plugins-namespace', `${name}-plugins`], { stdio: ['ignore', log, log] });
    closeSync(log);
    const docker = new Docker({ socketPath: this.socket, timeout: 5000 });
    for (const until = Date.now() + READY_MS; Date.now() < until; await pause(PAUSE_MS)) {
      if (this.process.exitCode !== null) break;
      if (await docker.ping().then(() => true, () => false)) return;
    }
    throw new Error(`dockerd did not start:\n${readFileSync(join(this.folder, 'log'), 'utf8').slice(-3000)}`);
  }

  /** Ends it, its containers and whatever else it left. */
  async stop(): Promise<void> {
    if (this.process?.exitCode !== null || this.process.signalCode !== null) await this.restart();
    const docker = new Docker({ socketPath: this.socket });
    for (const { Id } of await docker.listContainers({ all: true })) await docker.getContainer(Id).remove({ force: true }).catch(() => undefined);
    await this.end('SIGTERM');
    for (const pid of this.remaining()) process.kill(pid, 'SIGKILL');
    for (const mount of this.mounts()) execFileSync('umount', ['-l', mount], { timeout: 10_000 });
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Processes that were started with this folder in their arguments: shims, a containerd. */
  private remaining(program = ''): number[] {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
      try {
        const exe = readlinkSync(`/proc/${pid}/exe`);
        return pid !== process.pid && /containerd(-shim[^/]*)?( \(deleted\))?$/.test(exe) && exe.endsWith(program) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.folder);
      } catch {
        return false;
      }
    });
  }

  private mounts(): string[] {
    if (!existsSync('/proc/self/mountinfo')) return [];
    return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '')
      .filter((path) => path.startsWith(`${this.folder}/`)).sort((a, b) => b.length - a.length);
  }
}
