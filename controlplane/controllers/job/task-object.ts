/** Which Task object an index has: the same one however often it is made. Pure. */
import { createHash } from 'node:crypto';
import { API_VERSION } from '../../../crds/meta';
import type { Job } from '../../../crds/job';
import { combinationAt } from '../../../crds/parameters';
import type { Task } from '../../../crds/task';

/** `kubectl get gt -l gleaner.dev/job=<name>` */
export const JOB_LABEL = 'gleaner.dev/job';
const MAX_NAME = 253;
const MAX_LABEL = 63;

/** `<job>-<index>`; a job name that is too long for it is cut and ends in a hash of the whole. */
export const taskName = (job: string, index: number): string => `${fitted(job, MAX_NAME - 1 - String(index).length)}-${index}`;

/** As it is created: no status, so Pending. */
export function taskFor(job: Job, index: number): Task {
  const { name, namespace, uid } = job.metadata;
  return {
    apiVersion: API_VERSION,
    kind: 'Task',
    metadata: {
      name: taskName(name, index),
      namespace,
      labels: { [JOB_LABEL]: fitted(name, MAX_LABEL) },
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'Job', name, uid: uid!, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      job: name,
      jobUid: uid!,
      index,
      ...(job.spec.parameters && { parameters: combinationAt(job.spec.parameters, index) }),
    },
  };
}

function fitted(name: string, length: number): string {
  if (name.length <= length) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10);
  return `${name.slice(0, length - 11).replace(/[.-]+$/, '')}-${hash}`;
}
