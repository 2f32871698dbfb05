/**
 * Joining: a token becomes a certificate.
 *
 * The token ends in the hash of the platform's CA. The first connection only fetches the chain that the server presents and says nothing;
 * the CA in it is compared with the hash, and every later connection, the one that carries the token included, trusts that CA alone.
 */
import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import { hostname } from 'node:os';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { makeFolder, readIfThere, writeWhole } from './files';
import { type Identity, identityFiles, idOfKey, isJoined, saveIdentity } from './identity';
import { HttpFailure, postJson } from './https';

export interface JoinRequest {
  /** `https://host:port` */
  url: string;
  /** `<id>.<secret>.<caHash>` */
  token: string;
  dataDir: string;
  /** For the operator to tell machines apart; the host's name when not given. */
  name?: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const TOKEN = /^[0-9a-f]{12}\.[\w-]{43}\.([\w-]{43})$/;
const CONNECT_TIMEOUT_MS = 15_000;
const MAX_CHAIN = 8;

/**
 * Registers this machine, and keeps key and certificate in `dataDir`. Done twice with the same token and folder it is harmless until it succeeded.
 * @throws Error that says what to do
 */
export async function joinAgent({ url, token, dataDir, name }: JoinRequest): Promise<{ id: string }> {
  const base = baseOf(url);
  const caHash = TOKEN.exec(token.trim())?.[1];
  if (caHash === undefined) throw new Error('the token is not whole: it has three parts, <id>.<secret>.<CA hash>; make one with "gleaner token create"');
  makeFolder(dataDir, 0o711);
  if (await isJoined(dataDir)) throw new Error(`${dataDir} is joined already: to join anew, stop the agent and remove that folder`);
  const ca = await fetchCa(base, caHash);
  const key = await keyOf(dataDir);
  const csr = await requestFor(key);
  const answer = await postJson(`${base}/join`, { csr, token: token.trim(), name: name ?? hostNameOf() }, { ca }).catch((error: unknown) => {
    throw error instanceof HttpFailure ? new Error(`the control plane refused: ${error.message}`) : error;
  });
  const id = idOfKey(key);
  if (answer.agent !== id || typeof answer.certificate !== 'string') throw new Error(`${base} answered with something that is not this agent's certificate`);
  await saveIdentity(dataDir, { id, url: base, key, certificate: answer.certificate, ca });
  return { id };
}

/** A new certificate for the same key. @throws HttpFailure 401, 403 when only joining anew helps */
export async function renewCertificate({ url, key, certificate, ca }: Identity): Promise<string> {
  const answer = await postJson(`${url}/join/renew`, { csr: await requestFor(key) }, { ca, key, cert: certificate });
  if (typeof answer.certificate !== 'string') throw new Error(`${url} answered without a certificate`);
  return answer.certificate;
}

function baseOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new Error(`${JSON.stringify(url)} is not a URL: write https://host:port`);
  }
  if (parsed.protocol !== 'https:') throw new Error(`${url}: the control plane is reached by https, write https://host:port`);
  return parsed.origin;
}

/** The CA, PEM, out of the chain that the server shows. Nothing is sent on this connection. */
export async function fetchCa(base: string, caHash: string): Promise<string> {
  const { hostname: host, port } = new URL(base);
  const bare = host.replace(/^\[|\]$/g, '');
  const chain = await new Promise<Buffer[]>((resolve, reject) => {
    // The one connection that trusts nobody: what it sees is compared with the token's hash.
    const socket = connect({ host: bare, port: Number(port || 443), rejectUnauthorized: false, timeout: CONNECT_TIMEOUT_MS, ...(isName(bare) ? { servername: bare } : {}) });
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)));
    socket.once('error', (error) => reject(new Error(`${base} cannot be reached: ${error.message}`)));
    socket.once('secureConnect', () => {
      resolve(chainOf(socket.getPeerCertificate(true)));
      socket.destroy();
    });
  });
  const found = chain.find((der) => createHash('sha256').update(der).digest('base64url') === caHash);
  if (!found) throw new Error(`${base} is not the control plane that made the token: its CA is another one (or something between intercepts TLS)`);
  return PemConverter.encode(new Uint8Array(found).buffer, 'CERTIFICATE');
}

const isName = (host: string): boolean => /[a-z]/i.test(host) && !host.includes(':');

function chainOf(leaf: DetailedPeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  for (let at: DetailedPeerCertificate | undefined = leaf; at?.raw && chain.length < MAX_CHAIN; at = at.issuerCertificate) {
    chain.push(at.raw);
    if (at.issuerCertificate === at) break;
  }
  return chain;
}

/** The folder's key; a join whose answer got lost goes on with the key that it began with. */
async function keyOf(dataDir: string): Promise<string> {
  const file = identityFiles(dataDir).key;
  const kept = await readIfThere(file);
  if (kept !== undefined) return kept;
  const { privateKey } = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  await writeWhole(file, key);
  return key;
}

/** PKCS #10, PEM. */
export async function requestFor(key: string): Promise<string> {
  const privateKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(key), ALGORITHM, true, ['sign']);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', privateKey);
  const publicKey = await webcrypto.subtle.importKey('jwk', { kty, crv, x, y }, ALGORITHM, true, ['verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=agent', keys: { privateKey, publicKey } as CryptoKeyPair, signingAlgorithm: ALGORITHM });
  return csr.toString('pem');
}

/** Only the characters that names may have. */
const hostNameOf = (): string => hostname().replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 253) || 'agent';
