/**
 * How far the server's heap may grow before it is collected. By default V8 lets a small heap grow to about four times of what is alive, which
 * is a server of 300 MiB for 70 MiB of objects. With this it is collected more often, while others wait for a fraction of a millisecond.
 */
import { setFlagsFromString } from 'node:v8';

const GROWING_PERCENT = 40;

/** Called once, before the server is loaded with objects. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
