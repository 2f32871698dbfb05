/** The in-memory copies of objects that controllers, market and gateway read; one reflector per resource. */
import type { Agent } from '../crds/agent';
import type { Job } from '../crds/job';
import { AGENTS, EVENTS, JOBS, RATE_TIERS, RUNTIMES, TASKS } from '../crds/meta';
import type { RateTier } from '../crds/rate-tier';
import type { Runtime } from '../crds/runtime';
import type { Task } from '../crds/task';
import type { KubeEvent } from './controllers/events';
import { BY_JOB } from './controllers/job/reconcile';
import { Reflector } from './controllers/runtime/reflector';
import type { ObjectStore, Selection } from './store/store';

export interface Caches {
  jobs: Reflector<Job>;
  tasks: Reflector<Task>;
  agents: Reflector<Agent>;
  runtimes: Reflector<Runtime>;
  rateTiers: Reflector<RateTier>;
  events: Reflector<KubeEvent>;
}

/** @param events which: in a cluster, others write many more of them than we do */
export function makeCaches(store: ObjectStore, onError: (error: unknown) => void, events: Selection = {}): Caches {
  return {
    jobs: new Reflector<Job>({ store, resource: JOBS, onError }),
    tasks: new Reflector<Task>({ store, resource: TASKS, onError, indexes: { [BY_JOB]: (task) => task.spec.jobUid } }),
    agents: new Reflector<Agent>({ store, resource: AGENTS, onError }),
    runtimes: new Reflector<Runtime>({ store, resource: RUNTIMES, onError }),
    rateTiers: new Reflector<RateTier>({ store, resource: RATE_TIERS, onError }),
    events: new Reflector<KubeEvent>({ store, resource: EVENTS, onError, selection: events }),
  };
}

export const startCaches = (caches: Caches): Promise<unknown> => Promise.all(Object.values(caches).map((cache: Reflector<never>) => cache.start()));

export function stopCaches(caches: Caches): void {
  for (const cache of Object.values(caches) as Reflector<never>[]) cache.stop();
}
