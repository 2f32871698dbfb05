/** Client certificates for tests: a key of its own, signed by a server's authority. */
import 'reflect-metadata';

import { createHash, webcrypto } from 'node:crypto';

import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

import type { CertificateAuthority } from '../../controlplane/tls/ca';

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface ClientCertificate {
  /** PEM. */
  key: string;
  certificate: string;
  /** SHA-256 of the public key: an agent's id. */
  keyHash: string;
}

/** @param nameOf the user, from the hash of the key: an agent is called by it */
export async function clientCertificate(ca: CertificateAuthority, nameOf: (keyHash: string) => string, organisations: readonly string[] = [], hours = 1): Promise<ClientCertificate> {
  const keys = (await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])) as CryptoKeyPair;
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=whatever', keys, signingAlgorithm: EC });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey as webcrypto.CryptoKey), 'PRIVATE KEY');
  const keyHash = createHash('sha256').update(Buffer.from(csr.publicKey.rawData)).digest('hex');
  return { key, certificate: await ca.issueClientCertificate(csr.toString('pem'), nameOf(keyHash), hours, organisations), keyHash };
}
