/**
 * When a Job will be done, from the rate at which it was lately worked on. Pure but for the samples it keeps (bounded).
 */
export const SAMPLE_MS = 1000;
export const MAX_SAMPLES = 60;
/** Nothing is said before so much was seen. */
const MIN_SPAN_MS = 2000;

export class Estimator {
  private samples: { at: number; work: number }[] = [];

  /** @param work Tasks done, parts of running ones included. Less than before starts anew. */
  observe(now: number, work: number): void {
    const last = this.samples.at(-1);
    if (last && work < last.work) this.samples = [];
    else if (last && now - last.at < SAMPLE_MS) return;
    this.samples.push({ at: now, work });
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
  }

  /** After a pause, what was before it says nothing. */
  reset(): void {
    this.samples = [];
  }

  /** Milliseconds since the epoch at which `remaining` Tasks will be done; undefined when there is nothing to go by. */
  finishAt(now: number, work: number, remaining: number): number | undefined {
    const first = this.samples[0];
    if (!first) return undefined;
    const span = now - first.at;
    const done = work - first.work;
    return span < MIN_SPAN_MS || done <= 0 ? undefined : now + (remaining * span) / done;
  }
}
