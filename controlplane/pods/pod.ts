/** A Task's attempts as Pods, for tools that know Pods: one each, with what the issuer may know of it. Pure. */
import { createHash } from 'node:crypto';

import { reasonRule } from '../../crds/attempt-reasons';
import type { Job } from '../../crds/job';
import { API_VERSION, type KubeObject } from '../../crds/meta';
import type { Attempt, Task } from '../../crds/task';

export const CONTAINER = 'task';
export const INDEX_LABEL = 'gleaner.dev/index';
export const ATTEMPT_LABEL = 'gleaner.dev/attempt';
const JOB_LABEL = 'gleaner.dev/job';
/** Of an attempt whose program's exit code is not known. */
const KILLED = 137;

export const podName = (task: string, attempt: number): string => `${task}-${attempt}`;

/** The Task and the attempt that a Pod's name means; undefined: none. */
export function attemptOf(pod: string): { task: string; attempt: number } | undefined {
  const match = /^(.+)-(\d{1,10})$/.exec(pod);
  return match ? { task: match[1], attempt: Number(match[2]) } : undefined;
}

/** @param job the Task's, when it is still there */
export function podsOf(task: Task, job: Job | undefined): KubeObject[] {
  return (task.status?.attempts ?? []).map((attempt) => podOf(task, inWholeSeconds(attempt), job));
}

/** Times of Pods have no fractions. */
function inWholeSeconds(attempt: Attempt): Attempt {
  const { leasedAt, startedAt, finishedAt } = attempt;
  return { ...attempt, leasedAt: wholeSecond(leasedAt), ...(startedAt !== undefined && { startedAt: wholeSecond(startedAt) }), ...(finishedAt !== undefined && { finishedAt: wholeSecond(finishedAt) }) };
}

const wholeSecond = (at: string): string => at.replace(/\.\d+Z$/, 'Z');

function podOf(task: Task, attempt: Attempt, job: Job | undefined): KubeObject {
  const { name, namespace, uid = '', labels } = task.metadata;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(name, attempt.number),
      ...(namespace && { namespace }),
      uid: uidOf(uid, attempt.number),
      creationTimestamp: attempt.leasedAt,
      labels: { [JOB_LABEL]: task.spec.job, ...labels, [INDEX_LABEL]: String(task.spec.index), [ATTEMPT_LABEL]: String(attempt.number) },
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'Task', name, uid, controller: true }],
    },
    spec: specOf(task, attempt, job),
    status: statusOf(attempt, job?.spec.runtime ?? ''),
  };
  return pod as KubeObject;
}

/** The same one whenever it is asked for; another one for each attempt. */
function uidOf(task: string, attempt: number): string {
  const hash = createHash('sha256').update(`${task}/${attempt}`).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

function specOf(task: Task, attempt: Attempt, job: Job | undefined): object {
  const template = task.spec.template ?? job?.spec.template;
  const resources = template && { limits: { cpu: template.resources.cpu, memory: template.resources.memory, 'ephemeral-storage': template.resources.scratch } };
  const container = {
    name: CONTAINER,
    image: job?.spec.runtime ?? '',
    ...(template?.command && { command: template.command }),
    ...(template?.args && { args: template.args }),
    env: [...(template?.env ?? []), { name: 'JOB_COMPLETION_INDEX', value: String(task.spec.index) }],
    resources: { ...resources },
  };
  // The alias of the agent: which machine it is, is nobody's business.
  return { containers: [container], restartPolicy: 'Never', nodeName: attempt.agent };
}

function statusOf(attempt: Attempt, image: string): object {
  const running = attempt.phase === 'Running';
  const condition = (type: string, holds: boolean, at: string | undefined): object => ({
    type, status: holds ? 'True' : 'False', lastProbeTime: null, lastTransitionTime: at ?? null, ...(!holds && attempt.phase === 'Ended' && { reason: 'PodCompleted' }),
  });
  const changed = attempt.finishedAt ?? attempt.startedAt ?? attempt.leasedAt;
  return {
    phase: phaseOf(attempt),
    ...(failed(attempt) && { reason: attempt.reason, ...(attempt.message !== undefined && { message: attempt.message }) }),
    startTime: attempt.leasedAt,
    conditions: [
      condition('PodScheduled', true, attempt.leasedAt), condition('Initialized', true, attempt.leasedAt),
      condition('ContainersReady', running, changed), condition('Ready', running, changed),
    ],
    containerStatuses: [{ name: CONTAINER, image, imageID: '', ready: running, started: running, restartCount: 0, state: stateOf(attempt), lastState: {} }],
  };
}

const failed = ({ phase, reason }: Attempt): boolean => phase === 'Ended' && !(reason !== undefined && reasonRule(reason).success);

function phaseOf(attempt: Attempt): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
  switch (attempt.phase) {
    case 'Leased':
      return 'Pending';
    case 'Running':
      return 'Running';
    case 'Ended':
      return failed(attempt) ? 'Failed' : 'Succeeded';
  }
}

function stateOf(attempt: Attempt): object {
  switch (attempt.phase) {
    case 'Leased':
      return { waiting: { reason: 'ContainerCreating' } };
    case 'Running':
      return { running: { startedAt: attempt.startedAt ?? null } };
    case 'Ended': {
      const exitCode = attempt.exitCode ?? (failed(attempt) ? KILLED : 0);
      const message = attempt.message !== undefined && { message: attempt.message };
      return { terminated: { exitCode, reason: wordOf(attempt), ...message, startedAt: attempt.startedAt ?? null, finishedAt: attempt.finishedAt ?? null } };
    }
  }
}

/** As Kubernetes calls it, where it has a word for it. */
function wordOf({ reason }: Attempt): string {
  switch (reason) {
    case 'NonZeroExit':
      return 'Error';
    case 'OutOfMemory':
      return 'OOMKilled';
    default:
      return reason ?? 'Error';
  }
}
