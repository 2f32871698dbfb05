/**
 * Counts finished Jobs through a watch, as a client would. When the server ends the watch (410: too slow), the Jobs are listed and
 * the watch goes on from there.
 */
import { type Endpoint, HttpConnection } from '../harness/http-connection';

const PAGE = 500;

export class JobWatch {
  private readonly seen = new Set<string>();
  private before: ReadonlySet<string> = new Set();
  private failed = 0;
  private closed = false;
  private stream: HttpConnection | undefined;
  private rest = '';
  private wanted = Number.POSITIVE_INFINITY;
  private done: (() => void) | undefined;
  private broken: ((error: Error) => void) | undefined;

  private constructor(
    private readonly endpoint: Endpoint,
    private readonly path: string,
  ) {}

  static async open(endpoint: Endpoint, path: string): Promise<JobWatch> {
    const watch = new JobWatch(endpoint, path);
    const version = await watch.list();
    // What was there before does not count.
    watch.failed = 0;
    watch.before = new Set(watch.seen);
    watch.seen.clear();
    void watch.follow(version);
    return watch;
  }

  /** @returns how many of them did not end Complete */
  untilFinished(count: number): Promise<number> {
    this.wanted = count;
    return new Promise((resolve, reject) => {
      this.done = () => resolve(this.failed);
      this.broken = reject;
      this.check();
    });
  }

  close(): void {
    this.closed = true;
    this.stream?.close();
  }

  private async follow(first: string): Promise<void> {
    let version = first;
    while (!this.closed) {
      try {
        this.stream = await HttpConnection.open(this.endpoint);
        this.rest = '';
        await this.stream.stream(`${this.path}?watch=1&resourceVersion=${version}`, (text) => this.receive(text));
      } catch {
        // Cut: the list below says where to go on.
      }
      this.stream?.close();
      if (this.closed) return;
      try {
        version = await this.list();
      } catch (error) {
        this.broken?.(error instanceof Error ? error : new Error(String(error)));
        return;
      }
    }
  }

  /** @returns the resourceVersion to watch from */
  private async list(): Promise<string> {
    const connection = await HttpConnection.open(this.endpoint);
    try {
      let token = '';
      for (;;) {
        const reply = await connection.request('GET', `${this.path}?limit=${PAGE}${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`);
        if (reply.status !== 200) throw new Error(`GET ${this.path}: ${reply.status} ${reply.body.slice(0, 500)}`);
        const page = JSON.parse(reply.body) as {
          metadata: { resourceVersion: string; continue?: string };
          items: { metadata: { name: string }; status?: { phase?: string } }[];
        };
        for (const item of page.items) {
          const phase = item.status?.phase;
          if (phase === 'Complete' || phase === 'Failed') this.note(item.metadata.name, phase);
        }
        token = page.metadata.continue ?? '';
        if (token === '') return page.metadata.resourceVersion;
      }
    } finally {
      connection.close();
    }
  }

  private receive(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      // Searching instead of parsing: this process shares the machine with the server.
      const phase = line.includes('"phase":"Complete"') ? 'Complete' : line.includes('"phase":"Failed"') ? 'Failed' : undefined;
      if (phase === undefined) continue;
      const name = /"metadata":\{[^}]*?"name":"([^"]+)"/.exec(line)?.[1];
      if (name !== undefined) this.note(name, phase);
    }
  }

  private note(name: string, phase: 'Complete' | 'Failed'): void {
    if (this.seen.has(name) || this.before.has(name)) return;
    this.seen.add(name);
    if (phase === 'Failed') this.failed += 1;
    this.check();
  }

  private check(): void {
    if (this.seen.size >= this.wanted) this.done?.();
  }
}
