/** Who is at the other end of a TLS connection. */
import { createHash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** An agent's id: sha-256 of its public key (DER, SubjectPublicKeyInfo), hex. */
export const agentIdOf = (certificate: X509Certificate): string =>
  createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('hex');

/** The agent whose certificate the peer proved to hold, or why there is none. */
export function peerAgentId(socket: TLSSocket): { agentId: string; why?: undefined } | { agentId?: undefined; why: string } {
  const certificate = socket.getPeerX509Certificate?.();
  if (!certificate) return { why: 'no client certificate was given' };
  if (!socket.authorized) return { why: `the client certificate is not valid (${String(socket.authorizationError)})` };
  return { agentId: agentIdOf(certificate) };
}
