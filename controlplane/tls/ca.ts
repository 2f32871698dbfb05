/**
 * The control plane's own certificate authority: EC P-256, ten years, kept in a folder that only its owner reads.
 *
 *   pki/ca.key, ca.crt            made once
 *   pki/server.key, server.crt    made anew when a name is missing or a third of its life is left
 *
 * Each pair is written key first and whole or not at all; a pair that does not belong together is made anew (the CA never is: that is
 * an error, because agents and kubeconfigs trust the one that was there).
 */
import 'reflect-metadata';

import { createHash, randomBytes, webcrypto, X509Certificate as NodeCertificate, createPrivateKey } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { join } from 'node:path';

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  PemConverter,
  type Extension,
  type JsonGeneralName,
} from '@peculiar/x509';

import { writePrivate } from './private-file';

cryptoProvider.set(webcrypto as Crypto);

const DAY_MS = 24 * 60 * 60 * 1000;
const CA_DAYS = 3650;
const SERVER_DAYS = 365;
/** Clocks of agents may be behind. */
const BACKDATE_MS = 5 * 60 * 1000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface KeyPair {
  /** PEM. */
  key: string;
  certificate: string;
}

export interface CaOptions {
  /** Names and addresses that the server is reached by, besides localhost, 127.0.0.1, ::1 and the host's name. */
  names?: readonly string[];
  now?: () => number;
}

export class CertificateAuthority {
  private constructor(
    private readonly certificate: X509Certificate,
    private readonly key: CryptoKey,
    private readonly options: Required<CaOptions>,
    private readonly dir: string,
  ) {}

  /** Opens the authority in `dir`, or makes it. @throws Error when what is there is damaged or expired */
  static async open(dir: string, { names = [], now = Date.now }: CaOptions = {}): Promise<CertificateAuthority> {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
    const options = { names, now };
    if (existsSync(join(dir, 'ca.crt'))) return new CertificateAuthority(...(await readAuthority(dir, now)), options, dir);
    const { certificate, key } = await makeAuthority(now());
    writePrivate(join(dir, 'ca.key'), await exportKey(key));
    writePrivate(join(dir, 'ca.crt'), certificate.toString('pem'));
    return new CertificateAuthority(certificate, key, options, dir);
  }

  /** The CA's certificate, PEM. */
  get caCertificate(): string {
    return this.certificate.toString('pem');
  }

  /** SHA-256 of the CA's certificate (DER), base64url: what join tokens carry. */
  get caHash(): string {
    return createHash('sha256').update(Buffer.from(this.certificate.rawData)).digest('base64url');
  }

  /** The server's key and certificate: the kept one, or a new one when it ends soon or lacks a name. */
  async serverKeyPair(): Promise<KeyPair> {
    const names = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...this.options.names])];
    const kept = this.#keptServerPair(names);
    if (kept) return kept;
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const alternatives: JsonGeneralName[] = names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }));
    const certificate = await this.#issue('CN=gleaner', keys.publicKey as CryptoKey, SERVER_DAYS * DAY_MS, [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(alternatives),
    ]);
    const pair = { key: await exportKey(keys.privateKey as CryptoKey), certificate: certificate.toString('pem') };
    writePrivate(join(this.dir, 'server.key'), pair.key);
    writePrivate(join(this.dir, 'server.crt'), pair.certificate);
    return pair;
  }

  /**
   * Signs a client's key for TLS client authentication. Only the key of the request counts: names and life are the server's choice.
   * @param csr PKCS #10, PEM
   * @param organisations the groups of a user
   * @returns the certificate, PEM
   * @throws Error when the request is broken, not signed by its own key, or its key is not EC P-256
   */
  async issueClientCertificate(csr: string, commonName: string, hours: number, organisations: readonly string[] = []): Promise<string> {
    for (const [what, name] of [['common name', commonName], ...organisations.map((each) => ['organisation', each])]) {
      if (!/^[A-Za-z0-9._:-]{1,64}$/.test(name)) throw new Error(`${what}: ${JSON.stringify(name)} must be 1 to 64 letters, digits, '.', '_', ':' or '-'`);
    }
    if (!(hours > 0 && hours <= 24 * CA_DAYS)) throw new Error(`hours: ${hours} must be more than 0 and at most ${24 * CA_DAYS}`);
    if (csr.length > 16_384) throw new Error('certificate request: larger than 16 KiB');
    const request = parseRequest(csr);
    const { algorithm } = request.publicKey as { algorithm: { name: string; namedCurve?: string } };
    if (algorithm.name !== 'ECDSA' || algorithm.namedCurve !== 'P-256') throw new Error('certificate request: the key must be EC P-256');
    if (!(await request.verify())) throw new Error('certificate request: not signed by its own key');
    const key = await request.publicKey.export(ALGORITHM, ['verify']);
    const certificate = await this.#issue([...organisations.map((each) => `O=${each}`), `CN=${commonName}`].join(', '), key, hours * 60 * 60 * 1000, [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
    ]);
    return certificate.toString('pem');
  }

  #keptServerPair(names: readonly string[]): KeyPair | undefined {
    const [keyFile, certificateFile] = [join(this.dir, 'server.key'), join(this.dir, 'server.crt')];
    if (!existsSync(keyFile) || !existsSync(certificateFile)) return undefined;
    const pair = { key: readFileSync(keyFile, 'utf8'), certificate: readFileSync(certificateFile, 'utf8') };
    try {
      const certificate = new NodeCertificate(pair.certificate);
      const endsAt = Date.parse(certificate.validTo);
      const covers = names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined);
      const ours = certificate.verify(new NodeCertificate(this.caCertificate).publicKey) && certificate.checkPrivateKey(createPrivateKey(pair.key));
      return covers && ours && endsAt - this.options.now() > (SERVER_DAYS * DAY_MS) / 3 ? pair : undefined;
    } catch {
      return undefined; // A crash between two writes, or a damaged file: a new pair costs nothing.
    }
  }

  async #issue(subject: string, publicKey: CryptoKey, lifeMs: number, extensions: Extension[]): Promise<X509Certificate> {
    const now = this.options.now();
    return X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject,
      issuer: this.certificate.subject,
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(Math.min(now + lifeMs, this.certificate.notAfter.getTime())),
      publicKey,
      signingKey: this.key,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        ...extensions,
        await SubjectKeyIdentifierExtension.create(publicKey),
        await AuthorityKeyIdentifierExtension.create(this.certificate.publicKey),
      ],
    });
  }
}

async function makeAuthority(now: number): Promise<{ certificate: X509Certificate; key: CryptoKey }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const publicKey = keys.publicKey as CryptoKey;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Gleaner CA',
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + CA_DAYS * DAY_MS),
    keys: keys as CryptoKeyPair,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return { certificate, key: keys.privateKey as CryptoKey };
}

async function readAuthority(dir: string, now: () => number): Promise<[X509Certificate, CryptoKey]> {
  const file = join(dir, 'ca.crt');
  const certificate = new X509Certificate(readFileSync(file, 'utf8'));
  if (certificate.notAfter.getTime() <= now()) throw new Error(`${file} expired on ${certificate.notAfter.toISOString()}: move the folder away to make a new one`);
  const key = readFileSync(join(dir, 'ca.key'), 'utf8');
  if (!new NodeCertificate(certificate.toString('pem')).checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`${file} does not belong to ca.key beside it: restore both from the same backup`);
  }
  const der = PemConverter.decodeFirst(key);
  return [certificate, (await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])) as CryptoKey];
}

async function exportKey(key: CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key as webcrypto.CryptoKey), 'PRIVATE KEY');
}

function parseRequest(csr: string): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(csr);
  } catch (error) {
    throw new Error('certificate request: not PKCS #10 in PEM', { cause: error });
  }
}

/** Positive, 127 random bits. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] &= 0x7f;
  return bytes.toString('hex');
}
