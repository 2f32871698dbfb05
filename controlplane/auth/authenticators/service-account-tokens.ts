/**
 * Tokens of service accounts: JSON Web Tokens (ES256) with the claims of Kubernetes' bound tokens, signed with a key of the data folder.
 *
 * Invariants: a token is good until it ends, as long as its ServiceAccount (and the Secret that it is bound to) is there with the same
 * uid. Signatures that held are remembered, so that a request costs one hash; existence is looked at every time.
 */
import { createHash, randomUUID, type KeyObject } from 'node:crypto';

import { jwtVerify, SignJWT, type JWTPayload } from 'jose';

import type { KubeObject } from '../../../crds/meta';
import { API_AUDIENCE, AUTHENTICATED, serviceAccountGroups, serviceAccountUser, type Identity } from '../identity';
import { showList } from '../rbac/rules';
import type { TokenAuthenticator, TokenIdentity } from './chain';
import type { SigningKey } from './signing-key';

const MAX_TOKEN_CHARS = 16_384;
const MAX_REMEMBERED = 10_000;
const LEEWAY_MS = 60_000;

export interface BoundObject {
  kind: string;
  name: string;
  uid: string;
}

export interface NewServiceAccountToken {
  namespace: string;
  name: string;
  uid: string;
  audiences: readonly string[];
  seconds: number;
  bound?: BoundObject;
}

interface KubernetesClaims {
  namespace: string;
  serviceaccount: { name: string; uid: string };
  secret?: { name: string; uid: string };
}

interface Claims {
  audiences: readonly string[];
  kubernetes: KubernetesClaims;
  /** The same object every time: others remember by it what they made of it. */
  identity: Identity;
  expiresAt: number;
  notBefore: number;
}

export interface ServiceAccountTokensOptions {
  key: SigningKey;
  /** The ServiceAccount or Secret of this name. */
  find: (kind: 'ServiceAccount' | 'Secret', namespace: string, name: string) => Promise<KubeObject | undefined>;
  now?: () => number;
  random?: () => string;
}

export class ServiceAccountTokens implements TokenAuthenticator {
  readonly #remembered = new Map<string, Claims>();
  readonly #now: () => number;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  readonly #signingKey: KeyObject;

  constructor(private readonly options: ServiceAccountTokensOptions) {
    this.#now = options.now ?? Date.now;
    this.#publicKey = options.key.publicKey;
    this.#signingKey = options.key.privateKey;
    this.#keyId = options.key.id;
  }

  /** @returns the token, good from now on */
  async issue({ namespace, name, uid, audiences, seconds, bound }: NewServiceAccountToken): Promise<string> {
    const at = Math.floor(this.#now() / 1000);
    const kubernetes = { namespace, serviceaccount: { name, uid }, ...(bound && { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }) };
    return new SignJWT({ 'kubernetes.io': kubernetes })
      .setProtectedHeader({ alg: 'ES256', kid: this.#keyId })
      .setIssuer(API_AUDIENCE)
      .setSubject(serviceAccountUser(namespace, name))
      .setAudience([...audiences])
      .setIssuedAt(at)
      .setNotBefore(at)
      .setExpirationTime(at + seconds)
      .setJti((this.options.random ?? randomUUID)())
      .sign(this.#signingKey);
  }

  async authenticateToken(token: string, audiences: readonly string[] = [API_AUDIENCE]): Promise<TokenIdentity | undefined> {
    if (token.length > MAX_TOKEN_CHARS || token.split('.').length !== 3) return undefined;
    const claims = await this.#claims(token);
    const now = this.#now();
    if (!claims || claims.expiresAt <= now || claims.notBefore > now + LEEWAY_MS) return undefined;
    const shared = audiences.filter((audience) => claims.audiences.includes(audience));
    if (shared.length === 0 || !(await this.#stillThere(claims.kubernetes))) return undefined;
    return { identity: claims.identity, audiences: shared };
  }

  async whyNot(token: string, audiences: readonly string[]): Promise<string | undefined> {
    const claims = token.length > MAX_TOKEN_CHARS ? undefined : await this.#claims(token);
    if (!claims) return undefined;
    if (claims.expiresAt <= this.#now()) return 'service account token has expired';
    const shared = audiences.some((audience) => claims.audiences.includes(audience));
    return shared ? 'service account token has been invalidated' : `token audiences ${showList(claims.audiences)} is invalid for the target audiences ${showList(audiences)}`;
  }

  /** The keys with which these tokens can be verified elsewhere (RFC 7517). */
  keys(): object {
    return { keys: [{ use: 'sig', alg: 'ES256', kid: this.#keyId, ...this.#publicKey.export({ format: 'jwk' }) }] };
  }

  /** @returns undefined when it is none of ours, whatever is wrong with it */
  async #claims(token: string): Promise<Claims | undefined> {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.#remembered.get(hash);
    if (known) return known;
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.#publicKey, { issuer: API_AUDIENCE, algorithms: ['ES256'], currentDate: new Date(this.#now()), clockTolerance: '1 minute' }));
    } catch {
      return undefined;
    }
    const claims = claimsOf(payload);
    if (!claims) return undefined;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value as string);
    this.#remembered.set(hash, claims);
    return claims;
  }

  async #stillThere({ namespace, serviceaccount, secret }: KubernetesClaims): Promise<boolean> {
    const same = async (kind: 'ServiceAccount' | 'Secret', { name, uid }: { name: string; uid: string }): Promise<boolean> => {
      const found = await this.options.find(kind, namespace, name);
      if (found?.metadata.uid !== uid) return false;
      const { deletionTimestamp } = found.metadata;
      return deletionTimestamp === undefined || Date.parse(deletionTimestamp) >= this.#now() - LEEWAY_MS;
    };
    return (await same('ServiceAccount', serviceaccount)) && (secret === undefined || (await same('Secret', secret)));
  }
}

function identityOf({ namespace, serviceaccount }: KubernetesClaims, id: string): Identity {
  return {
    user: serviceAccountUser(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: [...serviceAccountGroups(namespace), AUTHENTICATED],
    extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${id}`] },
  };
}

/** @returns undefined when a claim is missing that tokens of ours have */
function claimsOf(payload: JWTPayload): Claims | undefined {
  const { 'kubernetes.io': kubernetes, aud, exp, nbf, jti = '', sub } = payload as JWTPayload & { 'kubernetes.io'?: Partial<KubernetesClaims> };
  const { namespace, serviceaccount, secret } = kubernetes ?? {};
  if (namespace === undefined || serviceaccount === undefined || exp === undefined) return undefined;
  if (sub !== serviceAccountUser(namespace, serviceaccount.name)) return undefined;
  return {
    audiences: typeof aud === 'string' ? [aud] : (aud ?? []),
    kubernetes: { namespace, serviceaccount, ...(secret && { secret }) },
    identity: identityOf({ namespace, serviceaccount }, jti),
    expiresAt: exp * 1000,
    notBefore: (nbf ?? 0) * 1000,
  };
}
