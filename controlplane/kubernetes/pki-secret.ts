/**
 * The keys that all replicas share, in a Secret of the operator's namespace: the CA, and the key of tickets and aliases.
 *
 * The first replica makes them; when several are first at once, one create wins and the others take what it made. A copy lies in the
 * replica's own folder (0600), where the rest of the program finds it as in the embedded mode. What is there is never replaced: agents
 * trust the CA that they joined.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadGatewayKey } from '../gateway/tickets';
import type { KubeApi } from '../store/cluster/api';
import { errorOf } from '../store/cluster/errors';
import { CertificateAuthority } from '../tls/ca';
import { writePrivate } from '../tls/private-file';

export const PKI_SECRET = 'gleaner-pki';
const FILES = ['ca.key', 'ca.crt', 'gateway.key'] as const;

interface Secret {
  data?: Record<string, string>;
}

/** Brings the shared keys into `dir`. @throws Error when the Secret lacks one of them, StoreError when the API refuses */
export async function shareKeys(api: KubeApi, namespace: string, dir: string): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
  const secret = (await read(api, `${path}/${PKI_SECRET}`)) ?? (await create(api, path, namespace)) ?? (await read(api, `${path}/${PKI_SECRET}`));
  if (!secret) throw new Error(`the Secret ${namespace}/${PKI_SECRET} is gone again: who deletes it?`);
  const missing = FILES.filter((file) => !secret.data?.[file]);
  if (missing.length > 0) {
    throw new Error(`the Secret ${namespace}/${PKI_SECRET} lacks ${missing.join(', ')}: restore it from a backup, or delete it (every agent must then join anew)`);
  }
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  // The key first: a certificate without its key is an error, the other way round is not.
  for (const file of FILES) writePrivate(join(dir, file), Buffer.from(secret.data?.[file] ?? '', 'base64'));
}

async function read(api: KubeApi, path: string): Promise<Secret | undefined> {
  const { status, body } = await api.request({ method: 'GET', path });
  if (status === 404) return undefined;
  if (status >= 400) throw errorOf(status, body, `read ${path}`);
  return body as Secret;
}

/** undefined: another replica was faster. */
async function create(api: KubeApi, path: string, namespace: string): Promise<Secret | undefined> {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-keys-'));
  try {
    await CertificateAuthority.open(dir);
    loadGatewayKey(dir);
    const data = Object.fromEntries(FILES.map((file) => [file, readFileSync(join(dir, file)).toString('base64')]));
    const secret = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: PKI_SECRET, namespace, labels: { 'app.kubernetes.io/part-of': 'gleaner' } }, data };
    const { status, body } = await api.request({ method: 'POST', path, body: secret });
    if (status === 409) return undefined;
    if (status >= 400) throw errorOf(status, body, `create ${path}/${PKI_SECRET}`);
    return body as Secret;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
