/**
 * The Docker Engine, which may go away at any time (restart, upgrade, crash) and come back.
 *
 * ```
 *  down ──ping answers──► up ──a call cannot reach it──► down
 * ```
 * While it is down it is pinged with growing pauses; each way a change is told to the listeners.
 */
import Docker from 'dockerode';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
const PING_TIMEOUT_MS = 5000;
const CALL_TIMEOUT_MS = 120_000;

/** An answer of the engine with an HTTP status, as dockerode throws it. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** The engine's own words, without dockerode's prefix. */
export function reasonOf(error: unknown): string {
  const json = (error as { json?: { message?: unknown } } | undefined)?.json?.message;
  return (typeof json === 'string' ? json : error instanceof Error ? error.message : String(error)).slice(0, 500);
}

export interface EngineOptions {
  /** Path of the engine's Unix socket. */
  socket: string;
  delay?: (ms: number) => Promise<void>;
}

export class Engine {
  /** For calls that are answered soon. */
  readonly calls: Docker;
  /** For calls that last as long as a program runs. */
  readonly streams: Docker;
  private readonly pings: Docker;
  private readonly delay: (ms: number) => Promise<void>;
  private readonly listeners: ((up: boolean) => void)[] = [];
  private up = false;
  private closed = false;
  private connecting: Promise<void> | undefined;
  /** Rises at every loss: who noted it before a call can tell whether the engine was away meanwhile. */
  losses = 0;

  constructor(options: EngineOptions) {
    this.calls = new Docker({ socketPath: options.socket, timeout: CALL_TIMEOUT_MS });
    this.streams = new Docker({ socketPath: options.socket });
    this.pings = new Docker({ socketPath: options.socket, timeout: PING_TIMEOUT_MS });
    this.delay = options.delay ?? ((ms) => new Promise((resolve) => { setTimeout(resolve, ms).unref(); }));
  }

  get available(): boolean {
    return this.up;
  }

  /** `listener` runs before those who wait in `whenUp` go on. */
  onChange(listener: (up: boolean) => void): void {
    this.listeners.push(listener);
  }

  /** True when it answered at the first try; otherwise it is tried on and on in the background. */
  async start(): Promise<boolean> {
    const answers = await this.ping();
    if (answers) this.change(true);
    else void this.whenUp();
    return answers;
  }

  close(): void {
    this.closed = true;
  }

  /** Tells an engine that cannot be reached from one that answers with an error; the first is the begin of an outage. */
  isLost(error: unknown): boolean {
    if (statusOf(error) !== undefined) return false;
    this.lost();
    return true;
  }

  /** To be called by who sees a connection break. */
  lost(): void {
    this.losses += 1;
    if (!this.up) return;
    this.change(false);
    void this.whenUp();
  }

  /** Resolves when the engine answers (or this object is closed). */
  async whenUp(): Promise<void> {
    if (this.up || this.closed) return;
    this.connecting ??= this.connect().finally(() => { this.connecting = undefined; });
    await this.connecting;
  }

  private async connect(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.closed; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      if (await this.ping()) {
        this.change(true);
        return;
      }
      await this.delay(pauseMs);
    }
  }

  /** False also for an engine that is there and hangs. */
  private async ping(): Promise<boolean> {
    try {
      await this.pings.ping();
      return true;
    } catch {
      return false;
    }
  }

  private change(up: boolean): void {
    this.up = up;
    for (const listener of this.listeners) listener(up);
  }
}
