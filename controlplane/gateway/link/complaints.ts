/** Says each thing once: a misbehaving peer must not be able to fill the log. */

const MAX_KEYS = 10_000;

export class Complaints {
  private readonly said = new Map<string, number>();

  /** @param log receives what is to be written; secrets never are part of it */
  constructor(
    private readonly log: (fields: Record<string, unknown>, message: string) => void,
    private readonly now: () => number,
    private readonly everyMs = 60_000,
  ) {}

  /** Logs unless the same `key` was logged within `everyMs`. */
  say(key: string, fields: Record<string, unknown>, message: string): void {
    const last = this.said.get(key);
    const now = this.now();
    if (last !== undefined && now - last < this.everyMs) return;
    if (this.said.size >= MAX_KEYS) this.said.clear();
    this.said.set(key, now);
    this.log(fields, message);
  }
}
