/** Who makes a request. */
import type { IncomingMessage } from 'node:http';

import type { Soon } from './soon';

export interface Identity {
  user: string;
  groups: readonly string[];
  uid?: string;
  /** What an authenticator knows beyond that, such as the id of the credential. */
  extra?: Readonly<Record<string, readonly string[]>>;
}

export const AUTHENTICATED = 'system:authenticated';
export const UNAUTHENTICATED = 'system:unauthenticated';
/** What this server is called as issuer and audience of tokens: kube-apiserver's default, which stays the same when the address changes. */
export const API_AUDIENCE = 'https://kubernetes.default.svc.cluster.local';
export const ANONYMOUS = 'system:anonymous';

export interface Authenticator {
  /**
   * @returns undefined when there are no credentials, or none that hold (unknown, expired).
   * @throws AuthError when they hold but what they ask for (to act as somebody else) may not be
   */
  authenticate(req: IncomingMessage): Soon<Identity | undefined>;
}

/** Why a request that is authenticated goes no further; becomes a `Status`. */
export class AuthError extends Error {
  constructor(
    readonly code: 400 | 403 | 404,
    readonly reason: 'BadRequest' | 'Forbidden' | 'NotFound',
    message: string,
    readonly details: { name?: string; group?: string; kind?: string } = {},
    /** Refused before the request came to its resource. */
    readonly early = false,
  ) {
    super(message);
    this.name = 'AuthError';
  }
}

/** The token of `Authorization: Bearer …`; undefined when there is none. */
export function bearerToken(req: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1];
}

const SERVICE_ACCOUNT = 'system:serviceaccount:';

export const serviceAccountUser = (namespace: string, name: string): string => `${SERVICE_ACCOUNT}${namespace}:${name}`;
export const serviceAccountGroups = (namespace: string): string[] => ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];

/** Of `system:serviceaccount:NAMESPACE:NAME`; undefined for other users. */
export function splitServiceAccount(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(SERVICE_ACCOUNT)) return undefined;
  const [namespace = '', name = '', ...more] = user.slice(SERVICE_ACCOUNT.length).split(':');
  return namespace === '' || name === '' || more.length > 0 ? undefined : { namespace, name };
}
