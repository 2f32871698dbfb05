/** The schema of `metadata`, and the rules for its values. */
import { forbidden, invalid, required, type FieldError } from './field-error';
import { isObject, MERGE_ONLY, type JsonObject, type Schema } from './schema';

const text = (description: string): Schema => ({ type: 'string', description });
const strings = (description: string): Schema => ({ type: 'object', description, nullable: true, additionalProperties: { type: 'string', default: '' } });
const time = (description: string): Schema => ({ type: 'string', format: 'date-time', nullable: true, description });

/** What Kubernetes says of the columns Name and Age. */
export const NAME_COLUMN_TEXT =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';
export const CREATION_TIMESTAMP =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

/** `io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta` */
export const OBJECT_META: Schema = {
  type: 'object',
  description: 'ObjectMeta is metadata that all persisted resources must have.',
  properties: {
    name: text('Name must be unique within a namespace. Cannot be updated.'),
    generateName: text('A prefix that the server makes a unique name from when name is not given.'),
    namespace: text('Namespace defines the space within which each name must be unique. Cannot be updated.'),
    labels: strings('Map of string keys and values that can be used to organize and select objects.'),
    annotations: strings('Unstructured key value map, stored with the object, that tools may set.'),
    uid: text('UID is the unique in time and space value for this object, set by the server.'),
    resourceVersion: text('The internal version of this object: changes with every write. Set by the server.'),
    generation: { type: 'integer', format: 'int64', description: 'Rises when the desired state changes. Set by the server.' },
    creationTimestamp: time('CreationTimestamp is a timestamp of when the server made the object.'),
    deletionTimestamp: time('When deletion was asked for. Set by the server.'),
    deletionGracePeriodSeconds: { type: 'integer', format: 'int64', nullable: true, description: 'Seconds until the object may go. Set by the server.' },
    finalizers: {
      type: 'array',
      nullable: true,
      items: { type: 'string' },
      description: 'Must be empty before the object is deleted: each entry is removed by the component that it names.',
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    },
    ownerReferences: {
      type: 'array',
      nullable: true,
      description: 'Objects that this one depends on: when all of them are gone, it is deleted.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'uid',
      items: {
        type: 'object',
        'x-kubernetes-map-type': 'atomic',
        properties: {
          apiVersion: text('API version of the owner.'),
          kind: text('Kind of the owner.'),
          name: text('Name of the owner.'),
          uid: text('UID of the owner.'),
          controller: { type: 'boolean', nullable: true, description: 'Whether the owner is the managing controller.' },
          blockOwnerDeletion: { type: 'boolean', nullable: true, description: 'Whether the owner waits for this object in foreground deletion.' },
        },
      },
    },
    managedFields: { type: 'array', nullable: true, items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, description: 'Which manager owns which fields, for server-side apply. Set by the server.' },
    selfLink: text('Deprecated: not filled in.'),
  },
};
for (const name of ['finalizers', 'ownerReferences']) MERGE_ONLY.add(OBJECT_META.properties![name]);

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelPattern = new RegExp(`^${LABEL}$`);
const subdomainPattern = new RegExp(`^${SUBDOMAIN}$`);
const qualifiedPattern = new RegExp(`^${QUALIFIED}$`);
const configKeyPattern = /^[-._a-zA-Z0-9]+$/;

/** 'path': whatever can be one step of a URL. */
export type NameRule = 'label' | 'subdomain' | 'path';

/** What is wrong with an object's name; undefined: nothing. */
export function nameProblem(name: string, rule: NameRule): string | undefined {
  if (rule === 'path') return pathSegmentProblem(name);
  if (rule === 'label') {
    if (name.includes('.')) return 'must not contain dots';
    if (name.length > 63) return 'must be no more than 63 characters';
    if (labelPattern.test(name)) return undefined;
    return `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
  }
  if (name.length > 253) return 'must be no more than 253 characters';
  if (subdomainPattern.test(name)) return undefined;
  return `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
}

function pathSegmentProblem(name: string): string | undefined {
  if (name === '.' || name === '..') return `may not be '${name}'`;
  const character = ['/', '%'].find((each) => name.includes(each));
  return character === undefined ? undefined : `may not contain '${character}'`;
}

/** What is wrong with a label or annotation key, `[prefix/]name`; undefined: nothing. */
export function qualifiedNameProblem(key: string): string | undefined {
  return qualifiedNameProblems(key).join('; ') || undefined;
}

/** Each of them on its own. */
export function qualifiedNameProblems(key: string): string[] {
  if (key !== '' && !key.endsWith('/')) return [oneProblem(key)].filter((problem) => problem !== undefined);
  return [...(key === '/' ? ['prefix part must be non-empty'] : []), 'name part must be non-empty', NAME_PART];
}

const NAME_PART = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`;

function oneProblem(key: string): string | undefined {
  const parts = key.split('/');
  const name = parts[parts.length - 1];
  if (parts.length > 2) return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
  if (parts.length === 2) {
    if (parts[0] === '') return 'prefix part must be non-empty';
    const problem = nameProblem(parts[0], 'subdomain');
    if (problem) return `prefix part ${problem}`;
  }
  if (name === '') return 'name part must be non-empty';
  if (name.length > 63) return 'name part must be no more than 63 characters';
  if (qualifiedPattern.test(name)) return undefined;
  return NAME_PART;
}

/** What is wrong with a label's value; undefined: nothing. */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > 63) return 'must be no more than 63 characters';
  if (value === '' || qualifiedPattern.test(value)) return undefined;
  return `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${QUALIFIED})?')`;
}

/** What is wrong with a key of a ConfigMap or Secret; undefined: nothing. */
export function configKeyProblem(key: string): string | undefined {
  if (key.length > 253) return 'must be no more than 253 characters';
  if (!configKeyPattern.test(key)) {
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  }
  if (key === '.' || key === '..') return `must not be '${key}'`;
  return key.startsWith('..') ? `must not start with '..'` : undefined;
}

const MAX_ANNOTATION_BYTES = 256 * 1024;
/** Of labels, and of annotations. Kubernetes bounds them by the size of the object only; each one costs time wherever the object goes. */
const MAX_ENTRIES = 1000;

/** Rules of `metadata` that its schema cannot say. Call only when the schema holds. */
export function validateMetadata(metadata: JsonObject, rule: NameRule, core: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { name, generateName } = metadata;
  if (typeof name === 'string' && name !== '') {
    const problem = nameProblem(name, rule);
    if (problem) errors.push(invalid('metadata.name', name, problem));
  } else if (typeof generateName !== 'string' || generateName === '') {
    errors.push(required('metadata.name', 'name or generateName is required'));
  } else {
    const problem = nameProblem(`${generateName}x`, rule);
    if (problem) errors.push(invalid('metadata.generateName', generateName, problem));
  }
  checkLabels(metadata.labels, errors);
  checkAnnotations(metadata.annotations, errors);
  checkOwners(metadata.ownerReferences, errors);
  checkFinalizers(metadata.finalizers, core, errors);
  return errors;
}

function checkLabels(labels: unknown, errors: FieldError[]): void {
  if (!isObject(labels) || tooMany('metadata.labels', labels, errors)) return;
  for (const [key, value] of Object.entries(labels)) {
    for (const problem of qualifiedNameProblems(key)) errors.push(invalid('metadata.labels', key, problem));
    const valueProblem = labelValueProblem(String(value));
    if (valueProblem) errors.push(invalid('metadata.labels', value, valueProblem));
  }
}

function tooMany(field: string, entries: JsonObject, errors: FieldError[]): boolean {
  const count = Object.keys(entries).length;
  if (count <= MAX_ENTRIES) return false;
  errors.push({ reason: 'FieldValueTooMany', field, message: `Too many: ${count}: must have at most ${MAX_ENTRIES} entries` });
  return true;
}

function checkAnnotations(annotations: unknown, errors: FieldError[]): void {
  if (!isObject(annotations) || tooMany('metadata.annotations', annotations, errors)) return;
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const problem of qualifiedNameProblems(key.toLowerCase())) errors.push(invalid('metadata.annotations', key, problem));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    errors.push({ reason: 'FieldValueTooLong', field: 'metadata.annotations', message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes` });
  }
}

function checkOwners(owners: unknown, errors: FieldError[]): void {
  if (!Array.isArray(owners)) return;
  let controller: string | undefined;
  for (const owner of owners as JsonObject[]) {
    checkOwner(owner, errors);
    if (owner.controller !== true) continue;
    const name = `${String(owner.kind)}/${String(owner.name)}`;
    if (controller === undefined) controller = name;
    else errors.push(invalid('metadata.ownerReferences', owners, `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`));
  }
}

function checkOwner(owner: JsonObject, errors: FieldError[]): void {
  const apiVersion = String(owner.apiVersion ?? '');
  const version = /^(?:[^/]*\/)?([^/]+)$/.exec(apiVersion)?.[1];
  const empty = (field: string, value: unknown): void => {
    errors.push(invalid(`metadata.ownerReferences.${field}`, value ?? '', `${field === 'apiVersion' ? 'version' : field} must not be empty`));
  };
  if (!version) empty('apiVersion', apiVersion);
  for (const field of ['kind', 'name', 'uid']) if (!owner[field]) empty(field, owner[field]);
  if (apiVersion === 'v1' && owner.kind === 'Event') errors.push(invalid('metadata.ownerReferences', owner, '/v1, Kind=Event is disallowed from being an owner'));
}

const STANDARD_FINALIZERS = new Set(['kubernetes', 'foregroundDeletion', 'orphan']);

const isKnownFinalizer = (finalizer: string): boolean => finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer);
const UNKNOWN_FINALIZER = 'name is neither a standard finalizer name nor is it fully qualified';

/** What is wrong with the name of a finalizer of a core kind. */
export const finalizerProblems = (finalizer: string): string[] => [...qualifiedNameProblems(finalizer), ...(isKnownFinalizer(finalizer) ? [] : [UNKNOWN_FINALIZER])];

/** Core kinds have only finalizers with a domain, and Kubernetes' own. */
function checkFinalizers(finalizers: unknown, core: boolean, errors: FieldError[]): void {
  const all = Array.isArray(finalizers) ? (finalizers as string[]) : [];
  for (const finalizer of all) {
    for (const problem of qualifiedNameProblems(finalizer)) errors.push(invalid('metadata.finalizers', finalizer, problem));
  }
  if (!core) return;
  all.forEach((finalizer, index) => {
    if (!isKnownFinalizer(finalizer)) errors.push(invalid(`metadata.finalizers[${index}]`, finalizer, UNKNOWN_FINALIZER));
  });
}

/** Said of finalizers that are new and may be another's too. */
export function finalizerWarnings({ finalizers }: JsonObject, before: readonly string[] = []): string[] {
  const known = new Set(before);
  const added = (Array.isArray(finalizers) ? (finalizers as string[]) : []).filter((name) => !known.has(name) && !isKnownFinalizer(name));
  return [...new Set(added)].sort().map((name) => {
    const path = name.includes('.') ? ' including a path (/)' : '';
    return `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`;
  });
}

/** Changes that no update may make. */
export function validateMetadataUpdate(metadata: JsonObject, old: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  if (!old.deletionTimestamp) return errors;
  const before = new Set(Array.isArray(old.finalizers) ? (old.finalizers as string[]) : []);
  const added = (Array.isArray(metadata.finalizers) ? (metadata.finalizers as string[]) : []).filter((finalizer) => !before.has(finalizer));
  if (added.length > 0) {
    errors.push(forbidden('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`));
  }
  return errors;
}
