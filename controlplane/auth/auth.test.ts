import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parse } from 'yaml';

import { AccessToken } from '../db/entities/auth';
import { openDatabase, type OpenedDatabase } from '../db/open';
import { mastersOnly } from './authorizer';
import { writeKubeconfig } from './kubeconfig';
import { TokenStore } from './token-store';

let dir: string;
let database: OpenedDatabase;
let at = Date.parse('2026-01-01T00:00:00Z');
const now = (): number => at;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-auth-'));
  database = await openDatabase(join(dir, 'gleaner.db'));
});
afterEach(async () => {
  await database.close();
  rmSync(dir, { recursive: true, force: true });
});

const withHeader = (authorization?: string): IncomingMessage => ({ headers: { ...(authorization !== undefined && { authorization }) } }) as IncomingMessage;

describe('tokens', () => {
  test('a token stands for its subject, also after a restart, and only its hash is kept', async () => {
    const { token, info } = await (await TokenStore.open(database.tables, now)).create({ subject: 'alice', groups: ['lab'], description: 'laptop' });
    const again = await TokenStore.open(database.tables, now);
    expect(await again.authenticate(withHeader(`Bearer ${token}`))).toEqual({ user: 'alice', groups: ['lab', 'system:authenticated'] });
    expect(again.list()).toEqual([info]);
    const [row] = await database.dataSource.getRepository(AccessToken).find();
    expect(row).toMatchObject({ id: info.id, subject: 'alice', groups: '["lab"]', description: 'laptop', expiresAt: null });
    expect(database.raw.prepare('SELECT length(hash) FROM access_token').pluck().get()).toBe(32);
    expect(JSON.stringify(database.raw.prepare('SELECT * FROM access_token').all())).not.toContain(token.slice(4));
  });

  test('expires at its time', async () => {
    const store = await TokenStore.open(database.tables, now);
    const { token, info } = await store.create({ subject: 'bob', ttlMs: 1000 });
    expect(info.expiresAt).toBe(new Date(at + 1000).toISOString());
    expect(store.identify(token)?.user).toBe('bob');
    at += 1000;
    expect(store.identify(token)).toBeUndefined();
  });

  test('is refused once revoked, also after a restart', async () => {
    const store = await TokenStore.open(database.tables, now);
    const { token, info } = await store.create({ subject: 'bob' });
    expect([await store.revoke(info.id), await store.revoke(info.id)]).toEqual([true, false]);
    expect(store.identify(token)).toBeUndefined();
    expect((await TokenStore.open(database.tables, now)).identify(token)).toBeUndefined();
  });

  test.each([[undefined], [''], ['Bearer'], ['Bearer wrong'], ['Basic YTpi'], [`Bearer ${'x'.repeat(10_000)}`]])('%s is nobody', async (header) => {
    const store = await TokenStore.open(database.tables, now);
    await store.create({ subject: 'bob' });
    expect(await store.authenticate(withHeader(header))).toBeUndefined();
  });

  test.each([
    [{ subject: '' }, 'subject'],
    [{ subject: 'x', groups: [''] }, 'groups'],
    [{ subject: 'x', description: 'x'.repeat(1025) }, 'description'],
    [{ subject: 'x', ttlMs: 0 }, 'ttl'],
  ])('refuses %j', async (token, words) => {
    await expect((await TokenStore.open(database.tables, now)).create(token)).rejects.toThrow(words);
  });
});

test('masters may everything, others nothing, with the words of Kubernetes', () => {
  const resource = { group: 'gleaner.dev', plural: 'jobs', subresource: 'status', namespace: 'lab-a', name: 'pi' };
  expect(mastersOnly({ user: 'root', groups: ['system:masters'] }, { verb: 'delete', resource, path: '/' })).toBeUndefined();
  const alice = { user: 'alice', groups: ['lab'] };
  expect(mastersOnly(alice, { verb: 'get', resource, path: '/' })).toBe('User "alice" cannot get resource "jobs/status" in API group "gleaner.dev" in the namespace "lab-a"');
  expect(mastersOnly(alice, { verb: 'list', resource: { ...resource, subresource: '', namespace: '' }, path: '/' })).toBe(
    'User "alice" cannot list resource "jobs" in API group "gleaner.dev" at the cluster scope',
  );
  expect(mastersOnly(alice, { verb: 'get', path: '/metrics' })).toBe('User "alice" cannot get path "/metrics"');
});

test('a kubeconfig holds the CA and the token, for its owner only', () => {
  const file = join(dir, 'sub', 'kubeconfig');
  for (const token of ['old', 'new']) writeKubeconfig(file, { server: 'https://127.0.0.1:1', caCertificate: 'PEM', token });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const config = parse(readFileSync(file, 'utf8')) as { clusters: object[]; users: object[]; contexts: object[] };
  expect(config.clusters[0]).toEqual({ name: 'gleaner', cluster: { server: 'https://127.0.0.1:1', 'certificate-authority-data': Buffer.from('PEM').toString('base64') } });
  expect(config.users[0]).toEqual({ name: 'gleaner', user: { token: 'new' } });
  expect(config.contexts[0]).toEqual({ name: 'gleaner', context: { cluster: 'gleaner', user: 'gleaner', namespace: 'default' } });
});
