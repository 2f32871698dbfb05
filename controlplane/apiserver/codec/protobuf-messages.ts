/** Field numbers of the messages that clients send in protobuf (k8s.io/api generated.proto). */

export type FieldType = 'string' | 'bytes' | 'raw' | 'int' | 'bool' | 'time' | 'microTime' | Message;

export interface Field {
  name: string;
  type: FieldType;
  repeated?: boolean;
  /** A map from strings to `type`. */
  map?: boolean;
}

export interface Message {
  [number: number]: Field;
}

/** `fields('1 name, 2 count:int')`: number, name and type (string when absent; `[]` repeated, `{}` map). */
function fields(spec: string, messages: Record<string, Message> = {}): Message {
  const message: Message = {};
  for (const part of spec.split(',')) {
    const [number, rest] = part.trim().split(' ');
    const [name, typed = 'string'] = rest.split(':');
    const bare = typed.replace(/\[\]|\{\}/, '');
    message[Number(number)] = {
      name,
      type: messages[bare] ?? (bare as Exclude<FieldType, Message>),
      ...(typed.endsWith('[]') && { repeated: true }),
      ...(typed.endsWith('{}') && { map: true }),
    };
  }
  return message;
}

const owner = fields('1 kind, 3 name, 4 uid, 5 apiVersion, 6 controller:bool, 7 blockOwnerDeletion:bool');
const meta = fields(
  '1 name, 2 generateName, 3 namespace, 5 uid, 6 resourceVersion, 7 generation:int, 8 creationTimestamp:time, ' +
    '9 deletionTimestamp:time, 10 deletionGracePeriodSeconds:int, 11 labels:string{}, 12 annotations:string{}, ' +
    '13 ownerReferences:owner[], 14 finalizers:string[]',
  { owner },
);
const reference = fields('1 kind, 2 namespace, 3 name, 4 uid, 5 apiVersion, 6 resourceVersion, 7 fieldPath');

export const MESSAGES: Readonly<Record<string, Message | undefined>> = {
  Namespace: fields('1 metadata:meta, 2 spec:spec, 3 status:status', {
    meta,
    spec: fields('1 finalizers:string[]'),
    status: fields('1 phase'),
  }),
  Secret: fields('1 metadata:meta, 2 data:bytes{}, 3 type, 4 stringData:string{}, 5 immutable:bool', { meta }),
  ConfigMap: fields('1 metadata:meta, 2 data:string{}, 3 binaryData:bytes{}, 4 immutable:bool', { meta }),
  Event: fields(
    '1 metadata:meta, 2 involvedObject:reference, 3 reason, 4 message, 5 source:source, 6 firstTimestamp:time, ' +
      '7 lastTimestamp:time, 8 count:int, 9 type, 10 eventTime:microTime, 11 series:series, 12 action, 13 related:reference, ' +
      '14 reportingComponent, 15 reportingInstance',
    { meta, reference, source: fields('1 component, 2 host'), series: fields('1 count:int, 2 lastObservedTime:microTime') },
  ),
  Lease: fields('1 metadata:meta, 2 spec:spec', {
    meta,
    spec: fields(
      '1 holderIdentity, 2 leaseDurationSeconds:int, 3 acquireTime:microTime, 4 renewTime:microTime, 5 leaseTransitions:int',
    ),
  }),
  DeleteOptions: fields(
    '1 gracePeriodSeconds:int, 2 preconditions:preconditions, 3 orphanDependents:bool, 4 propagationPolicy, 5 dryRun:string[]',
    { preconditions: fields('1 uid, 2 resourceVersion') },
  ),
};
