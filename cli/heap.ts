/**
 * How far the server's heap may grow before it is collected. By default V8 lets a small heap grow to several times of what is alive, which
 * is a server of 300 MiB for 70 MiB of objects. While the heap is small, it is collected more often instead, which costs a write about a
 * tenth more CPU. A heap that is large because much is alive grows as V8 would have it: collecting it takes long.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const GROWING_PERCENT = 40;
const SMALL_BYTES = 192 * 1024 * 1024;
const LOOK_MS = 5000;

/** Looks now and then, as long as the process lives. */
export function keepSmallHeapSmall(): void {
  let set: number | undefined;
  const look = (): void => {
    // 0: V8's own.
    const percent = getHeapStatistics().used_heap_size < SMALL_BYTES ? GROWING_PERCENT : 0;
    if (percent !== set) setFlagsFromString(`--heap-growing-percent=${percent}`);
    set = percent;
  };
  look();
  setInterval(look, LOOK_MS).unref();
}
