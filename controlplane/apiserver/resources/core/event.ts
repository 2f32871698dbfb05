/** Events (core/v1). */
import { isObject, type JsonObject, type Schema } from '../../schema/schema';
import { age, column, core, integer, object, string, time } from './define';

const REFERENCE: Schema = { ...object('Names one object.', {
  apiVersion: string('API version of the object.'),
  kind: string('Kind of the object.'),
  name: string('Name of the object.'),
  namespace: string('Namespace of the object.'),
  uid: string('UID of the object.'),
  resourceVersion: string('Version of the object that this refers to.'),
  fieldPath: string('Part of the object that this refers to.'),
}), 'x-kubernetes-map-type': 'atomic' };

function involvedObject(event: JsonObject): string {
  const reference = isObject(event.involvedObject) ? event.involvedObject : {};
  return `${String(reference.kind ?? '').toLowerCase()}/${String(reference.name ?? '')}`;
}

export const EVENT = core({
  group: '', version: 'v1', plural: 'events', singular: 'event', kind: 'Event', shortNames: ['ev'], namespaced: true,
  selectableFields: [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => `involvedObject.${field}`),
    'reason', 'reportingComponent', 'source', 'type',
  ],
  nameColumn: false,
  columns: [
    age('Last Seen', '.lastTimestamp'),
    column('Type', '.type'),
    column('Reason', '.reason'),
    { name: 'Object', type: 'string', cell: involvedObject, description: 'What it is about.' },
    column('Source', '.source.component', 1),
    column('Message', '.message'),
    { ...age('First Seen', '.firstTimestamp'), priority: 1 },
    { name: 'Count', type: 'integer', jsonPath: '.count', priority: 1, description: 'How often.' },
    column('Name', '.metadata.name', 1),
  ],
  schema: {
    ...object('Event is a report of something that happened to an object.', {
      involvedObject: REFERENCE,
      related: REFERENCE,
      reason: string('Short, machine understandable reason.'),
      message: string('For people.'),
      source: object('Who reports it.', { component: string('Component that reports it.'), host: string('Node that reports it.') }),
      firstTimestamp: time('When it was seen first.'),
      lastTimestamp: time('When it was seen last.'),
      count: integer('How often it was seen.'),
      type: string('Normal or Warning.'),
      eventTime: time('When it was seen first, with microseconds.'),
      series: { ...object('The series it belongs to.', { count: integer('Number of occurrences.'), lastObservedTime: time('Last of them.') }), nullable: true },
      action: string('What was done.'),
      reportingComponent: string('Controller that reports it.'),
      reportingInstance: string('Instance of that controller.'),
    }),
    required: ['involvedObject'],
  },
});
