/** Time and waiting as arguments, so that tests decide when something is due. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once, `ms` from now, and does not keep the process alive for it. Returns how to call it off. */
  after(ms: number, callback: () => void): () => void;
}

/** The longest delay that Node's timers keep; a longer one fires early and is set again by whoever waits. */
export const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: Date.now,
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
