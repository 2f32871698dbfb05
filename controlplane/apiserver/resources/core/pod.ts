/** Pods: a view of what runs, made elsewhere; they can be read, watched, and asked for their log. */
import { podLog, type OpenPodLog } from '../../verbs/pod-log';
import { isObject, type JsonObject } from '../../schema/schema';
import type { Resource } from '../resource';
import { AGE, at, cell, listOf, textOf } from './cells';
import { core } from './define';

const statuses = (pod: JsonObject): readonly JsonObject[] => listOf(at(pod, 'status.containerStatuses'));
const none = (value: unknown): string => textOf(value) || '<none>';

function ready(pod: JsonObject): string {
  const running = statuses(pod).filter((each) => each.ready === true && isObject(at(each, 'state.running')));
  return `${running.length}/${listOf(at(pod, 'spec.containers')).length}`;
}

function status(pod: JsonObject): string {
  let reason = textOf(at(pod, 'status.reason')) || textOf(at(pod, 'status.phase'));
  for (const container of statuses(pod)) {
    reason = textOf(at(container, 'state.waiting.reason')) || textOf(at(container, 'state.terminated.reason')) || reason;
  }
  return reason;
}

const restarts = (pod: JsonObject): string => String(statuses(pod).reduce((sum, { restartCount }) => sum + (typeof restartCount === 'number' ? restartCount : 0), 0));

/**
 * @param readOnly why Pods cannot be written, and what to do instead
 * @param open gives the log of a Pod
 */
export function podResource(readOnly: string, open: OpenPodLog): Resource {
  return core({
    group: '', version: 'v1', plural: 'pods', singular: 'pod', kind: 'Pod', shortNames: ['po'], categories: ['all'], namespaced: true,
    description: 'Pod is a run of a program: here, one attempt of a Task. It can only be read.',
    hasStatus: true, readOnly, viewOf: 'tasks.gleaner.dev',
    selectableFields: ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'status.phase', 'status.podIP', 'status.nominatedNodeName'],
    columns: [
      cell('Ready', ready, 'How many containers are ready to accept traffic.'),
      cell('Status', status, 'What state it is in.'),
      cell('Restarts', restarts, 'How often its containers were restarted.'),
      AGE,
      cell('IP', (pod) => none(at(pod, 'status.podIP')), 'Its address.', 1),
      cell('Node', (pod) => none(at(pod, 'spec.nodeName')), 'Alias of where it runs.', 1),
      cell('Nominated Node', (pod) => none(at(pod, 'status.nominatedNodeName')), 'Where it will run.', 1),
      cell('Readiness Gates', () => '<none>', 'What it waits for.', 1),
    ],
    subresources: [{ name: 'log', group: '', version: 'v1', kind: 'Pod', longRunning: true, serve: { get: podLog(open) } }],
  });
}
