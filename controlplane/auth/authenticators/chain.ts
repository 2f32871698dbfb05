/**
 * Who somebody is, by what they show:
 *
 *   client certificate ─► bearer token (opaque, then service account) ─► nothing: anonymous
 *
 * What is shown and does not hold is nobody (401), never anonymous.
 */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

import { ANONYMOUS, bearerToken, UNAUTHENTICATED, type Authenticator, type Identity } from '../identity';
import { soon, type Soon } from '../soon';

export interface TokenAuthenticator {
  /** @param audiences whom the token must be for; absent: this server */
  authenticateToken(token: string, audiences?: readonly string[]): Soon<TokenIdentity | undefined>;
  /** Why a token that is one of these is not good; undefined: nothing to say. */
  whyNot?(token: string, audiences: readonly string[]): Promise<string | undefined>;
}

export interface TokenIdentity {
  identity: Identity;
  /** Those of the audiences asked for that the token is good for. */
  audiences: readonly string[];
}

export interface CertificateAuthenticator {
  /** @returns undefined when there is no certificate; 'refused' when it is not good */
  identify(socket: TLSSocket): Identity | 'refused' | undefined;
}

const NOBODY: Identity = { user: ANONYMOUS, groups: [UNAUTHENTICATED] };

export class ChainAuthenticator implements Authenticator {
  constructor(
    private readonly tokens: TokenAuthenticator,
    private readonly certificates?: CertificateAuthenticator,
  ) {}

  authenticate(req: IncomingMessage): Soon<Identity | undefined> {
    const certified = this.certificates?.identify(req.socket as TLSSocket);
    if (certified !== undefined && certified !== 'refused') return certified;
    const token = bearerToken(req);
    // No token, or an Authorization of another kind: nobody in particular, as in Kubernetes.
    if (token === undefined) return certified === 'refused' ? undefined : NOBODY;
    return soon(this.tokens.authenticateToken(token), (found) => found?.identity);
  }
}

/** Asks one after the other; the first that knows the token has decided. */
export function firstToken(...authenticators: readonly [TokenAuthenticator, ...TokenAuthenticator[]]): TokenAuthenticator {
  const ask = (at: number, token: string, audiences: readonly string[] | undefined): Soon<TokenIdentity | undefined> => {
    const found = authenticators[at].authenticateToken(token, audiences);
    return soon(found, (known) => known ?? (at + 1 < authenticators.length ? ask(at + 1, token, audiences) : undefined));
  };
  return {
    authenticateToken: (token, audiences) => ask(0, token, audiences),
    whyNot: async (token, audiences) => {
      for (const each of authenticators) {
        const why = await each.whyNot?.(token, audiences);
        if (why !== undefined) return why;
      }
      return undefined;
    },
  };
}
