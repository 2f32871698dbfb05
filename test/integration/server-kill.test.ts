/**
 * `kill -9` of `gleaner server` while clients write, delete and watch through HTTPS: what was acknowledged is there, what was acknowledged to
 * be deleted is not, and a client that watches again from the last resourceVersion it saw gets every change once and in order, over all the
 * kills. (The store alone: store-kill.test.ts.)
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
const DELETERS = 4;
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
  /** Of objects that are deleted: the types of all their events. */
  readonly lives = new Map<string, string[]>();
  constructor(revision: string) {
    this.revision = revision;
  }

  take({ frames }: WatchClient): void {
    for (const { type, object } of frames.splice(0)) {
      const { name = '', resourceVersion = '' } = object.metadata;
      if (name.startsWith('counter-')) this.#counted(name, type, stepOf(object));
      else if (name.startsWith('brief-')) this.#lived(name, type);
      else continue;
      expect(Number(resourceVersion)).toBeGreaterThan(Number(this.revision));
      this.revision = resourceVersion;
      this.events++;
    }
  }

  #counted(name: string, type: string, step: number): void {
    const before = this.steps.get(name);
    expect({ name, type, step }).toEqual({ name, type: before === undefined ? 'ADDED' : 'MODIFIED', step: (before ?? -1) + 1 });
    this.steps.set(name, step);
  }

  #lived(name: string, type: string): void {
    const life = [...(this.lives.get(name) ?? []), type];
    expect({ name, life }).toEqual({ name, life: ['ADDED', 'DELETED'].slice(0, life.length) });
    this.lives.set(name, life);
  }
}

/** Of the objects that are made to be deleted, what was sent and what was acknowledged. */
class Briefs {
  #next = 0;
  readonly made = new Set<string>();
  readonly asked = new Set<string>();
  readonly deleted = new Set<string>();

  async make(agent: Agent): Promise<string> {
    const name = `brief-${this.#next++}`;
    await done(agent, 'POST', MAPS, { metadata: { name }, data: { step: '0' } });
    this.made.add(name);
    return name;
  }

  async delete(agent: Agent, name: string): Promise<void> {
    this.asked.add(name);
    await done(agent, 'DELETE', `${MAPS}/${name}`);
    this.deleted.add(name);
  }
}

/** @throws TypeError when the server refuses */
async function done(agent: Agent, method: string, path: string, body?: object): Promise<void> {
  const { code, json } = await call(agent, method, path, body);
  if (code >= 300) throw new TypeError(`${method} ${path}: ${code} ${json.message}`);
}

/** Writes until the server is gone. */
async function untilGone(write: (agent: Agent) => Promise<never>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await write(agent);
  } catch (error) {
    if (error instanceof TypeError) throw error;
  } finally {
    agent.destroy();
  }
}

/** Counts up; notes what was acknowledged. */
const count = (name: string, from: number, acknowledged: Map<string, number>): Promise<void> =>
  untilGone(async (agent) => {
    for (let step = from; ; step++) {
      const data = { step: String(step), filler: 'x'.repeat((step * 37) % 700) };
      await (step === 0 ? done(agent, 'POST', MAPS, { metadata: { name }, data }) : done(agent, 'PATCH', `${MAPS}/${name}`, { data }));
      acknowledged.set(name, step);
    }
  });

/** Deletes what earlier kills left, then makes one object after the other and deletes it. */
const makeAndDelete = (left: readonly string[], briefs: Briefs): Promise<void> =>
  untilGone(async (agent) => {
    for (const name of left) await briefs.delete(agent, name);
    for (;;) await briefs.delete(agent, await briefs.make(agent));
  });

test(
  `after each of ${ROUNDS} kills every acknowledged write is there, and a watch through HTTPS goes on without gap or repeat`,
  async () => {
    const once = new Agent({ keepAlive: false });
    const list = async (): Promise<Json> => (await call(once, 'GET', MAPS)).json;
    const seen = new Seen((await list()).metadata.resourceVersion ?? '');
    const acknowledged = new Map<string, number>();
    const briefs = new Briefs();
    let newest = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const watch = await openWatch(target, `${MAPS}?watch=true&resourceVersion=${seen.revision}`);
      const steps = new Map((await list()).items.map((item) => [item.metadata.name, stepOf(item)]));
      const writers = Array.from({ length: WRITERS }, (_, at) => count(`counter-${at}`, (steps.get(`counter-${at}`) ?? -1) + 1, acknowledged));
      const left = [...steps.keys()].filter((name) => name?.startsWith('brief-')) as string[];
      for (let at = 0; at < DELETERS; at++) writers.push(makeAndDelete(left.filter((_, index) => index % DELETERS === at), briefs));
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * MAX_LIFE_MS));
      await cluster.kill('server', 'SIGKILL');
      await Promise.all([...writers, watch.ended]);
      seen.take(watch);
      await cluster.startServer(['--images', '/nowhere']);
      const { items, metadata } = await list();
      const stored = new Map(items.map((item) => [item.metadata.name, stepOf(item)]));
      for (const [name, step] of acknowledged) expect(stored.get(name)).toBeGreaterThanOrEqual(step);
      expect([...briefs.deleted].filter((name) => stored.has(name))).toEqual([]);
      expect([...briefs.made].filter((name) => !briefs.asked.has(name) && !stored.has(name))).toEqual([]);
      // What a watcher saw was durable.
      for (const [name, step] of seen.steps) expect(stored.get(name)).toBeGreaterThanOrEqual(step);
      expect([...seen.lives].filter(([name, life]) => (life.length === 2 ? stored.has(name) : !briefs.asked.has(name) && !stored.has(name)))).toEqual([]);
      expect(Number(metadata.resourceVersion)).toBeGreaterThanOrEqual(Math.max(newest, Number(seen.revision)));
      newest = Number(metadata.resourceVersion);
    }
    const last = await openWatch(target, `${MAPS}?watch=true&resourceVersion=${seen.revision}&timeoutSeconds=2`);
    await last.ended;
    seen.take(last);
    const { items } = await list();
    const stored = (prefix: string): Json[] => items.filter(({ metadata }) => metadata.name?.startsWith(prefix));
    expect([...seen.steps].sort()).toEqual(stored('counter-').map((item) => [item.metadata.name, stepOf(item)]).sort());
    const alive = [...seen.lives].filter(([, life]) => life.length === 1).map(([name]) => name);
    expect(alive.sort()).toEqual(stored('brief-').map(({ metadata }) => metadata.name).sort());
    // Each was told of, once.
    expect([...briefs.made].filter((name) => !seen.lives.has(name))).toEqual([]);
    expect([...briefs.deleted].filter((name) => seen.lives.get(name)?.length !== 2)).toEqual([]);
    expect(briefs.deleted.size).toBeGreaterThan(ROUNDS);
    expect(seen.events).toBeGreaterThan(ROUNDS * WRITERS);
  },
  Math.max(300_000, ROUNDS * 10_000),
);
