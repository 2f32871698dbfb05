import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';

import { clientCertificate } from '../../../test/support/client-certificate';
import { CertificateAuthority } from '../../tls/ca';
import { API_AUDIENCE, type Identity } from '../identity';
import { ChainAuthenticator, firstToken, type TokenAuthenticator } from './chain';
import { AGENTS_GROUP, ClientCertificates } from './client-certificate';

let dir: string;
let ca: CertificateAuthority;
let at: number;
let agents: Set<string>;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-cert-'));
  ca = await CertificateAuthority.open(join(dir, 'pki'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  at = Date.now();
  agents = new Set();
});

const make = (): ClientCertificates => new ClientCertificates({ agentKnown: (id) => agents.has(id), now: () => at });
const socketOf = (certificate?: string, authorized = true): TLSSocket =>
  ({ authorized, getPeerX509Certificate: () => (certificate === undefined ? undefined : new X509Certificate(certificate)) }) as unknown as TLSSocket;

describe('a certificate', () => {
  test('of a user: name and groups', async () => {
    const { certificate } = await clientCertificate(ca, () => 'ann', ['lab', 'ops']);
    expect(make().identify(socketOf(certificate))).toMatchObject({ user: 'ann', groups: ['lab', 'ops', 'system:authenticated'] });
  });

  test('of an agent that is registered; of one that is not (any more)', async () => {
    const { certificate, keyHash } = await clientCertificate(ca, (hash) => hash);
    const certificates = make();
    const socket = socketOf(certificate);
    expect(certificates.identify(socket)).toBe('refused');
    agents.add(keyHash);
    expect(certificates.identify(socket)).toEqual({ user: `system:gleaner:agent:${keyHash}`, groups: [AGENTS_GROUP] });
    agents.delete(keyHash);
    expect(certificates.identify(socket)).toBe('refused');
  });

  test('with the name of another key is a user of that name, and no agent', async () => {
    const other = await clientCertificate(ca, (hash) => hash);
    agents.add(other.keyHash);
    const { certificate } = await clientCertificate(ca, () => other.keyHash);
    expect(make().identify(socketOf(certificate))).toMatchObject({ user: other.keyHash, groups: ['system:authenticated'] });
  });

  test('that ends while its connection is open', async () => {
    const { certificate } = await clientCertificate(ca, () => 'ann', [], 1);
    const certificates = make();
    const socket = socketOf(certificate);
    expect(certificates.identify(socket)).toMatchObject({ user: 'ann' });
    at += 3_600_000;
    expect(certificates.identify(socket)).toBe('refused');
  });

  test('that TLS did not accept (another authority, ended); none', async () => {
    const { certificate } = await clientCertificate(ca, () => 'ann');
    expect(make().identify(socketOf(certificate, false))).toBe('refused');
    expect(make().identify(socketOf())).toBeUndefined();
  });
});

describe('the chain', () => {
  const tokens: TokenAuthenticator = firstToken(
    { authenticateToken: (token) => Promise.resolve(token === 'one' ? { identity: { user: 'uno', groups: [] }, audiences: [API_AUDIENCE] } : undefined) },
    { authenticateToken: (token) => Promise.resolve(token === 'two' ? { identity: { user: 'due', groups: [] }, audiences: [API_AUDIENCE] } : undefined) },
  );
  const identify = (found: Identity | 'refused' | undefined, authorization?: string): Promise<Identity | undefined> | Identity | undefined =>
    new ChainAuthenticator(tokens, { identify: () => found }).authenticate({ headers: { ...(authorization !== undefined && { authorization }) }, socket: {} } as IncomingMessage);
  const ann: Identity = { user: 'ann', groups: [] };

  test.each<[string, Identity | 'refused' | undefined, string | undefined, string | undefined]>([
    ['a certificate goes before a token', ann, 'Bearer one', 'ann'],
    ['the first that knows the token', undefined, 'Bearer one', 'uno'],
    ['the second', undefined, 'bearer  two ', 'due'],
    ['a refused certificate with a good token', 'refused', 'Bearer two', 'due'],
    ['a refused certificate alone is nobody', 'refused', undefined, undefined],
    ['an unknown token is nobody', undefined, 'Bearer three', undefined],
    ['another scheme is not looked at', undefined, 'Basic YTpi', 'system:anonymous'],
    ['an empty one neither', undefined, '', 'system:anonymous'],
    ['nothing is anonymous', undefined, undefined, 'system:anonymous'],
  ])('%s', async (_, certificate, authorization, expected) => {
    expect((await identify(certificate, authorization))?.user).toBe(expected);
  });
});
