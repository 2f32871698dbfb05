/** Lists grow old by the time that passes, not only by the changes; watches do not. */
import { setTimeout as pause } from 'node:timers/promises';

import { Collector, map, MAPS } from '../conformance/support';
import type { StoreError } from '../store';
import { StoreFolder } from './test-support';

let folder: StoreFolder;
afterEach(() => folder.remove());

const INTERVAL_MS = 300;

/** Asks until it is refused; what came before that is what was asked for. */
async function refusal(ask: () => Promise<unknown>): Promise<StoreError> {
  for (;;) {
    const outcome = await ask().catch((error: unknown) => error);
    if (outcome instanceof Error) return outcome as StoreError;
    await pause(10);
  }
}

test('a page of a list from before the last mark is Expired, and its token goes on at another revision, although nobody wrote', async () => {
  folder = await StoreFolder.open({ compactionIntervalMs: INTERVAL_MS });
  const { store } = folder;
  for (const name of ['a', 'b', 'c']) await store.create(MAPS, map(name));
  const first = await store.list(MAPS, { limit: 1 });
  const started = Date.now();
  const refused = await refusal(() => store.list(MAPS, { limit: 1, continue: first.continue }));
  expect(Date.now() - started).toBeGreaterThan(INTERVAL_MS / 2);
  expect(refused).toMatchObject({ reason: 'Expired' });
  const second = await store.list(MAPS, { limit: 1, continue: refused.details.continue });
  const third = await store.list(MAPS, { limit: 1, continue: second.continue });
  expect([second, third].map(({ items }) => items[0].metadata.name)).toEqual(['b', 'c']);
  expect(Number(second.resourceVersion)).toBeGreaterThan(Number(first.resourceVersion));
  expect(third.resourceVersion).toBe(second.resourceVersion);
  await expect(store.list(MAPS, { resourceVersion: first.resourceVersion })).rejects.toMatchObject({ reason: 'Expired', message: 'The resourceVersion for the provided list is too old.' });
});

test('the newest revision is always shown, and watches resume from before the mark', async () => {
  folder = await StoreFolder.open({ compactionIntervalMs: 20 });
  const { store } = folder;
  const { resourceVersion } = await store.list(MAPS);
  await store.create(MAPS, map('a'));
  await refusal(() => store.list(MAPS, { resourceVersion }));
  const { items } = await store.list(MAPS, { resourceVersion: store.revision });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['a']);
  const seen = new Collector().start(store, MAPS, { resourceVersion });
  expect(await seen.take(1)).toEqual(['ADDED a']);
});

test('after a restart marks are written on, and the revision does not go back', async () => {
  folder = await StoreFolder.open({ compactionIntervalMs: 20 });
  await folder.store.create(MAPS, map('a'));
  for (let opened = 0; opened < 2; opened++) {
    const { resourceVersion } = await folder.store.list(MAPS);
    await refusal(() => folder.store.list(MAPS, { resourceVersion }));
    const before = Number(folder.store.revision);
    await folder.reopen({ compactionIntervalMs: 20 });
    expect(Number(folder.store.revision)).toBeGreaterThanOrEqual(before);
  }
});
