/** The kinds of Kubernetes' own groups that are served, as a table in the same form as custom resources. */
import type { KubeObject } from '../../../crds/meta';
import { invalid, type FieldError } from '../schema/field-error';
import { isConfigKey } from '../schema/object-meta';
import { isObject, type JsonObject, type Schema } from '../schema/schema';
import { withMetadata } from './crd';
import { resourceName, type PrinterColumn, type Resource } from './resource';

const string = (description: string, more: Schema = {}): Schema => ({ type: 'string', description, ...more });
const integer = (description: string): Schema => ({ type: 'integer', format: 'int32', description, nullable: true });
const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description, nullable: true });
const object = (description: string, properties: Record<string, Schema>): Schema => ({ type: 'object', description, properties });
const map = (description: string, value: Schema): Schema => ({ type: 'object', description, nullable: true, additionalProperties: value });

const age = (name = 'Age', jsonPath = '.metadata.creationTimestamp'): PrinterColumn => ({ name, type: 'date', jsonPath, description: 'Time since then.' });
const column = (name: string, jsonPath: string, priority = 0): PrinterColumn => ({ name, type: 'string', jsonPath, priority, description: jsonPath });

/** Held by the namespace controller until a namespace's content is gone. */
export const NAMESPACE_FINALIZER = 'kubernetes';
/** Present in every namespace, so that it can be selected by name. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

const keysOf = (value: unknown): string[] => (isObject(value) ? Object.keys(value) : []);

function keyErrors(object: JsonObject, fields: readonly string[]): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const field of fields) {
    for (const [key, value] of Object.entries(isObject(object[field]) ? object[field] : {})) {
      if (!isConfigKey(key)) {
        errors.push(invalid(`${field}[${key}]`, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"));
      }
      if (seen.has(key)) errors.push(invalid(`${field}[${key}]`, key, 'duplicate of key present in data'));
      seen.add(key);
      bytes += String(value).length;
    }
  }
  if (bytes > MAX_DATA_BYTES) errors.push({ reason: 'FieldValueTooLong', field: 'data', message: `Too long: may not be more than ${MAX_DATA_BYTES} bytes` });
  return errors;
}
const MAX_DATA_BYTES = 1024 * 1024;

function immutableErrors(object: JsonObject, old: KubeObject | undefined, fields: readonly string[]): FieldError[] {
  const before = old as unknown as JsonObject | undefined;
  if (before?.immutable !== true) return [];
  return ['immutable', ...fields]
    .filter((field) => JSON.stringify(object[field]) !== JSON.stringify(before[field]))
    .map((field) => ({ reason: 'FieldValueForbidden', field, message: 'Forbidden: field is immutable when `immutable` is set' }));
}

function prepareNamespace(namespace: JsonObject, old?: KubeObject): void {
  const metadata = namespace.metadata as JsonObject;
  metadata.labels = { ...(isObject(metadata.labels) && metadata.labels), [NAMESPACE_NAME_LABEL]: metadata.name };
  if (old) {
    const held = (old.metadata.finalizers ?? []).includes(NAMESPACE_FINALIZER);
    const asked = Array.isArray(metadata.finalizers) ? (metadata.finalizers as string[]) : [];
    if (held && !asked.includes(NAMESPACE_FINALIZER)) metadata.finalizers = [...asked, NAMESPACE_FINALIZER];
    return;
  }
  metadata.finalizers = [...new Set([...(Array.isArray(metadata.finalizers) ? (metadata.finalizers as string[]) : []), NAMESPACE_FINALIZER])];
  namespace.spec = { finalizers: [NAMESPACE_FINALIZER] };
}

function prepareSecret(secret: JsonObject, old?: KubeObject): void {
  if (isObject(secret.stringData)) {
    const data: JsonObject = { ...(isObject(secret.data) && secret.data) };
    for (const [key, value] of Object.entries(secret.stringData)) data[key] = Buffer.from(String(value)).toString('base64');
    secret.data = data;
  }
  delete secret.stringData;
  secret.type ||= (old as unknown as JsonObject | undefined)?.type ?? 'Opaque';
}

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

type Definition = Omit<Resource, 'name' | 'listKind' | 'schema' | 'description' | 'selectableFields' | 'nameRule' | 'core' | 'strategy' | 'hasStatus' | 'categories' | 'nameColumn'> &
  Partial<Pick<Resource, 'selectableFields' | 'nameRule' | 'strategy' | 'hasStatus' | 'nameColumn'>> & { schema: Schema };

function core(definition: Definition): Resource {
  return {
    selectableFields: [],
    nameRule: 'subdomain',
    strategy: {},
    hasStatus: false,
    nameColumn: true,
    categories: [],
    ...definition,
    name: resourceName(definition.group, definition.plural),
    listKind: `${definition.kind}List`,
    description: definition.schema.description ?? '',
    schema: withMetadata(definition.schema),
    core: true,
  };
}

export const CORE_KINDS: readonly Resource[] = [
  core({
    group: '', version: 'v1', plural: 'namespaces', singular: 'namespace', kind: 'Namespace', shortNames: ['ns'], namespaced: false,
    nameRule: 'label', hasStatus: true, selectableFields: ['status.phase'],
    columns: [column('Status', '.status.phase'), age()],
    schema: object('Namespace provides a scope for names.', {
      spec: object('What holds the namespace.', { finalizers: { type: 'array', nullable: true, items: { type: 'string' }, description: 'Must be empty before the namespace goes.' } }),
      status: object('State of the namespace.', {
        phase: string('Active or Terminating.'),
        conditions: { type: 'array', nullable: true, items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, description: 'Why it is still there.' },
      }),
    }),
    strategy: {
      prepare: prepareNamespace,
      serverFields: [['spec'], ['metadata', 'finalizers']],
      initialStatus: { phase: 'Active' },
      deleteProblem: (name) => (name === 'default' ? 'this namespace may not be deleted' : undefined),
    },
  }),
  core({
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
  }),
  core({
    group: '', version: 'v1', plural: 'secrets', singular: 'secret', kind: 'Secret', shortNames: [], namespaced: true, selectableFields: ['type'],
    columns: [column('Type', '.type'), { name: 'Data', type: 'integer', cell: (secret) => keysOf(secret.data).length, description: 'Number of keys.' }, age()],
    schema: object('Secret holds secret data of a certain type.', {
      data: map('The data, base64.', { type: 'string', format: 'byte', nullable: true }),
      stringData: map('The data as text, for writing only.', { type: 'string' }),
      type: string('What the data is for.'),
      immutable: { type: 'boolean', nullable: true, description: 'Whether the data may no longer change.' },
    }),
    strategy: {
      prepare: prepareSecret,
      validate: (secret, old) => [...keyErrors(secret, ['data']), ...immutableErrors(secret, old, ['data'])],
    },
  }),
  core({
    group: '', version: 'v1', plural: 'configmaps', singular: 'configmap', kind: 'ConfigMap', shortNames: ['cm'], namespaced: true,
    columns: [
      { name: 'Data', type: 'integer', cell: (config) => keysOf(config.data).length + keysOf(config.binaryData).length, description: 'Number of keys.' },
      age(),
    ],
    schema: object('ConfigMap holds configuration data.', {
      data: map('The data, UTF-8.', { type: 'string' }),
      binaryData: map('The data, base64.', { type: 'string', format: 'byte' }),
      immutable: { type: 'boolean', nullable: true, description: 'Whether the data may no longer change.' },
    }),
    strategy: { validate: (config, old) => [...keyErrors(config, ['data', 'binaryData']), ...immutableErrors(config, old, ['data', 'binaryData'])] },
  }),
  core({
    group: 'coordination.k8s.io', version: 'v1', plural: 'leases', singular: 'lease', kind: 'Lease', shortNames: [], namespaced: true,
    columns: [column('Holder', '.spec.holderIdentity'), age()],
    schema: object('Lease defines a lease concept.', {
      spec: object('The lease.', {
        holderIdentity: string('Who holds it.', { nullable: true }),
        leaseDurationSeconds: integer('How long it lasts after renewTime.'),
        acquireTime: time('When it was acquired.'),
        renewTime: time('When it was renewed.'),
        leaseTransitions: integer('How often it changed hands.'),
      }),
    }),
    strategy: {
      validate: (lease) => {
        const seconds = isObject(lease.spec) ? lease.spec.leaseDurationSeconds : undefined;
        return typeof seconds === 'number' && seconds <= 0 ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : [];
      },
    },
  }),
];
