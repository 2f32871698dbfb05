/** Shapes of the named groups: see parse.ts for how they are written. */

export const COORDINATION_V1 = `
LeaseSpec: holderIdentity 1, leaseDurationSeconds 2 int32, acquireTime 3 microTime, renewTime 4 microTime, leaseTransitions 5 int32, strategy 6,
  preferredHolder 7
Lease: metadata 1 ObjectMeta, spec 2 LeaseSpec
`;

export const DISCOVERY_V1 = `
EndpointConditions: ready 1 bool, serving 2 bool, terminating 3 bool
ForZone: name! 1
EndpointHints: forZones 1 ForZone[] =atomic
Endpoint: addresses! 1[] =set, conditions 2 EndpointConditions, hostname 3, targetRef 4 ObjectReference, deprecatedTopology 5{}, nodeName 6, zone 7,
  hints 8 EndpointHints
EndpointPort =atomic: name 1, protocol 2, port 3 int32, appProtocol 4
EndpointSlice: metadata 1 ObjectMeta, endpoints! 2 Endpoint[] =atomic, ports 3 EndpointPort[] =atomic, addressType! 4
`;

export const EVENTS_V1 = `
EventSeries: count! 1 int32, lastObservedTime! 2 microTime
Event: metadata 1 ObjectMeta, eventTime! 2 microTime, series 3 EventSeries, reportingController 4, reportingInstance 5, action 6, reason 7, regarding
  8 ObjectReference, related 9 ObjectReference, note 10, type 11, deprecatedSource 12 EventSource, deprecatedFirstTimestamp 13 time,
  deprecatedLastTimestamp 14 time, deprecatedCount 15 int32
`;

export const RBAC_V1 = `
PolicyRule: verbs* 1[] =atomic, apiGroups 2[] =atomic, resources 3[] =atomic, resourceNames 4[] =atomic, nonResourceURLs 5[] =atomic
Role: metadata 1 ObjectMeta, rules 2 PolicyRule[] =atomic
RoleRef =atomic: apiGroup* 1, kind* 2, name* 3
Subject =atomic: kind* 1, apiGroup 2, name* 3, namespace 4
RoleBinding: metadata 1 ObjectMeta, subjects 2 Subject[] =atomic, roleRef* 3 RoleRef
AggregationRule: clusterRoleSelectors 1 LabelSelector[] =atomic
ClusterRole: metadata 1 ObjectMeta, rules 2 PolicyRule[] =atomic, aggregationRule 3 AggregationRule
ClusterRoleBinding: metadata 1 ObjectMeta, subjects 2 Subject[] =atomic, roleRef* 3 RoleRef
`;

export const AUTHENTICATION_V1 = `
BoundObjectReference: kind 1, apiVersion 2, name 3, uid 4
TokenRequestSpec: audiences* 1[] =atomic, boundObjectRef 3 BoundObjectReference, expirationSeconds 4 int64
TokenRequestStatus: token* 1, expirationTimestamp* 2 time
TokenRequest: metadata 1 ObjectMeta, spec* 2 TokenRequestSpec, status 3 TokenRequestStatus
TokenReviewSpec: token 1, audiences 2[] =atomic
UserInfo: username 1, uid 2, groups 3[] =atomic, extra 4[]{}
TokenReviewStatus: authenticated 1 bool, user 2 UserInfo, error 3, audiences 4[] =atomic
TokenReview: metadata 1 ObjectMeta, spec* 2 TokenReviewSpec, status 3 TokenReviewStatus
SelfSubjectReviewStatus: userInfo 1 UserInfo
SelfSubjectReview: metadata 1 ObjectMeta, status 2 SelfSubjectReviewStatus
`;

export const AUTHORIZATION_V1 = `
NonResourceAttributes: path 1, verb 2
FieldSelectorAttributes: rawSelector 1, requirements 2 FieldSelectorRequirement[] =atomic
LabelSelectorAttributes: rawSelector 1, requirements 2 LabelSelectorRequirement[] =atomic
ResourceAttributes: namespace 1, verb 2, group 3, version 4, resource 5, subresource 6, name 7, fieldSelector 8 FieldSelectorAttributes, labelSelector
  9 LabelSelectorAttributes
SubjectAccessReviewSpec: resourceAttributes 1 ResourceAttributes, nonResourceAttributes 2 NonResourceAttributes, user 3, groups 4[] =atomic, extra
  5[]{}, uid 6
SubjectAccessReviewStatus: allowed* 1 bool, reason 2, evaluationError 3, denied 4 bool
SubjectAccessReview: metadata 1 ObjectMeta, spec* 2 SubjectAccessReviewSpec, status 3 SubjectAccessReviewStatus
LocalSubjectAccessReview: metadata 1 ObjectMeta, spec* 2 SubjectAccessReviewSpec, status 3 SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec: resourceAttributes 1 ResourceAttributes, nonResourceAttributes 2 NonResourceAttributes
SelfSubjectAccessReview: metadata 1 ObjectMeta, spec* 2 SelfSubjectAccessReviewSpec, status 3 SubjectAccessReviewStatus
SelfSubjectRulesReviewSpec: namespace 1
NonResourceRule: verbs* 1[] =atomic, nonResourceURLs 2[] =atomic
ResourceRule: verbs* 1[] =atomic, apiGroups 2[] =atomic, resources 3[] =atomic, resourceNames 4[] =atomic
SubjectRulesReviewStatus: resourceRules* 1 ResourceRule[] =atomic, nonResourceRules* 2 NonResourceRule[] =atomic, incomplete* 3 bool, evaluationError
  4
SelfSubjectRulesReview: metadata 1 ObjectMeta, spec* 2 SelfSubjectRulesReviewSpec, status 3 SubjectRulesReviewStatus
`;

export const AUTOSCALING_V1 = `
ScaleSpec: replicas 1 int32
ScaleStatus: replicas! 1 int32, selector 2
Scale: metadata 1 ObjectMeta, spec 2 ScaleSpec, status 3 ScaleStatus
`;
