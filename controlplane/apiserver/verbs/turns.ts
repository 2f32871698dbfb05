/** Large bodies are worked on in several turns of the event loop: whoever else asks something meanwhile is answered in between. */
import { setImmediate } from 'node:timers/promises';

/** Smaller ones are done sooner than it would be noticed. */
export const LARGE_BYTES = 128 * 1024;

/** Resolves when what had come in until now was looked at. */
export async function letOthersIn(): Promise<void> {
  // The first comes right after what was read from the sockets already, the second after they were read again.
  await setImmediate();
  await setImmediate();
}
