import 'reflect-metadata';

import { createHash, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';

import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

import { CertificateAuthority } from './ca';

let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'gleaner-ca-')), 'pki');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 24 * 3600 * 1000;

async function clientRequest(algorithm: object = EC): Promise<{ csr: string; key: string }> {
  const keys = (await webcrypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, ['sign', 'verify'])) as CryptoKeyPair;
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=whatever', keys, signingAlgorithm: algorithm as EcdsaParams });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey as webcrypto.CryptoKey), 'PRIVATE KEY');
  return { csr: csr.toString('pem'), key };
}

test('keeps its files to itself, and is the same after a restart', async () => {
  const first = await CertificateAuthority.open(dir);
  await first.serverKeyPair();
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  for (const file of ['ca.key', 'ca.crt', 'server.key', 'server.crt']) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
  const second = await CertificateAuthority.open(dir);
  expect(second.caCertificate).toBe(first.caCertificate);
  expect(await second.serverKeyPair()).toEqual(await first.serverKeyPair());
  expect(second.caHash).toBe(createHash('sha256').update(new X509Certificate(first.caCertificate).raw).digest('base64url'));
});

test('the server certificate is for this host and the extra names', async () => {
  const ca = await CertificateAuthority.open(dir, { names: ['gleaner.example.com', '192.0.2.7'] });
  const certificate = new X509Certificate((await ca.serverKeyPair()).certificate);
  for (const name of ['localhost', hostname(), 'gleaner.example.com']) expect(certificate.checkHost(name)).toBeDefined();
  for (const address of ['127.0.0.1', '::1', '192.0.2.7']) expect(certificate.checkIP(address)).toBeDefined();
  expect(certificate.checkHost('elsewhere.example.com')).toBeUndefined();
});

test('the server certificate is made anew for a new name, near its end, and when its files do not fit', async () => {
  const original = await (await CertificateAuthority.open(dir)).serverKeyPair();
  const named = await (await CertificateAuthority.open(dir, { names: ['new.example.com'] })).serverKeyPair();
  expect(named.certificate).not.toBe(original.certificate);
  expect(await (await CertificateAuthority.open(dir, { now: () => Date.now() + 200 * DAY_MS })).serverKeyPair()).toEqual(named);
  const renewed = await (await CertificateAuthority.open(dir, { now: () => Date.now() + 300 * DAY_MS })).serverKeyPair();
  expect(renewed.certificate).not.toBe(named.certificate);
  writeFileSync(join(dir, 'server.key'), original.key);
  const repaired = await (await CertificateAuthority.open(dir)).serverKeyPair();
  expect(new X509Certificate(repaired.certificate).checkPrivateKey(createPrivateKey(repaired.key))).toBe(true);
});

test('a damaged or expired authority is an error, never replaced', async () => {
  await CertificateAuthority.open(dir);
  const certificate = readFileSync(join(dir, 'ca.crt'), 'utf8');
  await expect(CertificateAuthority.open(dir, { now: () => Date.now() + 3651 * DAY_MS })).rejects.toThrow('expired');
  const other = join(dir, '..', 'other');
  await CertificateAuthority.open(other);
  writeFileSync(join(dir, 'ca.key'), readFileSync(join(other, 'ca.key')));
  await expect(CertificateAuthority.open(dir)).rejects.toThrow('does not belong to ca.key');
  expect(readFileSync(join(dir, 'ca.crt'), 'utf8')).toBe(certificate);
});

test('a client with an issued certificate is known to a TLS server by its name', async () => {
  const ca = await CertificateAuthority.open(dir);
  const pair = await ca.serverKeyPair();
  const { csr, key } = await clientRequest();
  const cert = await ca.issueClientCertificate(csr, 'agent-1', 24);
  const server = createServer({ key: pair.key, cert: pair.certificate, ca: ca.caCertificate, requestCert: true, rejectUnauthorized: false }, (req, res) => {
    const socket = req.socket as TLSSocket;
    res.end(socket.authorized ? String(socket.getPeerCertificate().subject.CN) : 'nobody');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ask = (credentials: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      request({ host: 'localhost', port, ca: ca.caCertificate, agent: false, ...credentials }, (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve(text));
      }).on('error', reject).end();
    });
  try {
    expect(await ask({ cert, key })).toBe('agent-1');
    expect(await ask({})).toBe('nobody');
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  expect(Date.parse(new X509Certificate(cert).validTo) - Date.now()).toBeLessThanOrEqual(24 * 3600 * 1000);
  // A client's certificate is no server's, and none to sign with.
  expect(new X509Certificate(cert).ca).toBe(false);
  expect(new X509Certificate(cert).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
});

test('refuses what it must not sign', async () => {
  const ca = await CertificateAuthority.open(dir);
  const { csr } = await clientRequest();
  await expect(ca.issueClientCertificate(csr, 'a,O=system:masters', 1)).rejects.toThrow('common name');
  await expect(ca.issueClientCertificate(csr, 'a', 0)).rejects.toThrow('hours');
  await expect(ca.issueClientCertificate('nonsense', 'a', 1)).rejects.toThrow('not PKCS #10');
  await expect(ca.issueClientCertificate('x'.repeat(20_000), 'a', 1)).rejects.toThrow('16 KiB');
  const { csr: p384 } = await clientRequest({ name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' });
  await expect(ca.issueClientCertificate(p384, 'a', 1)).rejects.toThrow('must be EC P-256');
  const broken = Buffer.from(PemConverter.decodeFirst(csr));
  broken[broken.length - 1] ^= 1;
  const forged = PemConverter.encode(new Uint8Array(broken), 'CERTIFICATE REQUEST');
  await expect(ca.issueClientCertificate(forged, 'a', 1)).rejects.toThrow('not signed by its own key');
});
