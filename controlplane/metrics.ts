/** Metrics of the one writer: how many steps a commit has, and how long it takes. */
import { Histogram, type Registry } from 'prom-client';
import type { CommitStats } from './db/writer';

export function commitMetrics(registry: Registry, writer: { onCommit(listener: (stats: CommitStats) => void): void }): void {
  const steps = new Histogram({
    name: 'gleaner_commit_steps',
    help: 'Write steps per durable commit',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'gleaner_commit_seconds',
    help: 'Duration of a durable commit',
    buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
    registers: [registry],
  });
  writer.onCommit((stats) => {
    steps.observe(stats.steps);
    seconds.observe(stats.seconds);
  });
}
