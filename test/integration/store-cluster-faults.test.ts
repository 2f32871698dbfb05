/** The cluster store over a real kube-apiserver, when the way to it breaks: no event is lost or doubled, no write is told wrongly. */
import type { IncomingMessage } from 'node:http';
import type { KubeObject } from '../../crds/meta';
import { Reflector } from '../../controlplane/controllers/runtime/reflector';
import { Collector, map, MAPS, type ConfigMap } from '../../controlplane/store/conformance/support';
import type { ClusterObjectStore } from '../../controlplane/store/cluster/cluster-store';
import { StoreError, type Operation } from '../../controlplane/store/store';
import { FaultyApi, type Fault } from '../support/faulty-api';
import { eventually } from '../support/gleaner';
import { TestKube } from '../support/kube';
import { describeWithKube } from '../support/kube-apiserver';

const isWatch = (req: IncomingMessage): boolean => req.url?.includes('watch=true') ?? false;
const status = (code: number, reason: string, message = reason): object => ({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
/** A fault for the first `count` requests that match. */
function first(count: number, matches: (req: IncomingMessage) => boolean, fault: Fault): (req: IncomingMessage) => Fault | undefined {
  let left = count;
  return (req) => (matches(req) && left-- > 0 ? fault : undefined);
}
const method = (name: string) => (req: IncomingMessage): boolean => req.method === name;
const told = (events: Collector['events']): string[] => events.map(({ type, object }) => `${type} ${object.metadata.name} ${object.metadata.resourceVersion}`);

describeWithKube('faults between the store and a real kube-apiserver', ['etcd', 'kube-apiserver'], () => {
  const kube = new TestKube();
  let api: FaultyApi;
  let direct: ClusterObjectStore;
  let store: ClusterObjectStore;
  let waits: number[];

  beforeAll(async () => {
    await kube.start();
    await kube.createNamespaces('lab-a', 'lab-b');
  }, 120_000);
  afterAll(() => kube.stop(), 60_000);

  const open = (options: { timeoutMs?: number; writeWindowMs?: () => number; maxTries?: number; watchIdleMs?: number } = {}): ClusterObjectStore => {
    const { watchIdleMs, ...rest } = options;
    const delay = (ms: number): Promise<void> => {
      waits.push(ms);
      return new Promise((resolve) => { setTimeout(resolve, Math.min(ms, 20)); });
    };
    return kube.store({ api: kube.api({ kubeconfig: api.kubeconfig, delay, ...rest }), delay, ...(watchIdleMs !== undefined && { watchIdleMs }) });
  };
  beforeEach(async () => {
    await kube.empty('lab-a', 'lab-b');
    api = await FaultyApi.start(kube);
    direct = kube.store();
    waits = [];
    store = open();
  });
  afterEach(async () => {
    store.close();
    direct.close();
    await api.stop();
  });

  /** Creates, changes and deletes, so that every kind of event comes about. */
  async function write(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const name = `m${round % 7}`;
      const there = await direct.get<ConfigMap>(MAPS, 'lab-a', name);
      if (!there) await direct.create(MAPS, map(name, { round: String(round), padding: 'ä'.repeat(round % 50) }));
      else if (round % 3 === 0) await direct.delete(MAPS, 'lab-a', name);
      else await direct.update(MAPS, { ...there, data: { ...there.data, round: String(round) } });
    }
  }

  describe('watches', () => {
    test.each(['WatchList', 'LIST'])('cut again and again, anywhere in a frame: every event once and in order (%s)', async (how) => {
      await direct.create(MAPS, map('before'));
      const { resourceVersion } = await direct.list(MAPS, { namespace: 'lab-a' });
      const reference = new Collector().start(direct, MAPS, { namespace: 'lab-a', resourceVersion });
      let turn = 0;
      api.fault = (req) => {
        if (how === 'LIST' && req.url?.includes('sendInitialEvents')) return { answer: 422, body: status(422, 'Invalid', 'sendInitialEvents is forbidden') };
        return isWatch(req) ? { cutAfterBytes: 1 + ((turn += 1) * 997) % 2500 } : undefined;
      };
      const seen = new Collector().start(store, MAPS, { namespace: 'lab-a' });
      await seen.take(1);
      await write(150);
      await eventually('all events', () => (seen.events.length >= reference.events.length + 1 && reference.events.length >= 150 ? true : undefined), 30_000);
      expect(told(seen.events).slice(1)).toEqual(told(reference.events));
      expect(told(seen.events)[0]).toMatch(/^ADDED before /);
      expect(api.cuts).toBeGreaterThan(20);
      expect(seen.ends).toEqual([]);
      for (const each of [seen, reference]) each.stop();
    }, 60_000);

    test('what is there comes whole and once, though its connection is cut in the middle', async () => {
      await Promise.all(Array.from({ length: 60 }, (_, i) => direct.create(MAPS, map(`m${i}`, { padding: 'x'.repeat(500) }))));
      api.fault = first(4, isWatch, { cutAfterBytes: 20_000 });
      const seen = new Collector().start(store, MAPS, { namespace: 'lab-a', bookmarks: true });
      await seen.take(61);
      expect(new Set(told(seen.events)).size).toBe(61);
      expect([api.cuts, seen.events.at(-1)?.type]).toEqual([4, 'BOOKMARK']);
      seen.stop();
    });

    test.each<[string, Fault]>([
      ['an ERROR frame', { answer: 200, body: { type: 'ERROR', object: status(410, 'Expired', 'too old resource version') } }],
      ['an answer', { answer: 410, body: status(410, 'Expired', 'too old resource version') }],
    ])('410 as %s ends the watch as Expired; the cache lists anew and tells the difference', async (_, fault) => {
      const body = 'body' in fault ? `${JSON.stringify(fault.body)}` : '';
      expect(body).toContain('Expired');
      const cache = new Reflector<ConfigMap>({ store, resource: MAPS, selection: { namespace: 'lab-a' }, minBackoffMs: 1 });
      await direct.create(MAPS, map('a'));
      await direct.create(MAPS, map('b'));
      // The first watch is cut when something happens; the second is too old.
      let watches = 0;
      api.fault = (req) => {
        if (!isWatch(req)) return undefined;
        watches += 1;
        if (watches === 1) return { cutAfterBytes: 10 };
        return watches === 2 ? { ...fault, headers: {} } as Fault : undefined;
      };
      await cache.start();
      const changes: string[] = [];
      cache.onChange((batch) => changes.push(...batch.map(({ type, object }) => `${type} ${object.metadata.name}`)));
      await direct.delete(MAPS, 'lab-a', 'a');
      await direct.create(MAPS, map('c'));
      await eventually('the cache', () => (cache.get('lab-a', 'c') && !cache.get('lab-a', 'a') ? true : undefined));
      expect(changes.sort()).toEqual(['ADDED c', 'DELETED a']);
      cache.stop();
    });

    test('a connection that is silent is given up, and gone on from where it was', async () => {
      store.close();
      store = open({ watchIdleMs: 200 });
      const seen = new Collector().start(store, MAPS, { namespace: 'lab-a' });
      await direct.create(MAPS, map('a'));
      await seen.take(1);
      const before = api.seen.filter((each) => each.includes('watch=true')).length;
      await eventually('another connection', () => (api.seen.filter((each) => each.includes('watch=true')).length > before ? true : undefined));
      await direct.create(MAPS, map('b'));
      expect(await seen.take(2)).toEqual(['ADDED a', 'ADDED b']);
      seen.stop();
    });

    test('429 and 503 are waited out as long as the server asks; what may not be watched ends with the reason', async () => {
      api.fault = first(3, isWatch, { answer: 429, body: status(429, 'TooManyRequests'), headers: { 'retry-after': '7' } });
      const seen = new Collector().start(store, MAPS, { namespace: 'lab-a' });
      await direct.create(MAPS, map('a'));
      expect(await seen.take(1)).toEqual(['ADDED a']);
      expect(waits.filter((ms) => ms >= 7000)).toHaveLength(3);
      seen.stop();
      api.fault = first(9, isWatch, { answer: 400, body: status(400, 'BadRequest', 'no') });
      const refused = new Collector().start(store, MAPS, { namespace: 'lab-a', resourceVersion: '1' });
      await eventually('the end', () => (refused.ends.length > 0 ? true : undefined));
      expect(refused.ends[0]).toMatchObject({ reason: 'Invalid' });
    });

    test('the API server is killed and comes back: the cache ends up as the store is', async () => {
      const cache = new Reflector<ConfigMap>({ store, resource: MAPS, selection: { namespace: 'lab-a' }, minBackoffMs: 5, maxBackoffMs: 100 });
      await direct.create(MAPS, map('stays'));
      await direct.create(MAPS, map('goes'));
      await cache.start();
      const states = new Map<string, string>();
      const wrong: string[] = [];
      cache.onChange((batch) => {
        for (const { type, object, old } of batch) {
          // Each change must begin where the one before ended.
          if ((states.get(object.metadata.name) ?? old?.metadata.resourceVersion) !== old?.metadata.resourceVersion) wrong.push(object.metadata.name);
          if (type === 'DELETED') states.delete(object.metadata.name);
          else states.set(object.metadata.name, object.metadata.resourceVersion ?? '');
        }
      });
      await kube.server.restart();
      await direct.delete(MAPS, 'lab-a', 'goes');
      await write(30);
      const wanted = async (): Promise<KubeObject[]> => (await direct.list<ConfigMap>(MAPS, { namespace: 'lab-a' })).items;
      const list = await wanted();
      await eventually('the cache', () => (cache.size === list.length && list.every((each) => cache.get('lab-a', each.metadata.name)?.metadata.resourceVersion === each.metadata.resourceVersion) ? true : undefined), 30_000);
      expect(wrong).toEqual([]);
      cache.stop();
    }, 120_000);
  });

  describe('requests', () => {
    test('429 and 503 are tried again after what the server asks for', async () => {
      api.fault = first(2, method('POST'), { answer: 429, body: status(429, 'TooManyRequests'), headers: { 'retry-after': '3' } });
      await store.create(MAPS, map('a'));
      expect(waits.map((ms) => Math.floor(ms / 1000))).toEqual([3, 3]);
      api.fault = first(1, method('PUT'), { answer: 503, body: status(503, 'ServiceUnavailable') });
      expect((await store.update<ConfigMap>(MAPS, map('a', { n: '1' }))).data).toEqual({ n: '1' });
    });

    test('a server that never gets well is Unavailable after a bounded number of tries', async () => {
      api.fault = (req) => (req.method === 'POST' ? { answer: 500, body: status(500, 'InternalError', 'etcdserver: no leader') } : undefined);
      await expect(store.create(MAPS, map('a'))).rejects.toMatchObject({ reason: 'Unavailable', message: expect.stringContaining('etcdserver: no leader') });
      expect(api.seen.filter((each) => each.startsWith('POST'))).toHaveLength(6);
    });

    test('what was done though the answer was an error: told as Conflict, AlreadyExists, or done; never twice', async () => {
      const once = (name: string): void => { api.fault = first(1, method(name), { thenAnswer: 500, body: status(500, 'InternalError') }); };
      once('POST');
      await expect(store.create(MAPS, map('a', { n: '0' }))).rejects.toMatchObject({ reason: 'AlreadyExists' });
      const made = await direct.get<ConfigMap>(MAPS, 'lab-a', 'a') as ConfigMap;
      once('PUT');
      await expect(store.update(MAPS, { ...made, data: { n: '1' } })).rejects.toMatchObject({ reason: 'Conflict' });
      expect((await direct.get<ConfigMap>(MAPS, 'lab-a', 'a'))?.data).toEqual({ n: '1' });
      once('DELETE');
      expect(await store.delete(MAPS, 'lab-a', 'a')).toMatchObject({ gone: true });
      expect(await direct.get(MAPS, 'lab-a', 'a')).toBeUndefined();
    });

    test('an answer that breaks off, or never comes, is tried again', async () => {
      await direct.create(MAPS, map('a'));
      api.fault = first(2, method('GET'), { cutAfterBytes: 30 });
      expect((await store.get(MAPS, 'lab-a', 'a'))?.metadata.name).toBe('a');
      store.close();
      store = open({ timeoutMs: 150 });
      api.fault = first(2, method('GET'), { hang: true });
      expect((await store.get(MAPS, 'lab-a', 'a'))?.metadata.name).toBe('a');
      api.fault = (req) => (req.method === 'GET' ? { hang: true } : undefined);
      await expect(store.get(MAPS, 'lab-a', 'a')).rejects.toMatchObject({ reason: 'Unavailable', message: expect.stringContaining('no answer within 150 ms') });
    });

    test('pages that expire in between are read anew; a slow server is waited for', async () => {
      const names = Array.from({ length: 1100 }, (_, i) => `n${String(i).padStart(4, '0')}`);
      await direct.batch(names.map((name) => ({ verb: 'create', resource: MAPS, object: map(name) })));
      api.fault = first(2, (req) => req.url?.includes('continue=') ?? false, { answer: 410, body: status(410, 'Expired') });
      expect((await store.list(MAPS, { namespace: 'lab-a' })).items.map(({ metadata }) => metadata.name)).toEqual(names);
      expect(api.seen.filter((each) => each.includes('limit=500'))).toHaveLength(7);
      // It never gets through: then all at once.
      api.fault = (req) => (req.url?.includes('continue=') ? { answer: 410, body: status(410, 'Expired') } : { delayMs: 20 });
      expect((await store.list(MAPS, { namespace: 'lab-a' })).items).toHaveLength(1100);
    }, 60_000);

    test('of a batch each write is told for itself; it rejects only when none could be done', async () => {
      api.fault = (req) => (req.url?.includes('lab-b') ? { answer: 500, body: status(500, 'InternalError') } : undefined);
      const create = (namespace: string, name: string): Operation => ({ verb: 'create', resource: MAPS, object: map(name, {}, { namespace }) });
      const outcomes = await store.batch([create('lab-a', 'x'), create('lab-b', 'x'), create('lab-a', 'y')]);
      expect(outcomes.map((each) => (each.ok ? 'ok' : each.error.reason))).toEqual(['ok', 'Unavailable', 'ok']);
      await expect(store.batch([create('lab-b', 'x'), create('lab-b', 'y')])).rejects.toBeInstanceOf(StoreError);
    });

    test('a closed store cuts what is under way and sends nothing more; neither does one whose window is over', async () => {
      api.fault = (req) => (req.method === 'POST' ? { hang: true } : undefined);
      const under = store.create(MAPS, map('a'));
      await eventually('the request', () => (api.seen.some((each) => each.startsWith('POST')) ? true : undefined));
      store.close('this replica leads no longer');
      await expect(under).rejects.toMatchObject({ reason: 'Unavailable', message: 'this replica leads no longer' });
      const sent = api.seen.length;
      await expect(store.create(MAPS, map('b'))).rejects.toMatchObject({ message: 'this replica leads no longer' });
      let window = 800;
      store = open({ writeWindowMs: () => window, maxTries: 2 });
      api.fault = () => undefined;
      await store.create(MAPS, map('c'));
      // The server is told to give up with us.
      expect(api.seen.at(-1)).toContain('timeout=800ms');
      window = 0;
      await expect(store.create(MAPS, map('d'))).rejects.toMatchObject({ reason: 'Unavailable', message: expect.stringContaining('no longer sure to be the leader') });
      expect(api.seen.length).toBe(sent + 1);
    });
  });
});
