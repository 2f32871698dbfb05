/** Pods for the API: computed from Tasks, with the logs that the gateway keeps. */
import { podResource } from '../apiserver/resources/core/pod';
import type { Resource } from '../apiserver/resources/resource';
import type { Job } from '../../crds/job';
import { TASKS } from '../../crds/meta';
import type { Task } from '../../crds/task';
import type { ObjectStore } from '../store/store';
import type { Projection } from '../store/view/projected-table';
import { podsOf } from './pod';
import { podLogs, type AttemptLogs } from './pod-logs';

const READ_ONLY = 'pods are what runs for Tasks and cannot be written: create a Job (kubectl explain jobs.gleaner.dev), or delete it';

/** @param jobOf the Job that a Task belongs to, when it is there */
export function podProjection(jobOf: (namespace: string, name: string) => Job | undefined): Projection {
  return {
    resource: 'pods', source: TASKS, kind: 'Pod', apiVersion: 'v1',
    project: (task) => {
      const { metadata, spec } = task as Task;
      const job = jobOf(metadata.namespace ?? '', spec.job);
      return podsOf(task as Task, job?.metadata.uid === spec.jobUid ? job : undefined);
    },
  };
}

/** @param store in which Pods are shown */
export function pods(store: ObjectStore, logs: AttemptLogs): Resource {
  return podResource(READ_ONLY, podLogs(logs, (namespace, name) => store.get('pods', namespace, name)));
}
