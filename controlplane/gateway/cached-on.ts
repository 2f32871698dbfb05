/** Runtime.status.cachedOn: how many connected agents hold the image. Counted at most once a second, written when it differs. */
import { RUNTIMES } from '../../crds/meta';
import type { Runtime } from '../../crds/runtime';
import type { Reflector } from '../controllers/runtime/reflector';
import type { Clock } from '../market/pending';
import type { ObjectStore, Operation } from '../store/store';
import type { GatewayLog } from './context';

export interface CachedOnOptions {
  store: ObjectStore;
  runtimes: Reflector<Runtime>;
  clock: Clock;
  log: GatewayLog;
  holders: (image: string) => number;
}

const DELAY_MS = 1000;

export class CachedOn {
  private cancel?: () => void;
  private stopped = false;

  constructor(private readonly options: CachedOnOptions) {}

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  changed(): void {
    if (this.stopped) return;
    this.cancel ??= this.options.clock.setTimer(() => {
      this.cancel = undefined;
      void this.write();
    }, DELAY_MS);
  }

  private async write(): Promise<void> {
    const { store, runtimes, holders, log } = this.options;
    const operations: Operation[] = [];
    for (const runtime of runtimes.values()) {
      const cachedOn = holders(runtime.spec.image);
      if (runtime.status?.cachedOn === cachedOn) continue;
      operations.push({ verb: 'updateStatus', resource: RUNTIMES, object: { ...runtime, status: { ...runtime.status, cachedOn } } as Runtime });
    }
    if (operations.length === 0) return;
    try {
      const outcomes = await store.batch(operations);
      if (outcomes.some((outcome) => !outcome.ok && outcome.error.reason === 'Conflict')) this.changed();
    } catch (error) {
      log.warn({ err: error }, 'runtimes\' status could not be written; it is tried again');
      this.changed();
    }
  }
}
