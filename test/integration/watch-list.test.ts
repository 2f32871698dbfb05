/** Lists in pages and at revisions, and watches that begin with a list (e2e apimachinery: chunking, Watchers, watchlist). */
import { gunzipSync } from 'node:zlib';

import { makeNamespace, type Answer, type Json } from '../support/api-server';
import { nextNamespace, sharedServer } from '../support/shared-server';
import { openWatch, type WatchClient } from '../support/watch-client';

const server = sharedServer();
let ns: string;
let maps: string;

beforeEach(async () => {
  ({ ns, maps } = await nextNamespace(server));
});

const map = (name: string, labels: Record<string, string> = {}, data: Record<string, string> = {}): object => ({ metadata: { name, labels }, data });
const create = (name: string, labels: Record<string, string> = {}, data: Record<string, string> = {}): Promise<Answer> => server.request('POST', maps, { body: map(name, labels, data) });
const merge = (name: string, body: object): Promise<Answer> => server.merge(`${maps}/${name}`, body);
const list = async (query = ''): Promise<Json> => (await server.request('GET', `${maps}${query}`)).json;
const watch = (query: string, headers: object = {}): Promise<WatchClient> => openWatch(server, `${maps}?watch=true&${query}`, headers);
const names = ({ items }: Json): string[] => items.map(({ metadata }) => metadata.name);
const fill = async (count: number, data: Record<string, string> = {}): Promise<void> => {
  for (let at = 0; at < count; at += 500) {
    await server.store.batch(Array.from({ length: Math.min(500, count - at) }, (_, index) => ({
      verb: 'create' as const, resource: 'configmaps',
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `m${String(at + index).padStart(5, '0')}`, namespace: ns }, data } as object as Json,
    })));
  }
};
/** Makes so many changes elsewhere that the history forgets what was before. */
const forget = async (): Promise<void> => {
  const other = await makeNamespace(server, `${ns}-other`);
  for (let round = 0; round < 21; round++) {
    await server.store.batch(Array.from({ length: 500 }, (_, index) => ({
      verb: 'create' as const, resource: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `r${round}-${index}`, namespace: other } },
    })));
  }
};

describe('chunks', () => {
  test('join to the whole at one revision, whatever is written in between', async () => {
    await fill(40);
    let { metadata, items } = await list('?limit=17');
    const { resourceVersion } = metadata;
    expect([items.length, metadata.remainingItemCount]).toEqual([17, 23]);
    const all = [...items];
    for (let number = 0; metadata.continue !== undefined; number++) {
      await create(`between-${number}`);
      await server.request('DELETE', `${maps}/m0003${number}`);
      ({ metadata, items } = await list(`?limit=17&continue=${metadata.continue}`));
      expect(metadata.resourceVersion).toBe(resourceVersion);
      all.push(...items);
    }
    expect(all.map((item) => item.metadata.name)).toEqual(Array.from({ length: 40 }, (_, index) => `m${String(index).padStart(5, '0')}`));
  });

  test('a token that is too old: 410 with a token that goes on over what is there now', async () => {
    await fill(4);
    const first = await list('?limit=2');
    await forget();
    await create('m00001-late');
    await create('m00002-late');
    const refused = await server.request('GET', `${maps}?limit=2&continue=${first.metadata.continue}`);
    expect([refused.code, refused.json.reason]).toEqual([410, 'Expired']);
    expect(refused.json.message).toMatch(/^The provided continue parameter is too old .* may show up in the list\.$/);
    const token = refused.json.metadata.continue ?? '';
    const second = await list(`?limit=2&continue=${token}`);
    expect(names(second)).toEqual(['m00001-late', 'm00002']);
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
    await create('m00002-later');
    const third = await list(`?continue=${second.metadata.continue}`);
    expect([names(third), third.metadata.resourceVersion]).toEqual([['m00002-late', 'm00003'], second.metadata.resourceVersion]);
  });

  test.each([
    ['continue with a revision', '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=2', 400, 'specifying resource version is not allowed when using continue'],
    ['continue with a match', '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=2&resourceVersionMatch=Exact', 422, 'resourceVersionMatch is forbidden when continue is provided'],
    ['a token of no revision', '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhIn0', 400, 'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
    ['exactly any revision', '?resourceVersion=0&resourceVersionMatch=Exact', 422, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
    ['another match', '?resourceVersion=1&resourceVersionMatch=Roughly', 422, 'Unsupported value: "Roughly": supported values: "Exact", "NotOlderThan", ""'],
  ])('refuses %s', async (_, query, code, words) => {
    const answer = await server.request('GET', `${maps}${query}`);
    expect(answer.code).toBe(code);
    expect(answer.json.message).toContain(words);
  });
});

describe('lists at a revision', () => {
  test('exactly as it was; with a limit also without saying so; not older than it: as it is now', async () => {
    await fill(3);
    const before = await list();
    await merge('m00001', { data: { changed: 'yes' } });
    await server.request('DELETE', `${maps}/m00002`);
    await create('new');
    const { resourceVersion } = before.metadata;
    expect(await list(`?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`)).toEqual(before);
    const page = await list(`?resourceVersion=${resourceVersion}&limit=2`);
    expect([page.items, page.metadata.resourceVersion]).toEqual([before.items.slice(0, 2), resourceVersion]);
    expect((await list(`?limit=2&continue=${page.metadata.continue}`)).items).toEqual(before.items.slice(2));
    for (const query of [`?resourceVersion=${resourceVersion}`, `?resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan&limit=9`, '?resourceVersion=0&limit=1', '?limit=-1']) {
      expect(names(await list(query))).toEqual(['m00000', 'm00001', 'new']);
    }
  });

  test('one that is compacted: 410', async () => {
    const { metadata } = await list();
    await forget();
    const answer = await server.request('GET', `${maps}?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`);
    expect(answer.json).toMatchObject({ code: 410, reason: 'Expired', message: 'The resourceVersion for the provided list is too old.', metadata: {} });
    const stream = await watch(`resourceVersion=${metadata.resourceVersion}`);
    await stream.ended;
    expect(stream.frames[0].object.message).toMatch(new RegExp(`^too old resource version: ${metadata.resourceVersion} \\(\\d+\\)$`));
  });
});

describe('watches that begin with a list', () => {
  const INITIAL = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

  test('what is there, a bookmark that says so, then changes; a watch from the bookmark misses nothing', async () => {
    await create('a');
    await create('b');
    const { metadata } = await list();
    const stream = await watch(`${INITIAL}&resourceVersion=${metadata.resourceVersion}`);
    expect(await stream.take(3)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
    const { object } = stream.frames[2];
    const annotations = object.metadata.annotations ?? {};
    expect([object.kind, object.apiVersion, annotations['k8s.io/initial-events-end']]).toEqual(['ConfigMap', 'v1', 'true']);
    expect(JSON.parse(Buffer.from(annotations['kubernetes.io/initial-events-list-blueprint'], 'base64').toString())).toEqual({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: {}, items: null });
    expect(Number(object.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(metadata.resourceVersion));
    await create('c');
    expect(await stream.take(4)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK', 'ADDED c']);
    const resumed = await watch(`resourceVersion=${object.metadata.resourceVersion}`);
    expect(await resumed.take(1)).toEqual(['ADDED c']);
    stream.close();
    resumed.close();
  });

  test('an empty collection, also of a kind that has never been: just the bookmark', async () => {
    const stream = await openWatch(server, `/apis/coordination.k8s.io/v1/namespaces/${ns}/leases?watch=true&${INITIAL}`);
    expect(await stream.take(1)).toEqual(['BOOKMARK']);
    expect(stream.frames[0].object).toMatchObject({ kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', metadata: { creationTimestamp: null, annotations: { 'k8s.io/initial-events-end': 'true' } } });
    stream.close();
  });

  test('without a revision it is so anyway; without bookmarks none comes; with false only what is new', async () => {
    await create('a');
    const [plain, silent, fresh] = [await watch('allowWatchBookmarks=1'), await watch(INITIAL.replace('&allowWatchBookmarks=true', '')), await watch('sendInitialEvents=false&resourceVersionMatch=NotOlderThan')];
    await create('b');
    expect(await plain.take(3)).toEqual(['ADDED a', 'BOOKMARK', 'ADDED b']);
    expect(await silent.take(2)).toEqual(['ADDED a', 'ADDED b']);
    expect(await fresh.take(1)).toEqual(['ADDED b']);
    for (const stream of [plain, silent, fresh]) stream.close();
  });

  test('only metadata, in both words for it', async () => {
    await create('a', { x: '1' }, { secret: 'data' });
    for (const as of ['PartialObjectMetadata', 'PartialObjectMetadataList']) {
      const stream = await watch(INITIAL, { Accept: `application/json;as=${as};g=meta.k8s.io;v=v1` });
      await stream.take(2);
      expect(stream.frames.map(({ type, object }) => [type, object.kind, object.apiVersion, object.data])).toEqual([
        ['ADDED', 'PartialObjectMetadata', 'meta.k8s.io/v1', undefined],
        ['BOOKMARK', 'PartialObjectMetadata', 'meta.k8s.io/v1', undefined],
      ]);
      expect(stream.frames[1].object.metadata.annotations?.['k8s.io/initial-events-end']).toBe('true');
      stream.close();
    }
  });

  test('a revision of the future is told in the stream', async () => {
    const stream = await watch(`${INITIAL}&resourceVersion=999999999`);
    await stream.ended;
    expect([stream.res.statusCode, stream.frames]).toMatchObject([200, [{ type: 'ERROR', object: { code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 } } }]]);
  });

  test('a bookmark comes before the end, to go on from', async () => {
    await create('a');
    const { metadata } = await list();
    await create('b');
    const stream = await watch(`allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion=${metadata.resourceVersion}`);
    await create('elsewhere');
    const newest = (await list()).metadata.resourceVersion;
    await stream.ended;
    expect(await stream.take(3)).toEqual(['ADDED b', 'ADDED elsewhere', 'BOOKMARK']);
    expect([stream.frames[2].object.metadata.resourceVersion, stream.frames[2].object.metadata.annotations]).toEqual([newest, undefined]);
  });
});

describe('watchers', () => {
  test('watchers of labels A, B and A or B each see what concerns them', async () => {
    const a = await watch('labelSelector=watch-this%3Da');
    const b = await watch('labelSelector=watch-this%3Db');
    const both = await watch('labelSelector=watch-this+in+(a,b)');
    await create('one', { 'watch-this': 'a' });
    await merge('one', { data: { mutation: '1' } });
    await create('two', { 'watch-this': 'b' });
    await merge('one', { metadata: { labels: { 'watch-this': 'b' } } });
    await server.request('DELETE', `${maps}/one`);
    await server.request('DELETE', `${maps}/two`);
    expect(await a.take(3)).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one']);
    expect(await b.take(4)).toEqual(['ADDED two', 'ADDED one', 'DELETED one', 'DELETED two']);
    expect(await both.take(6)).toEqual(['ADDED one', 'MODIFIED one', 'ADDED two', 'MODIFIED one', 'DELETED one', 'DELETED two']);
    for (const stream of [a, b, both]) stream.close();
  });

  test('an object that leaves the selection and comes back: its last state in it, each time with the revision of the change', async () => {
    const stream = await watch('labelSelector=in%3Dyes');
    await create('x', { in: 'yes' }, { mutation: '0' });
    const left = await merge('x', { metadata: { labels: { in: 'no' } }, data: { mutation: '1' } });
    await merge('x', { data: { mutation: '2' } });
    await merge('x', { metadata: { labels: { in: 'yes' } }, data: { mutation: '3' } });
    await server.request('DELETE', `${maps}/x`);
    await stream.take(4);
    expect(stream.frames.map(({ type, object }) => [type, (object.data as { mutation: string }).mutation])).toEqual([['ADDED', '0'], ['DELETED', '0'], ['ADDED', '3'], ['DELETED', '3']]);
    expect(stream.frames[1].object.metadata.resourceVersion).toBe(left.json.metadata.resourceVersion);
    stream.close();
  });

  test('begun from the revision of any write, a watch tells exactly what came after it', async () => {
    const revisions: (string | undefined)[] = [(await create('x')).json.metadata.resourceVersion];
    for (let step = 1; step <= 4; step++) revisions.push((await merge('x', { data: { step: String(step) } })).json.metadata.resourceVersion);
    await server.request('DELETE', `${maps}/x`);
    for (const [at, resourceVersion] of revisions.entries()) {
      const stream = await watch(`resourceVersion=${resourceVersion}`);
      expect(await stream.take(5 - at)).toEqual([...Array<string>(4 - at).fill('MODIFIED x'), 'DELETED x']);
      stream.close();
    }
  });

  test('watches begun at the same time at different revisions see the same order', async () => {
    const streams: WatchClient[] = [];
    let { resourceVersion } = (await list()).metadata;
    for (let step = 0; step < 10; step++) {
      streams.push(await watch(`resourceVersion=${resourceVersion}`));
      await Promise.all([create(`n${step}`), create(`o${step}`)]);
      ({ resourceVersion } = (await list()).metadata);
    }
    const whole = await streams[0].take(20);
    for (const [at, stream] of streams.entries()) {
      expect(await stream.take(20 - 2 * at)).toEqual(whole.slice(2 * at));
      stream.close();
    }
  });
});

describe('gzip', () => {
  const GZIP = { 'Accept-Encoding': 'gzip' };

  test('large answers are compressed for those who take it; the same bytes inside', async () => {
    await fill(600, { padding: 'x'.repeat(600) });
    const plain = await server.request('GET', maps);
    const zipped = await server.request('GET', maps, { headers: GZIP });
    expect([plain.headers['content-encoding'], zipped.headers['content-encoding']]).toEqual([undefined, 'gzip']);
    expect(gunzipSync(zipped.bytes).equals(plain.bytes)).toBe(true);
    expect(zipped.bytes.length).toBeLessThan(plain.bytes.length / 5);
  });

  test('small answers, watches and clients that do not take it get plain bytes', async () => {
    await fill(300, { padding: 'x'.repeat(600) });
    const one = await server.request('GET', `${maps}/m00000`, { headers: GZIP });
    const identity = await server.request('GET', maps, { headers: { 'Accept-Encoding': 'identity, deflate' } });
    expect([one.headers['content-encoding'], identity.headers['content-encoding']]).toEqual([undefined, undefined]);
    const stream = await watch('', GZIP);
    expect((await stream.take(300)).length).toBe(300);
    expect(stream.res.headers['content-encoding']).toBeUndefined();
    stream.close();
  });

  test('one large object is compressed too', async () => {
    await create('large', {}, { padding: 'y'.repeat(200_000) });
    const { headers, bytes } = await server.request('GET', `${maps}/large`, { headers: GZIP });
    expect(headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(bytes).toString())).toMatchObject({ metadata: { name: 'large' }, data: { padding: 'y'.repeat(200_000) } });
  });
});
