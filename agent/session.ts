/**
 * The agent's end of the link: connects, greets, resumes, sends what the outbox holds, applies what comes.
 *
 * ```
 *  stopped ──start──► connecting ──open──► greeting ──welcome──► online
 *                         ▲                   │                    │
 *                         └──── waiting ◄─────┴──── closed ◄───────┘
 *                                  └── refused again and again ──► refused (for good)
 * ```
 * Waiting: exponential with full jitter, at most 30 s. Refused: the certificate is not (or no longer) good, which no waiting cures.
 * A frame is acknowledged once everything in it is durable here; a repeated frame is dropped and acknowledged again.
 */
import { WebSocket, type RawData } from 'ws';
import { CLOSE, type ControlMessage, type Frame, type Hello, type LinkSettings, type Welcome } from '../crds/agent-link';
import { Inbox } from './inbox';
import type { Item, Outbox } from './outbox';
import { messageOf, retryAfter } from './refusal';

export type LinkState = 'stopped' | 'connecting' | 'greeting' | 'online' | 'waiting' | 'refused';

export interface SessionEvents {
  /** The messages of one frame, in order, but welcome, settings and error. What it returns resolves when they are durable. */
  apply(messages: ControlMessage[]): void | Promise<void>;
  /** `resumed` false: the control plane knows nothing of what was said before. Comes before any other message. */
  welcomed(resumed: boolean): void;
  delivered(items: readonly Item[]): void;
  /** The control plane closes whenever it gets this: it is given up. */
  dropped(item: Item): void;
  settings(settings: LinkSettings): void;
  changed(state: LinkState): void;
  /** Trying on makes no sense. Nothing is tried afterwards. */
  refused(why: string): void;
}

export interface SessionLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

export interface SessionOptions {
  /** Opens a socket with what is known of certificates now. */
  dial: () => WebSocket;
  /** May look at the engine; called for every connection. */
  hello: () => Promise<Omit<Hello, 'type' | 'session' | 'lastSeq'>>;
  outbox: Outbox;
  events: SessionEvents;
  log: SessionLog;
  random?: () => number;
  now?: () => number;
}

const HEARTBEAT = '{"messages":[{"type":"heartbeat"}]}';
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 30_000;
/** A connection that lasted so long begins the waiting anew. */
const GOOD_MS = 5000;
const MAX_REFUSALS = 3;
/** Closed so often for a breach of the protocol, without an acknowledgement between: something in the outbox is the reason. */
const MAX_BREACHES = 3;
/** Without any sign of life from the other end: asked after so long, given up after three times that. */
const SILENCE_MS = 10_000;
const WELCOME_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 2000;

export class Session {
  state: LinkState = 'stopped';
  settings: LinkSettings = { heartbeatMs: 1000, lostAfterMs: 3000, progressIntervalMs: 1000 };
  private socket: WebSocket | undefined;
  private id: string | undefined;
  private inbox = new Inbox();
  private ackOwed = false;
  private unreliable: string[] = [];
  private flushing = false;
  private beat: NodeJS.Timeout | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private refusals = 0;
  private breaches = 0;
  private replacing = false;
  private onlineSince: number | undefined;
  private lastHeard = 0;
  private sentSinceBeat = false;
  private why = '';
  private readonly now: () => number;
  private readonly random: () => number;

  constructor(private readonly options: SessionOptions) {
    this.now = options.now ?? (() => performance.now());
    this.random = options.random ?? Math.random;
  }

  start(): void {
    if (this.state === 'stopped') void this.connect();
  }

  /** Says goodbye. What is not acknowledged stays in the outbox. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    const { socket } = this;
    this.become('stopped');
    this.forget();
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else socket.close(1000, 'the agent stops');
    });
  }

  /** With a new certificate: cuts and resumes. */
  reconnect(): void {
    if (this.state !== 'online') return;
    this.replacing = true;
    this.socket?.close(1000, 'reconnecting');
  }

  /** Cuts the connection without a word, as a broken network would. */
  sever(): void {
    this.socket?.terminate();
  }

  /** There is something in the outbox: it leaves at the end of this turn. */
  wake(): void {
    if (this.flushing || this.state !== 'online') return;
    this.flushing = true;
    setImmediate(() => this.flush());
  }

  /** A message that may be lost with the connection, as JSON. */
  sendUnreliable(text: string): void {
    if (this.state !== 'online') return;
    this.unreliable.push(text);
    this.wake();
  }

  private async connect(): Promise<void> {
    this.become('connecting');
    let hello: Awaited<ReturnType<SessionOptions['hello']>>;
    try {
      hello = await this.options.hello();
    } catch (error) {
      this.lost((error as Error).message);
      return;
    }
    if (this.state !== 'connecting') return;
    let socket: WebSocket;
    try {
      socket = this.options.dial();
    } catch (error) {
      this.lost((error as Error).message);
      return;
    }
    this.socket = socket;
    let retryAfterMs = 0;
    socket.on('open', () => {
      if (this.socket !== socket) return;
      this.lastHeard = this.now();
      this.become('greeting');
      const message: Hello = { type: 'hello', ...hello, ...(this.id === undefined ? {} : { session: this.id }), lastSeq: this.inbox.durable };
      socket.send(JSON.stringify({ messages: [message] }));
      this.timer = setTimeout(() => socket.terminate(), WELCOME_TIMEOUT_MS);
    });
    socket.on('message', (data) => {
      if (this.socket === socket) this.receive(data);
    });
    socket.on('pong', () => { this.lastHeard = this.now(); });
    socket.on('unexpected-response', (req, res) => {
      retryAfterMs = retryAfter(res);
      void messageOf(res).then((message) => {
        this.why = `HTTP ${res.statusCode}: ${message}`;
        if (this.socket === socket && (res.statusCode === 401 || res.statusCode === 403)) this.refusals += 1;
        req.destroy();
        socket.terminate();
      });
    });
    socket.on('error', (error) => { this.why ||= error.message; });
    socket.on('close', (code, reason) => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      if (code === CLOSE.unauthorized) this.refusals += 1;
      this.lost(this.why || `closed with ${code}${reason.length > 0 ? `: ${String(reason)}` : ''}`, code, retryAfterMs);
    });
  }

  private receive(data: RawData): void {
    this.lastHeard = this.now();
    let frame: Frame<ControlMessage>;
    try {
      frame = JSON.parse(String(data)) as Frame<ControlMessage>;
    } catch {
      this.breach('a frame is not JSON');
      return;
    }
    if (!Array.isArray(frame.messages)) {
      this.breach('a frame without messages');
      return;
    }
    const { seq, ack } = frame;
    if (this.state === 'greeting') {
      const [welcome] = frame.messages;
      if (welcome?.type === 'welcome') this.welcome(welcome);
      else for (const message of frame.messages) if (message.type === 'error') this.note(message.code, message.message);
      return;
    }
    if (ack !== undefined && !this.acknowledged(ack)) return;
    if (seq === undefined) {
      this.apply(frame.messages, () => undefined);
      return;
    }
    const { inbox } = this;
    const verdict = inbox.receive(seq);
    if (verdict === 'gap') this.breach(`frame ${seq} came, ${inbox.applied + 1} was expected`);
    else if (verdict === 'repeat') this.owesAck();
    else {
      this.apply(frame.messages, () => {
        // What becomes durable for a session that is over needs no ack.
        if (inbox.completed(seq) && inbox === this.inbox) this.owesAck();
      });
    }
  }

  private welcome({ session, resumed, lastSeq, settings }: Welcome): void {
    const { outbox, events, log } = this.options;
    clearTimeout(this.timer);
    if (resumed) {
      if (!this.acknowledged(lastSeq)) return;
    } else {
      this.id = session;
      this.inbox = new Inbox();
      outbox.restart();
    }
    this.refusals = 0;
    this.why = '';
    this.onlineSince = this.now();
    this.settings = settings;
    events.settings(settings);
    this.become('online');
    log.info({ resumed, unacknowledged: outbox.size }, 'connected to the control plane');
    this.beat = setInterval(() => this.heartbeat(), settings.heartbeatMs);
    events.welcomed(resumed);
    for (const frame of resumed ? outbox.replay() : []) this.socket?.send(frame);
    this.owesAck();
  }

  private apply(messages: ControlMessage[], done: () => void): void {
    const rest: ControlMessage[] = [];
    for (const message of messages) {
      if (message.type === 'settings') this.adopt(message.settings);
      else if (message.type === 'error') this.note(message.code, message.message);
      else if (message.type !== 'welcome') rest.push(message);
    }
    const durable = rest.length === 0 ? undefined : this.options.events.apply(rest);
    if (durable) void durable.then(done);
    else done();
  }

  private adopt(settings: LinkSettings): void {
    this.settings = settings;
    clearInterval(this.beat);
    this.beat = setInterval(() => this.heartbeat(), settings.heartbeatMs);
    this.options.events.settings(settings);
  }

  private acknowledged(ack: number): boolean {
    const delivered = this.options.outbox.acknowledged(ack);
    if (!delivered) {
      this.breach(`frame ${ack} is acknowledged and was never sent`);
      return false;
    }
    if (delivered.length > 0) {
      this.breaches = 0;
      this.options.events.delivered(delivered);
      this.wake();
    }
    return true;
  }

  private owesAck(): void {
    this.ackOwed = true;
    this.wake();
  }

  private flush(): void {
    this.flushing = false;
    const { socket } = this;
    if (!socket || this.state !== 'online') return;
    const ack = this.ackOwed ? this.inbox.durable : undefined;
    const frames = this.options.outbox.flush(ack);
    if (this.unreliable.length > 0 || (frames.length === 0 && ack !== undefined)) {
      frames.push(`{${ack === undefined ? '' : `"ack":${ack},`}"messages":[${this.unreliable.join(',')}]}`);
    }
    this.ackOwed = false;
    this.unreliable = [];
    if (frames.length > 0) this.sentSinceBeat = true;
    for (const frame of frames) socket.send(frame);
  }

  private heartbeat(): void {
    const { socket } = this;
    if (!socket || this.state !== 'online') return;
    if (!this.sentSinceBeat) socket.send(HEARTBEAT);
    this.sentSinceBeat = false;
    const silence = this.now() - this.lastHeard;
    if (silence > 3 * SILENCE_MS) {
      this.why = `nothing was heard for ${Math.round(silence / 1000)} s`;
      socket.terminate();
    } else if (silence > SILENCE_MS) socket.ping();
  }

  /** The control plane says why it is going to close. */
  private note(code: string, message: string): void {
    this.why = `${code}: ${message}`;
  }

  /** The other end breaks the protocol: a new session begins, everything is said anew. */
  private breach(why: string): void {
    this.why = why;
    this.id = undefined;
    this.socket?.close(CLOSE.protocol, why.slice(0, 120));
    setTimeout((socket: WebSocket | undefined) => socket?.terminate(), CLOSE_TIMEOUT_MS, this.socket).unref();
  }

  private lost(why: string, code = 1006, retryAfterMs = 0): void {
    const { log, events } = this.options;
    this.forget();
    if (this.state === 'stopped' || this.state === 'refused') return;
    this.why = '';
    if (this.refusals >= MAX_REFUSALS) {
      this.become('refused');
      events.refused(why);
      return;
    }
    // What was sent is not understood there: a new session, and not at once.
    if (code === CLOSE.protocol) this.disagreed();
    const planned = this.replacing;
    this.replacing = false;
    if (this.onlineSince !== undefined && this.now() - this.onlineSince >= GOOD_MS && code !== CLOSE.protocol) this.failures = 0;
    this.onlineSince = undefined;
    const cap = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(this.failures, 20));
    // Another process with this key, or a control plane that is leaving: no race.
    const least = code === CLOSE.replaced || code === CLOSE.drain ? MAX_WAIT_MS / 6 : retryAfterMs;
    const waitMs = planned ? 0 : least + Math.ceil(this.random() * cap);
    this.failures += 1;
    if (!planned) log.warn({ why, code, waitMs, failures: this.failures }, 'no connection to the control plane; trying again');
    this.become('waiting');
    this.timer = setTimeout(() => void this.connect(), waitMs);
  }

  private disagreed(): void {
    const { outbox, events } = this.options;
    this.id = undefined;
    this.breaches += 1;
    if (this.breaches < MAX_BREACHES) return;
    const dropped = outbox.refused();
    if (dropped) events.dropped(dropped);
  }

  private forget(): void {
    clearInterval(this.beat);
    clearTimeout(this.timer);
    this.socket = undefined;
    this.unreliable = [];
  }

  private become(state: LinkState): void {
    if (this.state === state) return;
    this.state = state;
    this.options.events.changed(state);
  }
}
