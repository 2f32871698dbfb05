import { Registry } from 'prom-client';
import { JOBS } from '../../crds/meta';
import { buildJob } from '../../test/support/controller-world';
import { counted, objectMetrics } from './object-metrics';
import type { Reflector } from './runtime/reflector';
import type { Job } from '../../crds/job';

test('objects are counted by phase when somebody asks, and vanish when they are gone', async () => {
  const registry = new Registry();
  const jobs: Job[] = [buildJob('a'), buildJob('b'), { ...buildJob('c'), status: { phase: 'Running' } }];
  const cache = { values: () => jobs.values() } as unknown as Reflector<Job>;
  objectMetrics(registry, [counted(JOBS, cache, (job) => job.status?.phase ?? 'Pending')]);
  expect(await registry.metrics()).toContain('gleaner_objects{resource="jobs.gleaner.dev",phase="Pending"} 2');
  jobs.length = 1;
  expect(await registry.metrics()).not.toContain('Running');
});
