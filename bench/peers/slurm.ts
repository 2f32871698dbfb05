/**
 * Slurm, run by the benchmark itself: munged, slurmctld and slurmd on loopback with a configuration, key and state of their own,
 * stopped afterwards. One node that claims SLOTS processors, so that the number of cores does not limit how many `true`s are under
 * way. `defaults`: the scheduling parameters that Slurm ships with. `tuned`: no delays between scheduling runs.
 */
import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Child } from '../harness/children';
import { freePort } from '../../test/support/free-ports';
import type { Context } from '../harness/context';
import { which } from './which';

const run = promisify(execFile);
const SLOTS = 256;
const TUNED = 'batch_sched_delay=0,sched_min_interval=0,sched_interval=1,default_queue_depth=1000,bf_interval=1';
const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue'] as const;

export type SlurmMode = 'defaults' | 'tuned';

export class Slurm {
  private constructor(
    private readonly dir: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly daemons: Child[],
  ) {}

  /** Programs that are not installed; empty: it can be started. */
  static missing(): string[] {
    return PROGRAMS.filter((program) => which(program) === undefined);
  }

  /** @throws Error with the daemons' output when one of them does not start */
  static async start(context: Context, mode: SlurmMode): Promise<Slurm> {
    const dir = join(context.dir, `slurm-${mode}`);
    for (const name of ['state', 'spool', 'log']) mkdirSync(join(dir, name), { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, 'munge.key'), randomBytes(1024), { mode: 0o400 });
    writeFileSync(join(dir, 'slurm.conf'), configuration(dir, mode, await freePort(), await freePort()));
    writeFileSync(join(dir, 'cgroup.conf'), 'CgroupPlugin=autodetect\n');
    const env = { ...process.env, SLURM_CONF: join(dir, 'slurm.conf') };
    const daemons: Child[] = [];
    const slurm = new Slurm(dir, env, daemons);
    const start = async (name: (typeof PROGRAMS)[number], args: string[], ready: RegExp): Promise<void> => {
      daemons.push(await context.children.start({ name, command: which(name)!, args, env, ready, readyTimeoutMs: 20_000 }));
    };
    try {
      const file = (name: string): string => join(dir, name);
      const munge = ['--foreground', '--force', `--key-file=${file('munge.key')}`, `--socket=${file('munge.sock')}`];
      await start('munged', [...munge, `--pid-file=${file('munged.pid')}`, `--log-file=${file('log/munged.log')}`, `--seed-file=${file('munge.seed')}`], /Created .*socket|Starting munge/i);
      await start('slurmctld', ['-D', '-c'], /Running as primary controller/);
      await start('slurmd', ['-D', '-N', node()], /slurmd started/);
      await slurm.untilIdle(20_000, async () => (await run('sinfo', ['-h', '-o', '%T'], { env, timeout: 5000 })).stdout.trim() === 'idle');
      return slurm;
    } catch (error) {
      await slurm.stop();
      throw error;
    }
  }

  /** Tasks per second of one array of `true`. */
  async arrayRate(count: number): Promise<number> {
    const start = performance.now();
    await this.submit([`--array=0-${count - 1}`]);
    await this.untilIdle(180_000, () => this.queueIsEmpty());
    return count / ((performance.now() - start) / 1000);
  }

  /**
   * Milliseconds from "job received" to "job started on a node", one job at a time with nothing else to do, from the controller's own log:
   * neither sbatch nor the start of the process is in it.
   */
  async startLatencies(count: number): Promise<number[]> {
    for (let i = 0; i < count; i += 1) {
      await this.submit([]);
      await this.untilIdle(60_000, () => this.queueIsEmpty());
      await sleep(1000);
    }
    const log = readFileSync(join(this.dir, 'log/slurmctld.log'), 'utf8');
    const at = (pattern: RegExp): Map<string, number> =>
      new Map([...log.matchAll(pattern)].map((match) => [match[2]!, Date.parse(`${match[1]!}Z`)] as const));
    const submitted = at(/^\[(\S+?)\] _slurm_rpc_submit_batch_job: JobId=(\d+) /gm);
    const started = at(/^\[(\S+?)\] sched(?:\/backfill)?: (?:Allocate|_start_job: Started) JobId=(\d+) /gm);
    // The first one after the start of the daemons waits for their own start.
    return [...submitted].slice(1).flatMap(([id, time]) => (started.has(id) ? [started.get(id)! - time] : []));
  }

  async stop(): Promise<void> {
    for (let i = this.daemons.length - 1; i >= 0; i -= 1) await this.daemons[i]!.stop();
  }

  private async submit(args: string[]): Promise<void> {
    await run('sbatch', ['-o', '/dev/null', ...args, '--wrap', 'true'], { env: this.env, timeout: 30_000, cwd: this.dir });
  }

  private async queueIsEmpty(): Promise<boolean> {
    return (await run('squeue', ['-h', '-o', '%i'], { env: this.env, timeout: 30_000, maxBuffer: 64 * 1024 * 1024 })).stdout.trim() === '';
  }

  private async untilIdle(timeoutMs: number, idle: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!(await idle())) {
      if (performance.now() > end) throw new Error(`Slurm is not idle after ${timeoutMs} ms`);
      await sleep(100);
    }
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const node = (): string => hostname().split('.')[0]!;

function configuration(dir: string, mode: SlurmMode, controllerPort: number, nodePort: number): string {
  return `${[
    'ClusterName=bench',
    `SlurmctldHost=${node()}(127.0.0.1)`,
    `SlurmctldPort=${controllerPort}`,
    `SlurmdPort=${nodePort}`,
    `SlurmUser=${userInfo().username}`,
    `SlurmdUser=${userInfo().username}`,
    'AuthType=auth/munge',
    'CredType=cred/munge',
    `AuthInfo=socket=${dir}/munge.sock`,
    `StateSaveLocation=${dir}/state`,
    `SlurmdSpoolDir=${dir}/spool`,
    `SlurmctldPidFile=${dir}/slurmctld.pid`,
    `SlurmdPidFile=${dir}/slurmd.pid`,
    `SlurmctldLogFile=${dir}/log/slurmctld.log`,
    `SlurmdLogFile=${dir}/log/slurmd.log`,
    'LogTimeFormat=iso8601_ms',
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/none',
    'AccountingStorageType=accounting_storage/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'SwitchType=switch/none',
    'MpiDefault=none',
    'MailProg=/bin/true',
    'ReturnToService=2',
    'MaxArraySize=100001',
    'MaxJobCount=200000',
    'SlurmdParameters=config_overrides',
    ...(mode === 'tuned' ? [`SchedulerParameters=${TUNED}`] : []),
    `NodeName=${node()} NodeAddr=127.0.0.1 CPUs=${SLOTS} State=UNKNOWN`,
    'PartitionName=bench Nodes=ALL Default=YES State=UP MaxTime=INFINITE',
  ].join('\n')}\n`;
}
