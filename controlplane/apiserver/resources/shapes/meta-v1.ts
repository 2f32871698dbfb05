/** Shapes of meta/v1: see parse.ts for how they are written. ObjectMeta is OBJECT_META. */

export const META_V1 = `
ManagedFieldsEntry: manager 1, operation 2, apiVersion 3, time 4 time, fieldsType 6, fieldsV1 7 raw, subresource 8
OwnerReference =atomic: kind* 1, name* 3, uid* 4, apiVersion* 5, controller 6 bool, blockOwnerDeletion 7 bool
ListMeta: selfLink 1, resourceVersion 2, continue 3, remainingItemCount 4 int64
Preconditions: uid 1, resourceVersion 2
DeleteOptions: gracePeriodSeconds 1 int64, preconditions 2 Preconditions, orphanDependents 3 bool, propagationPolicy 4, dryRun 5[] =atomic,
  ignoreStoreReadErrorWithClusterBreakingPotential 6 bool
StatusCause: reason 1, message 2, field 3
StatusDetails: name 1, group 2, kind 3, causes 4 StatusCause[] =atomic, retryAfterSeconds 5 int32, uid 6
Status: metadata 1 ListMeta, status 2, message 3, reason 4, details 5 StatusDetails =atomic, code 6 int32
Condition: type! 1, status! 2, observedGeneration 3 int64, lastTransitionTime! 4 time, reason! 5, message! 6
LabelSelectorRequirement: key! 1, operator! 2, values 3[] =atomic
LabelSelector =atomic: matchLabels 1{}, matchExpressions 2 LabelSelectorRequirement[] =atomic
FieldSelectorRequirement: key! 1, operator! 2, values 3[] =atomic
`;
