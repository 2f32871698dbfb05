/**
 * Who the agent is: its key and certificate, the CA that it trusts, and where the control plane is.
 *
 *   key.pem, cert.pem, ca.pem   0600
 *   agent.json {id, url}        written last: it is there when joining was done
 */
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, writeWhole } from './files';

export interface Identity {
  /** sha-256 of the public key (SubjectPublicKeyInfo), hex. */
  id: string;
  /** `https://host:port` */
  url: string;
  /** PEM. */
  key: string;
  certificate: string;
  ca: string;
}

export const identityFiles = (dataDir: string) => ({
  key: join(dataDir, 'key.pem'),
  certificate: join(dataDir, 'cert.pem'),
  ca: join(dataDir, 'ca.pem'),
  agent: join(dataDir, 'agent.json'),
});

/** @throws Error when the folder holds no (whole) identity */
export async function loadIdentity(dataDir: string): Promise<Identity> {
  const files = identityFiles(dataDir);
  const [text, key, certificate, ca] = await Promise.all([files.agent, files.key, files.certificate, files.ca].map(readIfThere));
  if (text === undefined) throw new Error(`${dataDir} is not joined to a control plane: run "gleaner agent join URL TOKEN" first`);
  const { id, url } = JSON.parse(text) as { id: string; url: string };
  if (key === undefined || certificate === undefined || ca === undefined) throw new Error(`${dataDir} lacks key.pem, cert.pem or ca.pem: remove the folder and join anew`);
  if (idOfKey(key) !== id || !new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`${dataDir}: key.pem, cert.pem and agent.json do not belong together: remove the folder and join anew`);
  }
  return { id, url, key, certificate, ca };
}

export async function isJoined(dataDir: string): Promise<boolean> {
  return (await readIfThere(identityFiles(dataDir).agent)) !== undefined;
}

export async function saveIdentity(dataDir: string, { id, url, certificate, ca }: Identity): Promise<void> {
  const files = identityFiles(dataDir);
  await writeWhole(files.ca, ca);
  await writeWhole(files.certificate, certificate);
  await writeWhole(files.agent, `${JSON.stringify({ id, url })}\n`);
}

/** @param key private key, PEM */
export const idOfKey = (key: string): string =>
  createHash('sha256').update(createPublicKey(key).export({ type: 'spki', format: 'der' })).digest('hex');
