/** authorization.k8s.io/v1: who may do what, asked of the very authorizer that decides about requests. */
import type { Attributes, Decider } from '../../auth/authorizer';
import type { Identity } from '../../auth/identity';
import type { PolicyRule } from '../../auth/rbac/types';
import { badRequest } from '../http/errors';
import type { Resource } from '../resources/resource';
import { invalid, type FieldError } from '../schema/field-error';
import { isObject, type JsonObject } from '../schema/schema';
import type { ResourceRequest } from '../verbs/context';
import { extraOf, invalidReview, review, textOf, textsOf } from './define';

export interface AccessReviewOptions {
  decide: Decider;
  /** Every rule that applies to the identity in a namespace. */
  rulesFor: (identity: Identity, namespace: string) => { rules: readonly PolicyRule[]; error: string };
}

const GROUP = 'authorization.k8s.io';

export function accessReviews({ decide, rulesFor }: AccessReviewOptions): Resource[] {
  const statusFor = (identity: Identity, spec: JsonObject): JsonObject => {
    const { outcome, reason } = decide(identity, attributesOf(spec));
    return { allowed: outcome === 'allow', ...(outcome === 'deny' && { denied: true }), ...(reason !== '' && { reason }) };
  };
  const subjectReview = (request: ResourceRequest, asked: JsonObject, errors: FieldError[] = []): JsonObject => {
    const spec = specOf(asked);
    check(request, [...specErrors(spec), ...subjectErrors(spec), ...errors]);
    return statusFor({ user: textOf(spec.user), groups: textsOf(spec.groups), uid: textOf(spec.uid), extra: extraOf(spec.extra) }, spec);
  };
  return [
    review(
      {
        group: GROUP, plural: 'localsubjectaccessreviews', singular: 'localsubjectaccessreview', kind: 'LocalSubjectAccessReview', namespaced: true,
        description: 'LocalSubjectAccessReview checks whether somebody may do something in a namespace.',
      },
      (request, asked) => subjectReview(request, asked, localErrors(asked)),
    ),
    review(
      {
        group: GROUP, plural: 'selfsubjectaccessreviews', singular: 'selfsubjectaccessreview', kind: 'SelfSubjectAccessReview', namespaced: false,
        description: 'SelfSubjectAccessReview checks whether whoever asks may do something.',
      },
      (request, asked) => {
        const spec = specOf(asked);
        check(request, specErrors(spec));
        return statusFor(request.identity, spec);
      },
    ),
    review(
      {
        group: GROUP, plural: 'selfsubjectrulesreviews', singular: 'selfsubjectrulesreview', kind: 'SelfSubjectRulesReview', namespaced: false,
        description: 'SelfSubjectRulesReview lists what whoever asks may do in a namespace.',
      },
      ({ identity }, asked) => {
        const namespace = textOf(specOf(asked).namespace);
        if (namespace === '') throw badRequest('no namespace on request');
        return rulesStatus(rulesFor(identity, namespace));
      },
    ),
    review(
      {
        group: GROUP, plural: 'subjectaccessreviews', singular: 'subjectaccessreview', kind: 'SubjectAccessReview', namespaced: false,
        description: 'SubjectAccessReview checks whether somebody may do something.',
      },
      (request, asked) => subjectReview(request, asked),
    ),
  ];
}

const specOf = (asked: JsonObject): JsonObject => (isObject(asked.spec) ? asked.spec : {});

function check({ resource }: ResourceRequest, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidReview(resource, errors);
}

function specErrors({ resourceAttributes, nonResourceAttributes }: JsonObject): FieldError[] {
  const [resource, path] = [isObject(resourceAttributes), isObject(nonResourceAttributes)];
  if (resource && path) return [invalidPath(nonResourceAttributes, 'cannot be specified in combination with resourceAttributes')];
  if (!resource && !path) return [invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')];
  return [];
}

/** With the value as Go shows it. */
function invalidPath(attributes: unknown, detail: string): FieldError {
  const { path, verb } = isObject(attributes) ? attributes : {};
  const shown = `authorization.NonResourceAttributes{Path:${JSON.stringify(textOf(path))}, Verb:${JSON.stringify(textOf(verb))}}`;
  return { reason: 'FieldValueInvalid', field: 'spec.nonResourceAttributes', message: `Invalid value: ${shown}: ${detail}` };
}

function subjectErrors({ user, groups }: JsonObject): FieldError[] {
  return textOf(user) === '' && textsOf(groups).length === 0 ? [invalid('spec.user', '', 'at least one of user or group must be specified')] : [];
}

function localErrors(asked: JsonObject): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = specOf(asked);
  const namespace = isObject(asked.metadata) ? textOf(asked.metadata.namespace) : '';
  if (isObject(nonResourceAttributes)) return [invalidPath(nonResourceAttributes, 'disallowed on this kind of request')];
  const of = isObject(resourceAttributes) ? textOf(resourceAttributes.namespace) : '';
  return of === namespace ? [] : [invalid('spec.resourceAttributes.namespace', of, 'must match metadata.namespace')];
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: JsonObject): Attributes {
  if (isObject(nonResourceAttributes)) return { verb: textOf(nonResourceAttributes.verb), path: textOf(nonResourceAttributes.path) };
  const of = isObject(resourceAttributes) ? resourceAttributes : {};
  const [verb, group, plural, subresource, namespace, name] = ['verb', 'group', 'resource', 'subresource', 'namespace', 'name'].map((field) => textOf(of[field]));
  return { verb, resource: { group, plural, subresource, namespace, name }, path: '' };
}

function rulesStatus({ rules, error }: { rules: readonly PolicyRule[]; error: string }): JsonObject {
  const some = (values: readonly string[] | undefined): values is readonly string[] => values !== undefined && values.length > 0;
  return {
    resourceRules: rules.filter(({ resources }) => some(resources)).map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(some(resourceNames) && { resourceNames }) })),
    nonResourceRules: rules.filter(({ nonResourceURLs }) => some(nonResourceURLs)).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
    ...(error !== '' && { evaluationError: error }),
  };
}
