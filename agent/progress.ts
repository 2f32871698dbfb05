/** `attempt` reports, coalesced: at most one per attempt and interval, the newest one; one timer for all attempts. */
import type { AttemptReport } from '../crds/agent-link';

export class Progress {
  private readonly waiting = new Map<string, AttemptReport>();
  private readonly sentAt = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  intervalMs = 1000;

  /** @param roomy false while the link is behind: reports wait then, and only the newest of an attempt goes out */
  constructor(
    private readonly send: (key: string, report: AttemptReport) => void,
    private readonly roomy: () => boolean,
    private readonly now: () => number = () => performance.now(),
  ) {}

  report(key: string, report: AttemptReport): void {
    const last = this.sentAt.get(key);
    if (this.roomy() && (last === undefined || this.now() - last >= this.intervalMs)) {
      this.waiting.delete(key);
      this.out(key, report);
      return;
    }
    // What an older report said and a newer one does not say again still holds.
    this.waiting.set(key, { ...this.waiting.get(key), ...report });
    this.timer ??= setTimeout(() => this.due(), Math.max(10, this.intervalMs / 2));
  }

  /** The attempt ended: its reports say nothing any more. */
  forget(key: string): void {
    this.waiting.delete(key);
    this.sentAt.delete(key);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private due(): void {
    this.timer = undefined;
    const now = this.now();
    if (this.roomy()) {
      for (const [key, report] of this.waiting) {
        if (now - (this.sentAt.get(key) ?? -Infinity) < this.intervalMs) continue;
        this.waiting.delete(key);
        this.out(key, report);
      }
    }
    if (this.waiting.size > 0) this.timer = setTimeout(() => this.due(), Math.max(10, this.intervalMs / 2));
  }

  private out(key: string, report: AttemptReport): void {
    this.sentAt.set(key, this.now());
    this.send(key, report);
  }
}
