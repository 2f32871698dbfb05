import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT, type JSONWebKeySet } from 'jose';

import type { KubeObject } from '../../../crds/meta';
import { API_AUDIENCE } from '../identity';
import { ServiceAccountTokens } from './service-account-tokens';
import { loadSigningKey, type SigningKey } from './signing-key';

let dir: string;
let key: SigningKey;
let at = Date.parse('2026-01-01T00:00:00Z');
let objects: Record<string, KubeObject>;
let tokens: ServiceAccountTokens;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-sa-'));
  key = loadSigningKey(dir);
  at = Date.parse('2026-01-01T00:00:00Z');
  objects = { 'ServiceAccount/lab/bot': { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot', namespace: 'lab', uid: 'u1' } } };
  tokens = make(key);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const make = (with_: SigningKey): ServiceAccountTokens =>
  new ServiceAccountTokens({ key: with_, find: (kind, namespace, name) => Promise.resolve(objects[`${kind}/${namespace}/${name}`]), now: () => at, random: () => 'jti-1' });
const issue = (more: Partial<Parameters<ServiceAccountTokens['issue']>[0]> = {}): Promise<string> =>
  tokens.issue({ namespace: 'lab', name: 'bot', uid: 'u1', audiences: [API_AUDIENCE], seconds: 3600, ...more });

test('a token has the claims of a bound token, and stands for its account', async () => {
  const token = await issue();
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: key.id });
  expect(decodeJwt(token)).toEqual({
    iss: API_AUDIENCE, aud: [API_AUDIENCE], sub: 'system:serviceaccount:lab:bot', iat: at / 1000, nbf: at / 1000, exp: at / 1000 + 3600, jti: 'jti-1',
    'kubernetes.io': { namespace: 'lab', serviceaccount: { name: 'bot', uid: 'u1' } },
  });
  const expected = {
    identity: {
      user: 'system:serviceaccount:lab:bot', uid: 'u1', groups: ['system:serviceaccounts', 'system:serviceaccounts:lab', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=jti-1'] },
    },
    audiences: [API_AUDIENCE],
  };
  expect(await tokens.authenticateToken(token)).toEqual(expected);
  expect(await tokens.authenticateToken(token)).toEqual(expected);
});

test('whoever has the published keys can verify it', async () => {
  const published = createLocalJWKSet(tokens.keys() as JSONWebKeySet);
  const { payload } = await jwtVerify(await issue({ audiences: ['vault'] }), published, { issuer: API_AUDIENCE, audience: 'vault', currentDate: new Date(at) });
  expect(payload.sub).toBe('system:serviceaccount:lab:bot');
  expect(JSON.stringify(tokens.keys())).not.toContain('"d"');
});

test('it ends at its time, also when it was seen before', async () => {
  const token = await issue({ seconds: 600 });
  expect(await tokens.authenticateToken(token)).toBeDefined();
  at += 600_000;
  expect(await tokens.authenticateToken(token)).toBeUndefined();
});

test('it ends with its account, and is not good for another of the same name', async () => {
  const token = await issue();
  expect(await tokens.authenticateToken(token)).toBeDefined();
  const account = objects['ServiceAccount/lab/bot'];
  objects = {};
  expect(await tokens.authenticateToken(token)).toBeUndefined();
  objects = { 'ServiceAccount/lab/bot': { ...account, metadata: { ...account.metadata, uid: 'u2' } } };
  expect(await tokens.authenticateToken(token)).toBeUndefined();
});

test('it ends with the Secret that it is bound to', async () => {
  objects['Secret/lab/s'] = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'lab', uid: 's1' } };
  const token = await issue({ bound: { kind: 'Secret', name: 's', uid: 's1' } });
  expect(decodeJwt(token)['kubernetes.io']).toMatchObject({ secret: { name: 's', uid: 's1' } });
  expect(await tokens.authenticateToken(token)).toBeDefined();
  delete objects['Secret/lab/s'];
  expect(await tokens.authenticateToken(token)).toBeUndefined();
});

test('it is for its audiences only', async () => {
  const token = await issue({ audiences: ['vault', 'ci'] });
  expect(await tokens.authenticateToken(token)).toBeUndefined();
  expect((await tokens.authenticateToken(token, ['ci', 'other']))?.audiences).toEqual(['ci']);
});

describe('forgeries', () => {
  const claims = { 'kubernetes.io': { namespace: 'lab', serviceaccount: { name: 'bot', uid: 'u1' } } };
  const sign = (with_: SigningKey, { issuer = API_AUDIENCE, subject = 'system:serviceaccount:lab:bot', payload = claims as object } = {}): Promise<string> =>
    new SignJWT(payload as Record<string, unknown>).setProtectedHeader({ alg: 'ES256' }).setIssuer(issuer).setSubject(subject).setAudience(API_AUDIENCE).setExpirationTime(at / 1000 + 60).sign(with_.privateKey);
  const other = (): SigningKey => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { privateKey, publicKey, id: key.id };
  };

  test('the same made by the key itself is good', async () => {
    expect(await tokens.authenticateToken(await sign(key))).toBeDefined();
  });
  test.each<[string, () => Promise<string> | string]>([
    ['another key', () => sign(other())],
    ['another issuer', () => sign(key, { issuer: 'https://evil' })],
    ['another subject than the claims', () => sign(key, { subject: 'system:serviceaccount:lab:root' })],
    ['no claims', () => sign(key, { payload: {} })],
    ['the algorithm none', () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ ...claims, iss: API_AUDIENCE, aud: API_AUDIENCE, sub: 'system:serviceaccount:lab:bot', exp: at })).toString('base64url')}.`],
    ['the public key as a secret', () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setIssuer(API_AUDIENCE).setSubject('system:serviceaccount:lab:bot').setAudience(API_AUDIENCE).setExpirationTime(at).sign(Buffer.from(key.publicKey.export({ format: 'pem', type: 'spki' })))],
    ['no token', () => 'a.b.c'],
    ['something endless', () => `${'x'.repeat(20_000)}.b.c`],
  ])('%s', async (_, forge) => {
    expect(await tokens.authenticateToken(await forge())).toBeUndefined();
  });
  test('a changed claim', async () => {
    const [head, , signature] = (await issue()).split('.');
    const changed = Buffer.from(JSON.stringify({ ...decodeJwt(await issue()), sub: 'system:serviceaccount:lab:root' })).toString('base64url');
    expect(await tokens.authenticateToken(`${head}.${changed}.${signature}`)).toBeUndefined();
  });
});

describe('the key', () => {
  test('is made once, for its owner only, and opens tokens of before', async () => {
    const token = await issue();
    expect(statSync(join(dir, 'sa.key')).mode & 0o777).toBe(0o600);
    expect(await make(loadSigningKey(dir)).authenticateToken(token)).toBeDefined();
    expect(readFileSync(join(dir, 'sa.key'), 'utf8')).toContain('PRIVATE KEY');
  });
  test.each([
    ['no key', () => 'hello', 'is no private key in PEM'],
    ['another kind', () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'is no EC P-256 key'],
    ['another curve', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'is no EC P-256 key'],
  ])('%s: the file and the way out are named', (_, text, words) => {
    writeFileSync(join(dir, 'sa.key'), text());
    expect(() => loadSigningKey(dir)).toThrow(words);
    expect(() => loadSigningKey(dir)).toThrow(/sa\.key .*restore it from a backup/);
  });
});
