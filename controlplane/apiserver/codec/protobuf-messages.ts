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

const policyRule = fields('1 verbs:string[], 2 apiGroups:string[], 3 resources:string[], 4 resourceNames:string[], 5 nonResourceURLs:string[]');
const roleBinding = fields('1 metadata:meta, 2 subjects:subject[], 3 roleRef:roleRef', {
  meta,
  subject: fields('1 kind, 2 apiGroup, 3 name, 4 namespace'),
  roleRef: fields('1 apiGroup, 2 kind, 3 name'),
});
const labelSelector = fields('1 matchLabels:string{}, 2 matchExpressions:requirement[]', { requirement: fields('1 key, 2 operator, 3 values:string[]') });
const extra = fields('1 items:string[]');
const userInfo = fields('1 username, 2 uid, 3 groups:string[], 4 extra:extra{}', { extra });
const access = {
  meta,
  resource: fields('1 namespace, 2 verb, 3 group, 4 version, 5 resource, 6 subresource, 7 name'),
  path: fields('1 path, 2 verb'),
  extra,
};
const subjectAccess = fields('1 metadata:meta, 2 spec:spec', {
  meta,
  spec: fields('1 resourceAttributes:resource, 2 nonResourceAttributes:path, 3 user, 4 groups:string[], 5 extra:extra{}, 6 uid', access),
});

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
  Role: fields('1 metadata:meta, 2 rules:policyRule[]', { meta, policyRule }),
  ClusterRole: fields('1 metadata:meta, 2 rules:policyRule[], 3 aggregationRule:aggregation', {
    meta, policyRule, aggregation: fields('1 clusterRoleSelectors:labelSelector[]', { labelSelector }),
  }),
  RoleBinding: roleBinding,
  ClusterRoleBinding: roleBinding,
  SelfSubjectReview: fields('1 metadata:meta', { meta }),
  TokenReview: fields('1 metadata:meta, 2 spec:spec, 3 status:status', {
    meta,
    spec: fields('1 token, 2 audiences:string[]'),
    status: fields('1 authenticated:bool, 2 user:userInfo, 3 error, 4 audiences:string[]', { userInfo }),
  }),
  TokenRequest: fields('1 metadata:meta, 2 spec:spec', {
    meta,
    spec: fields('1 audiences:string[], 3 boundObjectRef:bound, 4 expirationSeconds:int', { bound: fields('1 kind, 2 apiVersion, 3 name, 4 uid') }),
  }),
  SubjectAccessReview: subjectAccess,
  LocalSubjectAccessReview: subjectAccess,
  SelfSubjectAccessReview: fields('1 metadata:meta, 2 spec:spec', { meta, spec: fields('1 resourceAttributes:resource, 2 nonResourceAttributes:path', access) }),
  SelfSubjectRulesReview: fields('1 metadata:meta, 2 spec:spec', { meta, spec: fields('1 namespace') }),
  DeleteOptions: fields(
    '1 gracePeriodSeconds:int, 2 preconditions:preconditions, 3 orphanDependents:bool, 4 propagationPolicy, 5 dryRun:string[]',
    { preconditions: fields('1 uid, 2 resourceVersion') },
  ),
};
