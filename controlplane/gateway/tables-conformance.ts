/** Results, elements and tokens over a Database, as a jest suite: runs over every implementation. */
import { randomBytes } from 'node:crypto';
import { TokenStore } from '../auth/token-store';
import type { Database } from '../db/database';
import { BlobError, type BlobStore } from './elements/blob-store';
import { ElementCatalog } from './elements/catalog';
import { JoinTokens } from './join-tokens';
import { Results } from './results';

const NO_BLOBS: BlobStore = {
  maxUploads: 10,
  start: () => Promise.resolve(),
  put: async (_, source) => {
    let bytes = 0;
    for await (const chunk of source) bytes += chunk.length;
    return { bytes };
  },
  read: () => Promise.reject(new BlobError('NotFound', 'nothing is kept here')),
  size: () => Promise.resolve(undefined),
};

export function describeTables(name: string, open: () => Promise<{ database: Database; close(): Promise<void> }>): void {
  describe(`tables of the gateway: ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    beforeEach(async () => { ({ database, close } = await open()); });
    afterEach(() => close());

    test('the first result of an index stays, and the newest Job of a name is found', async () => {
      let now = 1_000;
      const results = new Results(database, () => now);
      await results.nameJob('old', 'lab-a', 'pi');
      now = 2_000;
      await results.nameJob('new', 'lab-a', 'pi');
      expect(results.nameJob('new', 'lab-a', 'pi')).toBeUndefined();
      expect([await results.jobUid('lab-a', 'pi'), await results.jobUid('lab-b', 'pi')]).toEqual(['new', undefined]);
      const file = { path: 'a b', element: `sha256:${'0'.repeat(64)}`, bytes: 3 };
      await Promise.all([
        results.add([{ jobUid: 'new', index: 7, attempt: 1, result: { inline: '{"x": 1}', files: [file] } }]),
        results.add([{ jobUid: 'new', index: 7, attempt: 2, result: { files: [] } }, { jobUid: 'new', index: 8, attempt: 1, result: { files: [] } }]),
      ]);
      expect(await results.get('new', 7)).toEqual({ attempt: 1, result: { inline: '{"x": 1}', files: [file] } });
      expect(await results.get('new', 8)).toEqual({ attempt: 1, result: { files: [] } });
      expect(await results.get('new', 9)).toBeUndefined();
    });

    test('an inline result may be any text', async () => {
      const results = new Results(database);
      const text = 'no JSON: \u0000 "\\" \n ü';
      await results.add([{ jobUid: 'j', index: 0, attempt: 1, result: { inline: text, files: [] } }]);
      expect((await results.get('j', 0))?.result.inline).toBe(text.replace('\u0000', '\uFFFD'));
    });

    test('a join token is good as often as it says, also when it is used at once, and not after its time', async () => {
      let now = 1_000;
      const tokens = new JoinTokens(database, () => now);
      const { id, token } = await tokens.create({ owner: 'ann', uses: 2, ttlMs: 1_000, caHash: randomBytes(32).toString('base64url') });
      expect(await tokens.check(token)).toEqual({ id, owner: 'ann' });
      await expect(tokens.check(token.replace(/\.[^.]+\./, `.${randomBytes(32).toString('base64url')}.`))).rejects.toMatchObject({ code: 401, reason: 'Unauthorized' });
      const uses = await Promise.allSettled([tokens.use(id), tokens.use(id), tokens.use(id)]);
      expect(uses.map((each) => each.status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
      await expect(tokens.use(id)).rejects.toMatchObject({ code: 401, reason: 'UsedUp' });
      now = 2_000;
      await expect(tokens.check(token)).rejects.toMatchObject({ code: 401, reason: 'Expired' });
    });

    test('elements are counted once, and known to the next process', async () => {
      const catalog = (): ElementCatalog => new ElementCatalog({ tables: database, blobs: NO_BLOBS, maxElementBytes: 100, maxTotalBytes: 150 });
      const digest = (n: number): string => `sha256:${String(n).repeat(64)}`;
      async function* content(size: number): AsyncGenerator<Buffer> {
        yield Buffer.alloc(size);
      }
      const first = catalog();
      await first.start();
      const both = await Promise.all([first.put(digest(1), content(40), 40, 100), first.put(digest(1), content(40), 40, 100)]);
      expect(both.map((each) => each.known).sort()).toEqual([false, true]);
      await first.put(digest(2), content(30), undefined, 100);
      expect(first.totalBytes).toBe(70);
      const next = catalog();
      await next.start();
      expect(next.totalBytes).toBe(70);
      expect([...(await next.sizes([digest(1), digest(3), digest(2)]))].sort()).toEqual([[digest(1), 40], [digest(2), 30]]);
      await expect(next.put(digest(4), content(90), 90, 100)).rejects.toMatchObject({ code: 507 });
    });

    test('an access token is known to the next process until it is revoked', async () => {
      const tokens = await TokenStore.open(database);
      const { token, info } = await tokens.create({ subject: 'alice', groups: ['lab'] });
      expect((await TokenStore.open(database)).identify(token)).toEqual({ user: 'alice', groups: ['lab', 'system:authenticated'] });
      expect(await tokens.revoke(info.id)).toBe(true);
      expect((await TokenStore.open(database)).identify(token)).toBeUndefined();
    });
  });
}
