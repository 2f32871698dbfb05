/** What a server serves, from its discovery, with an object of each kind to begin from. */
import { MANIFESTS } from '../../fixtures/manifests/table';
import type { Target } from './requests';

interface DiscoveryGroup {
  metadata?: { name?: string };
  versions: { version: string; resources: { resource: string; scope: string; responseKind: { kind: string }; verbs: string[]; subresources?: { subresource: string }[] }[] }[];
}

/** `documents`: the answers of /api and /apis as APIGroupDiscoveryList. */
export function targetsOf(documents: readonly { items: DiscoveryGroup[] }[]): Target[] {
  return documents.flatMap(({ items }) =>
    items.flatMap((group) =>
      group.versions.flatMap(({ version, resources }) =>
        resources.map(({ resource, scope, responseKind, verbs, subresources = [] }) => {
          const groupVersion = group.metadata?.name ? `${group.metadata.name}/${version}` : version;
          return {
            groupVersion,
            plural: resource,
            namespaced: scope === 'Namespaced',
            subresources: subresources.map(({ subresource }) => subresource),
            review: verbs.every((verb) => verb === 'create'),
            ...(resource === 'customresourcedefinitions' && { names: ['fuzz-a.fuzz.example'] }),
            example: { apiVersion: groupVersion, kind: responseKind.kind, ...bodyOf(responseKind.kind) },
          };
        }),
      ),
    ),
  );
}

const RULES = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }];
const SUBJECTS = [{ kind: 'User', name: 'nobody', apiGroup: 'rbac.authorization.k8s.io' }];
const ATTRIBUTES = { resourceAttributes: { namespace: 'fuzz', verb: 'get', group: 'gleaner.dev', resource: 'jobs', name: 'x' } };

const BODIES: Readonly<Record<string, object>> = {
  ConfigMap: { data: { a: 'b' }, binaryData: { c: 'AQID' }, immutable: false },
  Secret: { type: 'Opaque', data: { a: 'YQ==' }, stringData: { b: 'c' } },
  Namespace: { spec: { finalizers: ['kubernetes'] } },
  ServiceAccount: { secrets: [{ name: 'x' }], automountServiceAccountToken: false },
  Event: { involvedObject: { kind: 'Job', name: 'x', namespace: 'fuzz' }, reason: 'R', message: 'M', type: 'Normal', count: 1 },
  Lease: { spec: { holderIdentity: 'x', leaseDurationSeconds: 15, renewTime: '2024-01-01T00:00:00.000000Z' } },
  Role: { rules: RULES },
  ClusterRole: { rules: RULES },
  RoleBinding: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' }, subjects: SUBJECTS },
  ClusterRoleBinding: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'x' }, subjects: SUBJECTS },
  SelfSubjectAccessReview: { spec: ATTRIBUTES },
  SubjectAccessReview: { spec: { ...ATTRIBUTES, user: 'x', groups: ['g'] } },
  LocalSubjectAccessReview: { spec: { ...ATTRIBUTES, user: 'x' } },
  SelfSubjectRulesReview: { spec: { namespace: 'fuzz' } },
  SelfSubjectReview: {},
  TokenReview: { spec: { token: 'a.b.c', audiences: ['x'] } },
  PodTemplate: { template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
  CustomResourceDefinition: {
    spec: {
      group: 'fuzz.example',
      scope: 'Namespaced',
      names: { plural: 'fuzz-a', kind: 'Fuzz' },
      versions: [
        {
          name: 'v1', served: true, storage: true,
          additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec.a' }],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { a: { type: 'string', pattern: '^a+$', default: 'a' }, l: { type: 'array', maxItems: 5, items: { type: 'integer' } } }, 'x-kubernetes-validations': [{ rule: 'self.l.all(x, x > 0)' }] } },
            },
          },
        },
      ],
    },
  },
};

/** The fields of an object of a kind, without type and metadata. */
function bodyOf(kind: string): object {
  const own = MANIFESTS.find(({ manifest, expect }) => expect === 'accepted' && typeof manifest === 'object' && (manifest as { kind?: string }).kind === kind)?.manifest as { spec?: object } | undefined;
  if (own) return { spec: own.spec };
  return BODIES[kind] ?? { spec: { a: 'b', n: 1 }, data: { a: 'b' } };
}
