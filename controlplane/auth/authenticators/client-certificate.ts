/**
 * Client certificates that our CA signed: the common name is the user, each organisation a group. A certificate whose name is the hash of
 * its own key is an agent's: `system:gleaner:agent:<id>`, as long as the agent is registered.
 *
 * What a connection's certificate says is worked out once per connection; whether the certificate has not ended, and whether the agent is
 * still there, every time.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

import { X509Certificate as ParsedCertificate } from '@peculiar/x509';

import { AUTHENTICATED, type Identity } from '../identity';
import type { CertificateAuthenticator } from './chain';

export const AGENTS_GROUP = 'system:gleaner:agents';
const AGENT_USER = 'system:gleaner:agent:';

export const agentUser = (id: string): string => `${AGENT_USER}${id}`;
/** The id in an agent's user name. */
export const agentOfUser = (user: string): string | undefined => (user.startsWith(AGENT_USER) ? user.slice(AGENT_USER.length) : undefined);

interface Known {
  identity: Identity;
  agentId?: string;
  endsAt: number;
}

export interface ClientCertificatesOptions {
  /** Whether there is such an agent (a deleted one is revoked). */
  agentKnown: (agentId: string) => boolean;
  now?: () => number;
}

export class ClientCertificates implements CertificateAuthenticator {
  readonly #known = new WeakMap<TLSSocket, Known | 'none'>();
  readonly #now: () => number;

  constructor(private readonly options: ClientCertificatesOptions) {
    this.#now = options.now ?? Date.now;
  }

  identify(socket: TLSSocket): Identity | 'refused' | undefined {
    let known = this.#known.get(socket);
    if (known === undefined) {
      const certificate = socket.getPeerX509Certificate?.();
      known = certificate ? (socket.authorized ? read(certificate) : undefined) : 'none';
      if (known === undefined) return 'refused';
      this.#known.set(socket, known);
    }
    if (known === 'none') return undefined;
    if (known.endsAt <= this.#now()) return 'refused';
    if (known.agentId !== undefined && !this.options.agentKnown(known.agentId)) return 'refused';
    return known.identity;
  }
}

/** @returns undefined when it names no user */
function read(certificate: X509Certificate): Known | undefined {
  const { subjectName } = new ParsedCertificate(certificate.raw);
  const [user = ''] = subjectName.getField('CN');
  if (user === '') return undefined;
  const endsAt = Date.parse(certificate.validTo);
  const id = createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('hex');
  if (user === id) return { identity: { user: agentUser(id), groups: [AGENTS_GROUP] }, agentId: id, endsAt };
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
  return {
    identity: { user, groups: [...subjectName.getField('O'), AUTHENTICATED], extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] } },
    endsAt,
  };
}
