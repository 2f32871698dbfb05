/** The key that signs service account tokens: EC P-256, made once, in a file of the data folder that only its owner reads. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { createPrivate } from '../../tls/private-file';

export interface SigningKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** SHA-256 of the public key (DER), base64url, as kube-apiserver names its keys. */
  id: string;
}

/** Opens `sa.key` in `dir`, or makes it. @throws Error when what is there is no such key */
export function loadSigningKey(dir: string): SigningKey {
  const file = join(dir, 'sa.key');
  if (!existsSync(file)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    createPrivate(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  const privateKey = readKey(file);
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, publicKey, id: createHash('sha256').update(der).digest('base64url') };
}

function readKey(file: string): KeyObject {
  const wayOut = 'restore it from a backup, or move it away: a new one is made, and all service account tokens end';
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is no private key in PEM: ${wayOut}`, { cause: error });
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error(`${file} is no EC P-256 key: ${wayOut}`);
  return key;
}
