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

/** What the recorder writes. */
const OWN_EVENTS: Selection = { fields: [{ path: 'reportingComponent', operator: '=', value: 'gleaner' }] };

/** @param cluster objects are in a cluster: they come by the watch, and only our own events do, of which others write many more. */
export function makeCaches(store: ObjectStore, onError: (error: unknown) => void, cluster = false): Caches {
  const common = { store, onError, stream: cluster };
  const selection = cluster ? OWN_EVENTS : {};
  return {
    jobs: new Reflector<Job>({ ...common, resource: JOBS }),
    tasks: new Reflector<Task>({ ...common, resource: TASKS, indexes: { [BY_JOB]: (task) => task.spec.jobUid } }),
    agents: new Reflector<Agent>({ ...common, resource: AGENTS }),
    runtimes: new Reflector<Runtime>({ ...common, resource: RUNTIMES }),
    rateTiers: new Reflector<RateTier>({ ...common, resource: RATE_TIERS }),
    events: new Reflector<KubeEvent>({ ...common, resource: EVENTS, selection }),
  };
}

export const startCaches = (caches: Caches): Promise<unknown> => Promise.all(Object.values(caches).map((cache: Reflector<never>) => cache.start()));

export function stopCaches(caches: Caches): void {
  for (const cache of Object.values(caches) as Reflector<never>[]) cache.stop();
}
