/**
 * `kill -9` of `gleaner server` while clients write and watch through HTTPS: what was acknowledged is there, and a client that watches again
 * from the last resourceVersion it saw gets every change once and in order, over all the kills. (The store alone: store-kill.test.ts.)
 */
import { Agent } from 'node:https';

import { findTarget } from '../../cli/client';
import type { Json, TestApiServer } from '../support/api-server';
import { TestCluster } from '../support/gleaner';
import { exchange } from '../support/https';
import { openWatch, type WatchClient } from '../support/watch-client';

/** KILL_ROUNDS=1000 takes half an hour; docs/performance.md says when that was run. */
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 12);
const WRITERS = 8;
const MAX_LIFE_MS = 400;
const MAPS = '/api/v1/namespaces/default/configmaps';

const cluster = new TestCluster();
let target: Pick<TestApiServer, 'url' | 'caCertificate' | 'token'>;

beforeAll(async () => {
  await cluster.startServer(['--images', '/nowhere']);
  const { server, ca = '', token = '' } = findTarget({ data: cluster.dataDir });
  target = { url: server, caCertificate: ca, token };
}, 120_000);
afterAll(() => cluster.close(), 60_000);

/** @throws Error when the connection is cut */
function call(agent: Agent, method: string, path: string, body?: object): Promise<{ code: number; json: Json }> {
  const headers = { Authorization: `Bearer ${target.token}`, 'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' };
  return exchange(`${target.url}${path}`, { method, ca: target.caCertificate, agent, headers }, body);
}

const stepOf = ({ data }: Json): number => Number((data as { step: string }).step);

/** What was told by the watches, one after the other. */
class Seen {
  revision: string;
  events = 0;
  readonly steps = new Map<string, number>();
  constructor(revision: string) {
    this.revision = revision;
  }

  take({ frames }: WatchClient): void {
    for (const { type, object } of frames.splice(0)) {
      const { name, resourceVersion = '' } = object.metadata;
      if (!name?.startsWith('counter-')) continue;
      const before = this.steps.get(name);
      expect({ name, type, step: stepOf(object) }).toEqual({ name, type: before === undefined ? 'ADDED' : 'MODIFIED', step: (before ?? -1) + 1 });
      expect(Number(resourceVersion)).toBeGreaterThan(Number(this.revision));
      this.revision = resourceVersion;
      this.steps.set(name, stepOf(object));
      this.events++;
    }
  }
}

/** Counts up until the server is gone; notes what was acknowledged. */
async function count(name: string, from: number, acknowledged: Map<string, number>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let step = from; ; step++) {
      const data = { step: String(step), filler: 'x'.repeat((step * 37) % 700) };
      const { code, json } = step === 0 ? await call(agent, 'POST', MAPS, { metadata: { name }, data }) : await call(agent, 'PATCH', `${MAPS}/${name}`, { data });
      if (code >= 300) throw new TypeError(`step ${step} of ${name}: ${code} ${json.message}`);
      acknowledged.set(name, step);
    }
  } catch (error) {
    if (error instanceof TypeError) throw error;
  } finally {
    agent.destroy();
  }
}

test(
  `after each of ${ROUNDS} kills every acknowledged write is there, and a watch through HTTPS goes on without gap or repeat`,
  async () => {
    const once = new Agent({ keepAlive: false });
    const list = async (): Promise<Json> => (await call(once, 'GET', MAPS)).json;
    const seen = new Seen((await list()).metadata.resourceVersion ?? '');
    const acknowledged = new Map<string, number>();
    let newest = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const watch = await openWatch(target, `${MAPS}?watch=true&resourceVersion=${seen.revision}`);
      const steps = new Map((await list()).items.map((item) => [item.metadata.name, stepOf(item)]));
      const writers = Array.from({ length: WRITERS }, (_, at) => count(`counter-${at}`, (steps.get(`counter-${at}`) ?? -1) + 1, acknowledged));
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * MAX_LIFE_MS));
      await cluster.kill('server', 'SIGKILL');
      await Promise.all([...writers, watch.ended]);
      seen.take(watch);
      await cluster.startServer(['--images', '/nowhere']);
      const { items, metadata } = await list();
      const stored = new Map(items.map((item) => [item.metadata.name, stepOf(item)]));
      for (const [name, step] of acknowledged) expect(stored.get(name)).toBeGreaterThanOrEqual(step);
      // What a watcher saw was durable.
      for (const [name, step] of seen.steps) expect(stored.get(name)).toBeGreaterThanOrEqual(step);
      expect(Number(metadata.resourceVersion)).toBeGreaterThanOrEqual(Math.max(newest, Number(seen.revision)));
      newest = Number(metadata.resourceVersion);
    }
    const last = await openWatch(target, `${MAPS}?watch=true&resourceVersion=${seen.revision}&timeoutSeconds=2`);
    await last.ended;
    seen.take(last);
    expect([...seen.steps].sort()).toEqual((await list()).items.map((item) => [item.metadata.name, stepOf(item)] as const).filter(([name]) => name?.startsWith('counter-')).sort());
    expect(seen.events).toBeGreaterThan(ROUNDS * WRITERS);
  },
  Math.max(300_000, ROUNDS * 10_000),
);
