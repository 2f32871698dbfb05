/** What Kubernetes asks of an Event, in the form of core/v1; what comes by events.k8s.io is held to more. */
import type { KubeObject } from '../../../../crds/meta';
import { invalid, required, type FieldError } from '../../schema/field-error';
import { nameProblem, qualifiedNameProblems } from '../../schema/object-meta';
import type { JsonObject } from '../../schema/schema';
import { at, textOf } from './cells';

const MAX_CHARS = 128;
const MAX_MESSAGE_CHARS = 1024;

const unset = (value: unknown): boolean => value === undefined || value === null;

/** What every Event must be. @param controllerField how the API version calls the reporting controller */
export function eventErrors(event: JsonObject, controllerField: 'reportingComponent' | 'reportingController'): FieldError[] {
  const namespace = textOf(at(event, 'metadata.namespace'));
  const about = textOf(at(event, 'involvedObject.namespace'));
  const mismatch = invalid('involvedObject.namespace', about, 'does not match event.namespace');
  const errors: FieldError[] = [];
  if (unset(event.eventTime)) {
    if (about === '' ? namespace !== '' && namespace !== 'default' : namespace !== about) errors.push(mismatch);
  } else {
    if (about === '' && namespace !== 'default' && namespace !== 'kube-system') errors.push(mismatch);
    errors.push(...newEventErrors(event, controllerField));
  }
  const problem = nameProblem(namespace, 'subdomain');
  if (problem) errors.push(invalid('namespace', namespace, problem));
  return errors;
}

function newEventErrors(event: JsonObject, controllerField: string): FieldError[] {
  const errors: FieldError[] = [];
  const controller = textOf(event.reportingComponent);
  if (controller === '') errors.push(required(controllerField));
  for (const problem of qualifiedNameProblems(controller)) errors.push(invalid(controllerField, controller, problem));
  for (const field of ['reportingInstance', 'action', 'reason']) {
    const value = textOf(event[field]);
    if (value === '') errors.push(required(field));
    if (value.length > MAX_CHARS) errors.push(invalid(field, '', `can have at most ${MAX_CHARS} characters`));
  }
  if (textOf(event.message).length > MAX_MESSAGE_CHARS) errors.push(invalid('message', '', `can have at most ${MAX_MESSAGE_CHARS} characters`));
  return errors;
}

/** What events.k8s.io/v1 asks beyond that of a new Event. */
export function strictCreateErrors(event: JsonObject): FieldError[] {
  const errors = seriesErrors(event);
  if (unset(event.eventTime)) errors.push(required('eventTime'));
  if (event.type !== 'Normal' && event.type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${textOf(event.type)}`));
  for (const field of ['firstTimestamp', 'lastTimestamp']) if (!unset(event[field])) errors.push(invalid(field, '', 'needs to be unset'));
  if ((event.count ?? 0) !== 0) errors.push(invalid('count', '', 'needs to be unset'));
  if (textOf(at(event, 'source.component')) !== '' || textOf(at(event, 'source.host')) !== '') errors.push(invalid('source', '', 'needs to be unset'));
  return errors;
}

const IMMUTABLE = [
  'involvedObject', 'reason', 'message', 'source', 'firstTimestamp', 'lastTimestamp', 'count', 'type', 'eventTime', 'action', 'related',
  'reportingComponent', 'reportingInstance',
];
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? {}) === JSON.stringify(b ?? {}) || (a ?? '') === (b ?? '');

/** What events.k8s.io/v1 asks beyond that of a change: only the series may go on. */
export function strictUpdateErrors(event: JsonObject, old: JsonObject & KubeObject): FieldError[] {
  const errors = same(event.series, old.series) ? [] : seriesErrors(event);
  for (const field of IMMUTABLE) {
    const name = field === 'reportingComponent' ? 'reportingController' : field;
    if (!same(event[field], old[field])) errors.push(invalid(name, event[field] ?? '', 'field is immutable'));
  }
  return errors;
}

function seriesErrors(event: JsonObject): FieldError[] {
  if (event.series === undefined) return [];
  const errors: FieldError[] = [];
  const count = at(event, 'series.count');
  if (typeof count !== 'number' || count < 2) errors.push(invalid('series.count', '', 'should be at least 2'));
  if (at(event, 'series.lastObservedTime') === undefined) errors.push(required('series.lastObservedTime'));
  return errors;
}
