/**
 * Who may do what, put together: authenticators in their chain, acting as others, roles in memory, the guard against granting what one
 * does not have, reviews, and the documents with which tokens can be verified elsewhere.
 */
import type { KubeObject } from '../crds/meta';
import type { Guard } from './apiserver/verbs/context';
import { accessReviews } from './apiserver/reviews/access-reviews';
import { identityReviews } from './apiserver/reviews/identity-reviews';
import { tokenSubresource } from './apiserver/reviews/service-account-token';
import type { Documents } from './apiserver/non-resource';
import type { ResourceRegistry } from './apiserver/resources/registry';
import { agentDecider, type AgentLeases } from './auth/agent-authorizer';
import { ChainAuthenticator, firstToken, type TokenAuthenticator } from './auth/authenticators/chain';
import { ClientCertificates } from './auth/authenticators/client-certificate';
import { ServiceAccountTokens } from './auth/authenticators/service-account-tokens';
import { loadSigningKey } from './auth/authenticators/signing-key';
import { authorizerOf, firstOpinion, masters, type Authorizer, type Decider } from './auth/authorizer';
import { API_AUDIENCE, type Authenticator } from './auth/identity';
import { ImpersonatingAuthenticator } from './auth/impersonation';
import { rbacDecider, rulesFor } from './auth/rbac/authorizer';
import { refuseEscalation } from './auth/rbac/escalation';
import { ensureDefaultRoles } from './auth/rbac/reconcile';
import { RoleIndex } from './auth/rbac/role-index';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, RBAC_GROUP, ROLE_BINDINGS, ROLES, type ClusterRole, type Role, type RoleBinding } from './auth/rbac/types';
import { RoleAggregator } from './controllers/cluster-role/aggregate';
import { Reflector } from './controllers/runtime/reflector';
import type { ObjectStore } from './store/store';

export interface AccessOptions {
  store: ObjectStore;
  /** The opaque bearer tokens. */
  tokens: TokenAuthenticator;
  /** Where the key for service account tokens is kept. */
  pkiDir: string;
  agentKnown: (agentId: string) => boolean;
  leases: AgentLeases;
  /** Told of what went wrong before it is tried again. */
  onError: (error: unknown) => void;
  now?: () => number;
}

export class AccessControl {
  readonly decide: Decider;
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly #tokens: TokenAuthenticator;

  private constructor(
    { tokens, agentKnown, leases, now }: AccessOptions,
    private readonly index: RoleIndex,
    private readonly accountTokens: ServiceAccountTokens,
    private readonly closers: readonly (() => Promise<void> | void)[],
  ) {
    this.decide = firstOpinion(masters, agentDecider(leases), rbacDecider(index));
    this.authorizer = authorizerOf(this.decide);
    this.#tokens = firstToken(tokens, accountTokens);
    const certificates = new ClientCertificates({ agentKnown, ...(now && { now }) });
    this.authenticator = new ImpersonatingAuthenticator(new ChainAuthenticator(this.#tokens, certificates), this.decide);
  }

  /** Makes the default roles, reads all roles. @throws Error when the key is damaged or the store cannot be written */
  static async open(options: AccessOptions): Promise<AccessControl> {
    const { store, onError, now } = options;
    const accountTokens = new ServiceAccountTokens({
      key: loadSigningKey(options.pkiDir),
      find: (kind, namespace, name) => store.get<KubeObject>(kind === 'Secret' ? 'secrets' : 'serviceaccounts', namespace, name),
      ...(now && { now }),
    });
    await ensureDefaultRoles(store);
    const sources = {
      roles: new Reflector<Role>({ store, resource: ROLES, onError }),
      roleBindings: new Reflector<RoleBinding>({ store, resource: ROLE_BINDINGS, onError }),
      clusterRoles: new Reflector<ClusterRole>({ store, resource: CLUSTER_ROLES, onError }),
      clusterRoleBindings: new Reflector<RoleBinding>({ store, resource: CLUSTER_ROLE_BINDINGS, onError }),
    };
    const reflectors = Object.values(sources);
    await Promise.all(reflectors.map((each) => each.start()));
    const index = new RoleIndex(sources);
    const aggregator = new RoleAggregator({ store, clusterRoles: sources.clusterRoles, onError });
    await aggregator.start();
    const stopReflectors = (): void => reflectors.forEach((each) => each.stop());
    return new AccessControl(options, index, accountTokens, [() => aggregator.stop(), () => index.stop(), stopReflectors]);
  }

  async stop(): Promise<void> {
    for (const close of this.closers) await close();
  }

  /** Has the API serve `serviceaccounts/token` and the reviews. */
  register(registry: ResourceRegistry): void {
    const accounts = registry.byName('serviceaccounts');
    if (accounts) registry.add({ ...accounts, subresources: [...(accounts.subresources ?? []), tokenSubresource(this.accountTokens)] });
    const reviews = accessReviews({ decide: this.decide, rulesFor: (identity, namespace) => rulesFor(this.index, identity, namespace) });
    for (const each of [...identityReviews(this.#tokens), ...reviews]) registry.add(each);
  }

  /** Refuses roles and bindings that give what their writer does not have. */
  readonly guard: Guard = ({ resource, identity, namespace, name }, object, old) => {
    if (resource.group !== RBAC_GROUP) return;
    refuseEscalation(this.index, this.decide, { identity, plural: resource.plural, namespace, requestName: name, object, ...(old && { old }) });
  };

  /** With which tokens of service accounts can be verified elsewhere. @param url of the server, as clients reach it */
  documents(url: () => string): Documents {
    const keys = JSON.stringify(this.accountTokens.keys());
    const configuration = (): string => JSON.stringify({
      issuer: API_AUDIENCE, jwks_uri: `${url()}/openid/v1/jwks`,
      response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'],
    });
    return new Map([
      ['/.well-known/openid-configuration', () => ({ contentType: 'application/json', body: configuration() })],
      ['/openid/v1/jwks', () => ({ contentType: 'application/jwk-set+json', body: keys })],
    ]);
  }
}
