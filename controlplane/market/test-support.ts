/** Builders for tests of the market, and a clock that is moved by hand. */
import type { AgentFacts, Amounts, Shape } from './match';
import type { JobView } from './job-queue';
import type { Clock, TaskView } from './pending';

export const GIB = 2 ** 30;

export const amounts = (more: Partial<Amounts> = {}): Amounts => ({ cpuMillis: 1000, memoryBytes: GIB, scratchBytes: GIB, slots: 1, ...more });

export const shape = (more: Partial<Shape> = {}): Shape => ({
  amounts: amounts(), pids: 16, timeoutMs: 60_000, image: 'sha256:1', imageArchive: 'sha256:2', platforms: ['linux/amd64'], tier: 'standard',
  payout: { cpuHour: 800_000n, memoryGiBHour: 80_000n, start: 4n }, ...more,
});

export const agent = (more: Partial<AgentFacts> = {}): AgentFacts => ({
  availability: 'Ready', platform: 'linux/amd64', total: { cpuMillis: 4000, memoryBytes: 8 * GIB, scratchBytes: 8 * GIB, slots: 4 },
  used: { cpuMillis: 0, memoryBytes: 0, scratchBytes: 0, slots: 0 }, askMicro: 0n, ...more,
});

export const view = (uid: string, more: Partial<JobView> = {}): JobView => ({
  uid, namespace: 'lab', name: uid, createdAt: 0, priority: 0, blocked: false, amounts: amounts(), shape: shape(), holdMicro: 10n, ...more,
});

export const taskOf = (job: string, index: number, more: Partial<TaskView> = {}): TaskView => ({ uid: `${job}-${index}`, name: `${job}-${index}`, index, jobUid: job, attempt: 1, ...more });

export class ManualClock implements Clock {
  private time = 1000;
  private readonly timers = new Set<{ at: number; run: () => void }>();

  now = (): number => this.time;
  wall = (): number => this.time;

  setTimer(run: () => void, ms: number): () => void {
    const timer = { at: this.time + ms, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  get armed(): number {
    return this.timers.size;
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}
