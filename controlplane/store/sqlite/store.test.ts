import { describeObjectStore } from '../conformance';
import { StoreFolder } from './test-support';

describeObjectStore('SQLite', async () => {
  const folder = await StoreFolder.open();
  return { store: folder.store, cleanup: () => folder.remove() };
});

describeObjectStore('SQLite, only the newest change held in memory', async () => {
  const folder = await StoreFolder.open({ maxHeldChanges: 1 });
  return { store: folder.store, cleanup: () => folder.remove() };
});

describeObjectStore('SQLite, what is past read change by change', async () => {
  const folder = await StoreFolder.open({ maxHeldChanges: 1, maxResumeBytes: 1 });
  return { store: folder.store, cleanup: () => folder.remove() };
});
