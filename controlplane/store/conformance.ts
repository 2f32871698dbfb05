/**
 * What every ObjectStore must do, as a jest suite. Call it from the test of an implementation:
 *
 * ```ts
 * describeObjectStore('SQLite', async () => ({ store, cleanup: async () => … }));
 * ```
 * It uses ConfigMaps (no status subresource) and Jobs (with one) of the namespaces `lab-a` and `lab-b`, which must exist and be empty.
 */
import { describeLists } from './conformance/lists';
import type { OpenStore } from './conformance/support';
import { describeWatches } from './conformance/watches';
import { describeWrites } from './conformance/writes';

export type { OpenStore, StoreUnderTest } from './conformance/support';

export function describeObjectStore(name: string, open: OpenStore): void {
  describe(`ObjectStore: ${name}`, () => {
    describeWrites(open);
    describeLists(open);
    describeWatches(open);
  });
}
