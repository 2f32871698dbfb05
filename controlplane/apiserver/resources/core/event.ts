/** Events: one storage, in the form of core/v1; events.k8s.io/v1 is another view of it. */
import type { KubeObject } from '../../../../crds/meta';
import type { View } from '../../../store/view/view';
import { isObject, type JsonObject } from '../../schema/schema';
import type { PrinterColumn, Resource } from '../resource';
import { at, cell, column, since, textOf, type Cell } from './cells';
import { core } from './define';
import { eventErrors, strictCreateErrors, strictUpdateErrors } from './event-rules';

const REFERENCE_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

const firstSeen: Cell = (event, now) => since(event.firstTimestamp ?? event.eventTime, now);
const lastSeen: Cell = (event, now) => {
  if (isObject(event.series)) return since(event.series.lastObservedTime, now);
  return event.lastTimestamp === undefined || event.lastTimestamp === null ? firstSeen(event, now) : since(event.lastTimestamp, now);
};

function target(event: JsonObject): string {
  const kind = textOf(at(event, 'involvedObject.kind')).toLowerCase();
  const name = textOf(at(event, 'involvedObject.name'));
  return name === '' ? kind : `${kind}/${name}`;
}

function source(event: JsonObject): string {
  const component = textOf(at(event, 'source.component')) || textOf(event.reportingComponent);
  const instance = textOf(at(event, 'source.host')) || textOf(event.reportingInstance);
  return instance === '' ? component : `${component}, ${instance}`;
}

function count(event: JsonObject): number {
  const counted = isObject(event.series) ? event.series.count : event.count;
  return typeof counted === 'number' && (counted > 0 || isObject(event.series)) ? counted : 1;
}

const COLUMNS: readonly PrinterColumn[] = [
  cell('Last Seen', lastSeen, 'When it was seen last.'),
  column('Type', 'type', 'Normal or Warning.'),
  column('Reason', 'reason', 'Short, machine understandable reason.'),
  cell('Object', target, 'What it is about.'),
  column('Subobject', 'involvedObject.fieldPath', 'What part of the object it is about.', 1),
  cell('Source', source, 'Who reports it.', 1),
  cell('Message', (event) => textOf(event.message).trim(), 'For people.'),
  cell('First Seen', firstSeen, 'When it was seen first.', 1),
  cell('Count', count, 'How often it was seen.', 1),
  { ...cell('Name', (event) => at(event, 'metadata.name'), 'Name of the event.', 1), format: 'name' },
];

/** What Kubernetes always shows of an Event, also when it was not said. */
function prepare(event: JsonObject): void {
  for (const time of ['eventTime', 'firstTimestamp', 'lastTimestamp']) event[time] ??= null;
  event.source ??= {};
  for (const text of ['reportingComponent', 'reportingInstance']) event[text] ??= '';
}

export const EVENT = core({
  group: '', version: 'v1', plural: 'events', singular: 'event', kind: 'Event', shortNames: ['ev'], namespaced: true,
  description: 'Event is a report of an event somewhere in the cluster: for people, kept for a limited time.',
  selectableFields: [...REFERENCE_FIELDS.map((field) => `involvedObject.${field}`), 'reason', 'reportingComponent', 'source', 'type'],
  fieldAliases: { source: 'source.component|reportingComponent' },
  nameColumn: false,
  columns: COLUMNS,
  strategy: { prepare, validate: (event) => eventErrors(event, 'reportingComponent') },
});

/** events.k8s.io/v1 → core/v1 */
const RENAMED: readonly (readonly [string, string])[] = [
  ['regarding', 'involvedObject'], ['note', 'message'], ['reportingController', 'reportingComponent'], ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'], ['deprecatedLastTimestamp', 'lastTimestamp'], ['deprecatedCount', 'count'],
];
const TO_CORE = new Map(RENAMED);
const FROM_CORE = new Map(RENAMED.map(([view, stored]) => [stored, view]));

function renamed(object: object, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(object)) out[names.get(name) ?? name] = value;
  out.apiVersion = apiVersion;
  return out as unknown as KubeObject;
}

const toCore = (event: object): KubeObject => renamed(event, TO_CORE, 'v1');
const fields = (event: object): JsonObject => event as JsonObject;

/** How events.k8s.io/v1 is read and written. */
export const EVENTS_VIEW: View = {
  resource: 'events.events.k8s.io',
  source: 'events',
  kind: 'Event',
  apiVersion: 'events.k8s.io/v1',
  toView: (event) => {
    const view = renamed(event, FROM_CORE, 'events.k8s.io/v1') as KubeObject & JsonObject;
    for (const text of ['reportingController', 'reportingInstance']) if (view[text] === '') delete view[text];
    return view;
  },
  toSource: toCore,
  fieldPath: (path) => path.replace(/^regarding\./, 'involvedObject.').replace(/^reportingController$/, 'reportingComponent'),
};

export const EVENT_V1: Resource = core({
  group: 'events.k8s.io', version: 'v1', plural: 'events', singular: 'event', kind: 'Event', shortNames: ['ev'], namespaced: true,
  description: 'Event is a report of an event somewhere in the cluster: for people, kept for a limited time.',
  selectableFields: [...REFERENCE_FIELDS.map((field) => `regarding.${field}`), 'reason', 'reportingController', 'type'],
  nameColumn: false,
  columns: COLUMNS.map((each) => ({ ...each, cell: (event: JsonObject, now: number) => each.cell?.(fields(toCore(event)), now) })),
  viewOf: 'events',
  refusedAs: '',
  strategy: {
    prepare: (event) => {
      event.eventTime ??= null;
      for (const object of ['regarding', 'deprecatedSource']) event[object] ??= {};
      for (const time of ['deprecatedFirstTimestamp', 'deprecatedLastTimestamp']) event[time] ??= null;
    },
    validate: (event, old) => {
      const next = fields(toCore(event));
      const strict = old ? strictUpdateErrors(next, toCore(old) as KubeObject & JsonObject) : strictCreateErrors(next);
      return [...eventErrors(next, 'reportingController'), ...strict];
    },
  },
});
