import type { GatewayContext } from './context';
import type { LogSource } from './logs';

/**
 * Whose logs a request means: the Task's, or, when its object is gone, those of `<job>-<index>` (a job name that was cut for being too
 * long is not found any more then).
 */
export function logSource({ tasks, results, leases }: GatewayContext): (namespace: string, name: string) => Promise<LogSource | undefined> {
  return async (namespace, name) => {
    const task = tasks.get(namespace, name);
    if (task) {
      const uid = task.metadata.uid as string;
      return {
        jobUid: task.spec.jobUid,
        index: task.spec.index,
        ...(task.status?.attemptCount ? { newestAttempt: task.status.attemptCount } : {}),
        active: (attempt) => leases.get(`${uid}/${attempt}`) !== undefined,
      };
    }
    const match = /^(.+)-(\d{1,10})$/.exec(name);
    const jobUid = match ? await results.jobUid(namespace, match[1] as string) : undefined;
    return jobUid === undefined ? undefined : { jobUid, index: Number(match?.[2]), active: () => false };
  };
}
