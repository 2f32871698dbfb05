/** All controllers, over one set of caches. */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Job } from '../crds/job';
import { AGENTS, API_VERSION, JOBS, type ResourceName, TASKS } from '../crds/meta';
import type { Caches } from './caches';
import type { WritePace } from './config';
import { AccountController } from './controllers/account/account-controller';
import { EventRecorder } from './controllers/events';
import { GarbageCollector } from './controllers/garbage/collector';
import { FollowedResources, type FollowedOptions } from './controllers/garbage/followed';
import { BY_JOB, JobController } from './controllers/job/reconcile';
import { NamespaceContentController } from './controllers/namespace/content-controller';
import { NamespaceController } from './controllers/namespace/namespace-controller';
import { counted, objectMetrics } from './controllers/object-metrics';
import { controllerMetrics } from './controllers/runtime/controller';
import { TaskController } from './controllers/task/reconcile';
import type { Ledger } from './ledger/ledger';
import type { FitSummary } from './market/fit';
import type { ObjectStore } from './store/store';

export interface ControllersOptions {
  store: ObjectStore;
  ledger: Ledger;
  caches: Caches;
  metrics: Registry;
  logger: Logger;
  /** What the market knows of a Job. */
  fit: (job: Job) => FitSummary | undefined;
  pace: WritePace;
  /** Absent: the cluster sees to namespaces, and to what nobody owns any more. */
  namespaces?: {
    /** What a namespace that goes takes with it. */
    resources: () => ResourceName[];
    /** What owns and is owned, besides Jobs and Tasks. */
    collected: Pick<FollowedOptions, 'kinds' | 'onChange'>;
    /** PEM: what the API's certificate is verified with. */
    caCertificate: string;
  };
}

export interface RunningControllers {
  fitChanged(namespace: string, name: string): void;
  stop(): Promise<void>;
}

/** The caches are filled by now. */
export async function startControllers({ store, ledger, caches, metrics: registry, logger, fit, pace, namespaces: own }: ControllersOptions): Promise<RunningControllers> {
  const metrics = controllerMetrics(registry);
  const onError = (error: unknown, key: string): void => logger.error({ err: error, key }, 'a reconcile failed; it is tried again');
  const { jobs, tasks, agents, runtimes, rateTiers, events } = caches;
  objectMetrics(registry, [
    counted(JOBS, jobs, (job) => job.status?.phase ?? 'Pending'),
    counted(TASKS, tasks, (task) => task.status?.phase ?? 'Pending'),
    counted(AGENTS, agents, (agent) => agent.status?.state ?? 'Offline'),
  ]);
  const recorder = new EventRecorder({ store, events, registry, onError: (error) => logger.error({ err: error }, 'events could not be written') });
  const job = new JobController({ store, jobs, tasks, runtimes, rateTiers, ledger, fit, events: recorder, metrics, onError, statusIntervalMs: pace.jobMs });
  const task = new TaskController({ store, jobs, tasks, byJob: BY_JOB, metrics, onError });
  const garbage = own && new GarbageCollector({
    store, metrics, onError,
    resources: [
      { resource: JOBS, apiVersion: API_VERSION, kind: 'Job', namespaced: true, cache: jobs },
      { resource: TASKS, apiVersion: API_VERSION, kind: 'Task', namespaced: true, cache: tasks },
    ],
  });
  const followed = own && garbage && new FollowedResources({ store, collector: garbage, ...own.collected, onError });
  const namespaces = own && new NamespaceController({ store, resources: own.resources, metrics, onError });
  const content = own && new NamespaceContentController({ store, caCertificate: own.caCertificate, metrics, onError });
  const accounts = new AccountController({ store, ledger, metrics, onError, intervalMs: pace.accountMs });
  task.start();
  job.start();
  garbage?.start();
  await followed?.start();
  await namespaces?.start();
  await content?.start();
  await accounts.start();
  return {
    fitChanged: (namespace, name) => job.fitChanged(namespace, name),
    stop: async () => {
      followed?.stop();
      await Promise.all([job.stop(), task.stop(), garbage?.stop(), namespaces?.stop(), content?.stop()]);
      await recorder.stop();
      await accounts.stop();
    },
  };
}
