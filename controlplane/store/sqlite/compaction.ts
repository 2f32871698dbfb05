/**
 * Lists grow old: a revision that a list showed five to ten minutes ago is not shown any more, as behind a kube-apiserver, which compacts
 * etcd every five minutes. Watches are not concerned: they resume as far as the history goes back (there, the watch cache).
 *
 *   one tick: a mark is written, at revision R ──► the next: lists show nothing before R
 *
 * The mark is a write as any other (there, of the key `compact_rev_key`): the revision moves although nobody else writes, so that a list that
 * is made anew does not show the revision that has just expired.
 */
export class Compaction {
  private timer: NodeJS.Timeout | undefined;
  private last = 0;

  /**
   * @param mark writes the mark; its revision
   * @param compact told of the revision before which lists show nothing
   */
  constructor(
    private readonly mark: () => Promise<number>,
    private readonly compact: (revision: number) => void,
  ) {}

  start(intervalMs: number): void {
    this.timer ??= setInterval(() => void this.tick(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async tick(): Promise<void> {
    try {
      const revision = await this.mark();
      this.compact(this.last);
      this.last = revision;
    } catch {
      // The database takes no writes now, as everybody who writes is told: the next tick tries again.
    }
  }
}
