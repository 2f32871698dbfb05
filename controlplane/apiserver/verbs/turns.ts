/** Large bodies and objects are worked on in several turns of the event loop: whoever else asks something meanwhile is answered in between. */
import { setImmediate } from 'node:timers/promises';

import type { Steps } from '../apply/steps';

/** Smaller ones are done sooner than it would be noticed. */
export const LARGE_BYTES = 128 * 1024;
/** Steps are taken one after the other in a turn for so long. */
const TURN_MS = 5;

/** Resolves when what had come in until now was looked at. */
export async function letOthersIn(): Promise<void> {
  // The first comes right after what was read from the sockets already, the second after they were read again.
  await setImmediate();
  await setImmediate();
}

/** @param now milliseconds that never go back */
export async function inTurns<T>(steps: Steps<T>, now: () => number = () => performance.now()): Promise<T> {
  let began = now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (now() - began < TURN_MS) continue;
    await letOthersIn();
    began = now();
  }
}

/** What a value counts for besides its text. */
const VALUE_BYTES = 8;

/** Whether `value`, as JSON, has more than about so many bytes. No more of it is looked at than is needed to know. */
export function isLarge(value: unknown, bytes = LARGE_BYTES): boolean {
  return left(value, bytes) < 0;
}

/** What `value` leaves of so many bytes; negative: it needs more. */
function left(value: unknown, bytes: number): number {
  let rest = bytes - VALUE_BYTES;
  if (typeof value === 'string') return rest - value.length;
  if (typeof value !== 'object' || value === null) return rest;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && rest >= 0; at++) rest = left(value[at], rest);
    return rest;
  }
  // Not Object.entries, which would make a list of all.
  for (const key in value) {
    if (rest < 0) return rest;
    rest = left((value as Readonly<Record<string, unknown>>)[key], rest - key.length);
  }
  return rest;
}
