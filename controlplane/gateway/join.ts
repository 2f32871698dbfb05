/**
 * `POST /join {csr, token, name?}`: a new agent gets its certificate. `POST /join/renew {csr}`: an agent that still has a valid
 * one gets the next, for the same key.
 *
 * Use of the token and the Agent object are durable before the answer. An answer that got lost is had again with the same key and token,
 * without another use.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import type { Agent } from '../../crds/agent';
import { LINK_PATH } from '../../crds/agent-link';
import { AGENTS, API_VERSION } from '../../crds/meta';
import type { ObjectStore } from '../store/store';
import type { Access } from './http/access';
import { badRequest, HttpError, parseUrl, readJson, sendJson, type Handler } from './http/reply';
import type { JoinTokens } from './join-tokens';
import type { Complaints } from './link/complaints';
import { peerAgentId } from './link/peer';

/** What the CA does for agents. */
export interface AgentCertificates {
  readonly caCertificate: string;
  issueClientCertificate(csr: string, commonName: string, hours: number): Promise<string>;
}

export interface JoinOptions {
  store: ObjectStore;
  tokens: JoinTokens;
  certificates: AgentCertificates;
  complaints: Complaints;
  access: Access;
  certificateHours?: number;
}

/** Which token an agent joined with. */
const TOKEN_ANNOTATION = 'gleaner.dev/join-token';
const NAME_ANNOTATION = 'gleaner.dev/host-name';
const CERTIFICATE_HOURS = 24;
const MAX_CSR = 16_384;

export function joinRoutes(options: JoinOptions): Handler {
  const { store, tokens, complaints } = options;
  return async (req, res) => {
    const { segments } = parseUrl(req);
    const path = segments.join('/');
    const isJoin = path === 'join' || path === 'join/renew';
    // A token in the body, or a certificate, says who joins; who asks for anything else says it as everywhere.
    if (req.method !== 'POST' || !isJoin) await options.access.require(req);
    if (req.method !== 'POST') throw new HttpError(405, 'MethodNotAllowed', 'join knows POST', { allow: 'POST' });
    if (!isJoin) throw new HttpError(404, 'NotFound', 'the path has to be /join or /join/renew');
    try {
      const body = await readJson(req, 64 * 1024);
      const agentId = agentOf(body.csr);
      if (path === 'join/renew') await renew(req, agentId);
      else await join(agentId, body);
      sendJson(res, path === 'join' ? 201 : 200, await answer(req, agentId, body.csr as string));
    } catch (error) {
      if (error instanceof HttpError && error.code === 401) {
        complaints.say(`join ${req.socket.remoteAddress} ${error.reason}`, { address: req.socket.remoteAddress, why: error.message }, 'join refused');
      }
      throw error;
    }
  };

  async function join(agentId: string, body: Record<string, unknown>): Promise<void> {
    const name = body.name === undefined ? undefined : hostName(body.name);
    const { id, owner } = await tokens.check(body.token);
    const existing = await store.get<Agent>(AGENTS, '', agentId);
    if (existing) {
      if (existing.metadata.annotations?.[TOKEN_ANNOTATION] === id) {
        // The first try may have ended between the two writes.
        if (existing.status?.owner === undefined) await store.updateStatus<Agent>(AGENTS, { ...existing, status: { state: 'Offline', owner } });
        return;
      }
      throw new HttpError(409, 'AlreadyExists', `agent ${agentId} is registered already; to join anew, delete the Agent or let the agent make a new key`);
    }
    await tokens.use(id);
    const annotations = { [TOKEN_ANNOTATION]: id, ...(name === undefined ? {} : { [NAME_ANNOTATION]: name }) };
    const agent: Agent = { apiVersion: API_VERSION, kind: 'Agent', metadata: { name: agentId, annotations }, spec: { cordoned: false } };
    const [created, status] = await store.batch([
      { verb: 'create', resource: AGENTS, object: agent },
      { verb: 'updateStatus', resource: AGENTS, object: { ...agent, status: { state: 'Offline', owner } } as Agent },
    ]);
    for (const outcome of [created, status]) if (outcome && !outcome.ok && outcome.error.reason !== 'AlreadyExists') throw outcome.error;
  }

  async function renew(req: IncomingMessage, agentId: string): Promise<void> {
    const peer = peerAgentId(req.socket as TLSSocket);
    if (peer.agentId === undefined) throw new HttpError(401, 'Unauthorized', `${peer.why}; join with a token`);
    if (peer.agentId !== agentId) throw badRequest('csr: its key is not the one of the client certificate; a new key has to join with a token');
    if (!(await store.get<Agent>(AGENTS, '', agentId))) throw new HttpError(403, 'Forbidden', `agent ${agentId} is not registered (any more); join with a new token`);
  }

  async function answer(req: IncomingMessage, agentId: string, csr: string): Promise<Record<string, unknown>> {
    const { certificates, certificateHours = CERTIFICATE_HOURS } = options;
    const certificate = await certificates.issueClientCertificate(csr, agentId, certificateHours).catch((error: Error) => {
      throw badRequest(`csr: ${error.message}`);
    });
    const link = `wss://${req.headers.host ?? 'localhost'}${LINK_PATH}`;
    return { agent: agentId, certificate, ca: certificates.caCertificate, link };
  }
}

/** The id that the request's key gives. */
function agentOf(csr: unknown): string {
  if (typeof csr !== 'string' || csr.length > MAX_CSR) throw badRequest(`csr: has to be a certificate request (PKCS #10, PEM) of at most ${MAX_CSR} characters`);
  try {
    return createHash('sha256').update(Buffer.from(new Pkcs10CertificateRequest(csr).publicKey.rawData)).digest('hex');
  } catch {
    throw badRequest('csr: is not a certificate request in PEM');
  }
}

function hostName(name: unknown): string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9._-]{1,253}$/.test(name)) throw badRequest('name: has to be a host name of at most 253 letters, digits, ".", "_" and "-"');
  return name;
}

