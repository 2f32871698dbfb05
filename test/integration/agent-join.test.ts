/** Joining and renewing against the real control plane: what the token protects, what is on disk, what is refused. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { loadIdentity } from '../../agent/identity';
import { joinAgent } from '../../agent/join';
import { Renewal } from '../../agent/renewal';
import type { Agent } from '../../crds/agent';
import { AGENTS } from '../../crds/meta';
import { LinkWorld } from '../support/link-world';

describe('joining', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-join-'));
  let world: LinkWorld;
  let url: string;
  let count = 0;
  const fresh = (): string => join(dir, String(count++));
  beforeAll(async () => {
    world = await LinkWorld.start();
    url = `https://127.0.0.1:${world.port}`;
  });
  afterAll(async () => {
    await world.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('registers the machine, and keeps an identity that only its owner reads', async () => {
    const dataDir = fresh();
    const { id } = await joinAgent({ url, token: await world.joinToken(), dataDir, name: 'desk' });
    const identity = await loadIdentity(dataDir);
    expect(identity).toMatchObject({ id, url, ca: expect.stringContaining('BEGIN CERTIFICATE') as string });
    for (const file of readdirSync(dataDir)) expect([file, statSync(join(dataDir, file)).mode & 0o777]).toEqual([file, 0o600]);
    expect(new X509Certificate(identity.certificate).verify(new X509Certificate(world.ca.caCertificate).publicKey)).toBe(true);
    const agent = await world.store.get<Agent>(AGENTS, '', id);
    expect(agent?.metadata.annotations).toMatchObject({ 'gleaner.dev/host-name': 'desk' });
    expect(agent?.status?.owner).toBe('ann');
  });

  it('does not show the token to a server whose CA is another one', async () => {
    const other = await LinkWorld.start();
    const dataDir = fresh();
    const token = await world.joinToken();
    await expect(joinAgent({ url: `https://127.0.0.1:${other.port}`, token, dataDir })).rejects.toThrow(/is not the control plane that made the token/);
    expect(other.warnings).toEqual([]);
    expect(readdirSync(dataDir)).toEqual([]);
    await other.stop();
    expect((await joinAgent({ url, token, dataDir })).id).toHaveLength(64);
  });

  it('goes on with the same key when the answer got lost', async () => {
    const dataDir = fresh();
    const token = await world.joinToken();
    const { id } = await joinAgent({ url, token, dataDir });
    rmSync(join(dataDir, 'agent.json'));
    expect(await joinAgent({ url, token, dataDir })).toEqual({ id });
  });

  it.each([
    ['a URL without TLS', async () => ({ url: 'http://127.0.0.1:1', token: await world.joinToken() }), /write https:\/\/host:port/],
    ['half a token', async () => ({ url, token: 'abc.def' }), /the token is not whole/],
    ['a token that was never made', async () => ({ url, token: `000000000000.${'A'.repeat(43)}.${world.ca.caHash}` }), /refused: token: not known here/],
    ['nobody there', async () => ({ url: 'https://127.0.0.1:1', token: await world.joinToken() }), /cannot be reached/],
  ])('refuses %s', async (_what, request, message) => {
    await expect(joinAgent({ ...(await request()), dataDir: fresh() })).rejects.toThrow(message);
  });

  it('refuses a token that is used up, and a folder that is joined', async () => {
    const token = await world.joinToken();
    const dataDir = fresh();
    await joinAgent({ url, token, dataDir });
    await expect(joinAgent({ url, token, dataDir: fresh() })).rejects.toThrow(/used up/);
    await expect(joinAgent({ url, token: await world.joinToken(), dataDir })).rejects.toThrow(/is joined already/);
  });

  it('says what to do when there is no whole identity', async () => {
    const dataDir = fresh();
    await expect(loadIdentity(dataDir)).rejects.toThrow(/run "gleaner agent join URL TOKEN" first/);
    await joinAgent({ url, token: await world.joinToken(), dataDir });
    rmSync(join(dataDir, 'cert.pem'));
    await expect(loadIdentity(dataDir)).rejects.toThrow(/lacks key.pem, cert.pem or ca.pem/);
  });

  it('renews the certificate in the last third of its life, for the same key', async () => {
    const dataDir = fresh();
    await joinAgent({ url, token: await world.joinToken(), dataDir });
    const identity = await loadIdentity(dataDir);
    const before = identity.certificate;
    const log = { info: () => undefined, warn: () => undefined };
    const later = Date.now() + 20 * 3_600_000;
    await new Promise<void>((renewed) => {
      new Renewal({ dataDir, identity, log, renewed, now: () => later }).start();
    });
    expect(identity.certificate).not.toBe(before);
    expect(readFileSync(join(dataDir, 'cert.pem'), 'utf8')).toBe(identity.certificate);
    expect((await loadIdentity(dataDir)).id).toBe(identity.id);
  });

  it('tries again when the control plane cannot renew', async () => {
    const dataDir = fresh();
    const { id } = await joinAgent({ url, token: await world.joinToken(), dataDir });
    await world.store.delete(AGENTS, '', id);
    const identity = await loadIdentity(dataDir);
    const before = identity.certificate;
    const why = await new Promise<unknown>((resolve) => {
      const renewal = new Renewal({
        dataDir, identity, renewed: () => undefined, now: () => Date.now() + 20 * 3_600_000,
        log: { info: () => undefined, warn: (fields) => { renewal.stop(); resolve(fields); } },
      });
      renewal.start();
    });
    expect(why).toMatchObject({ status: 403 });
    expect(identity.certificate).toBe(before);
  });
});
