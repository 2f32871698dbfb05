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

/** Absolute paths, but those that a program knows itself. */
const QUOTED_HOST_PATH = /(['"`])\/(?!(?:task|bin|usr)\b)[^'"`]*\1/g;
const HOST_PATH = /(?<![\w./-])\/(?!(?:task|bin|usr)\b)[^\s'"`:,;()]+/g;

/**
 * The engine's own words, without dockerode's prefix. An issuer reads them, and learns nothing of where the agent keeps its things: such
 * a path names its owner.
 */
export function reasonOf(error: unknown): string {
  const json = (error as { json?: { message?: unknown } } | undefined)?.json?.message;
  const text = typeof json === 'string' ? json : error instanceof Error ? error.message : String(error);
  return text.slice(0, 2000).replace(QUOTED_HOST_PATH, '$1…$1').replace(HOST_PATH, '…').slice(0, 500);
}

/** The engine went away while something was waited for. */
class EngineLostError extends Error {
  constructor() {
    super('the container engine went away');
  }
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
  private events: (NodeJS.ReadableStream & { destroy?: () => void }) | undefined;
  /** Rises whenever the stream of events that is wanted is another one. */
  private watch = 0;
  private readonly waiting = new Set<(error: Error) => void>();
  private connecting: Promise<void> | undefined;
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
    if (answers) this.opened();
    else void this.whenUp();
    return answers;
  }

  close(): void {
    this.closed = true;
    this.dropEvents();
  }

  /** Tells an engine that cannot be reached from one that answers with an error; the first is the begin of an outage. */
  isLost(error: unknown): boolean {
    if (error instanceof EngineLostError) return true;
    if (statusOf(error) !== undefined) return false;
    this.lost();
    return true;
  }

  /** To be called by who sees a connection break. */
  lost(): void {
    if (!this.up) return;
    this.dropEvents();
    this.change(false);
    const error = new EngineLostError();
    for (const reject of this.waiting) reject(error);
    void this.whenUp();
  }

  /**
   * A long call, given up when the engine goes away: a client whose answer has begun is not told of a connection that breaks.
   * @throws Error that `isLost` knows
   */
  async untilLost<T>(call: Promise<T>): Promise<T> {
    let give: ((error: Error) => void) | undefined;
    const loss = new Promise<never>((_, reject) => {
      give = reject;
      this.waiting.add(reject);
      if (!this.up) reject(new EngineLostError());
    });
    try {
      return await Promise.race([call, loss]);
    } finally {
      if (give) this.waiting.delete(give);
      loss.catch(() => undefined);
    }
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
        this.opened();
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

  /** A stream of events that rarely come stays open as long as the engine lives: its end is noticed at once. There is one at most. */
  private opened(): void {
    this.dropEvents();
    const { watch } = this;
    this.change(true);
    this.streams.getEvents({ filters: { type: ['daemon'] } }).then((events: NonNullable<typeof this.events>) => {
      if (this.closed || this.watch !== watch) return void events.destroy?.();
      this.events = events;
      events.resume();
      for (const end of ['end', 'close', 'error']) {
        events.once(end, () => {
          if (this.watch === watch && !this.closed) this.lost();
        });
      }
    }, (error: unknown) => {
      if (this.watch === watch) this.isLost(error);
    });
  }

  private dropEvents(): void {
    this.watch++;
    const { events } = this;
    this.events = undefined;
    events?.once('error', () => undefined);
    events?.destroy?.();
  }

  private change(up: boolean): void {
    this.up = up;
    for (const listener of this.listeners) listener(up);
  }
}
