import { describeObjectStore } from '../conformance';
import { StoreFolder } from './test-support';

describeObjectStore('SQLite', async () => {
  const folder = await StoreFolder.open();
  return { store: folder.store, cleanup: () => folder.remove() };
});
