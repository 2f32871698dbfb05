/**
 * One agent's session: the numbering of both directions, and the socket while there is one.
 *
 * ```
 *  (new) ──attach──► connected ──socket closes──► waiting ──attach (resume)──► connected
 *                        └────────── end ◄───────────┘  lost, replaced by a new session, revoked
 * ```
 * A session survives its socket for `lostAfterMs`; what is sent meanwhile waits in the outbox.
 */
import { randomUUID } from 'node:crypto';
import { CLOSE, MAX_UNACKED_FRAMES, type AgentMessage, type LinkError } from '../../../crds/agent-link';
import { Inbox } from './inbox';
import type { Heard } from './lost-wheel';
import { Outbox, type OutboxLimits } from './outbox';
import { ProtocolError } from './protocol-error';
import type { AgentFrame } from './validate';

/** The part of a WebSocket that a session needs. */
export interface LinkSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface SessionEvents {
  /**
   * Applies the messages of one frame. What it returns resolves when everything that they ask for is durable.
   * @throws ProtocolError when the agent may not say that
   */
  apply(session: Session, messages: AgentMessage[]): void | Promise<void>;
  /** Applying failed (disk full, …): the session is cut, so that the agent sends again. */
  failed(session: Session, error: unknown): void;
  /** The socket was given up, for whatever reason; the session may wait for another. */
  detached(session: Session): void;
  /** The link is congested, or is not any more. */
  congested(session: Session, congested: boolean): void;
  frameSent?(): void;
}

export interface SessionLimits extends OutboxLimits {
  /** Bytes that may wait in the socket. */
  socketBytes: number;
}

/** How long a socket has to close by itself before it is cut. */
const CLOSE_GRACE_MS = 2000;

export class Session implements Heard {
  readonly id = randomUUID();
  lastHeard: number;
  socket?: LinkSocket;
  ended = false;
  private readonly inbox = new Inbox(() => this.owesAck());
  private readonly outbox: Outbox;
  private ackOwed = false;
  private flushing = false;
  private wasCongested = false;

  constructor(readonly agentId: string, now: number, private readonly events: SessionEvents, private readonly limits: SessionLimits) {
    this.lastHeard = now;
    this.outbox = new Outbox(limits);
  }

  get connected(): boolean {
    return this.socket !== undefined;
  }

  /** Last reliable frame of the agent that is durable. */
  get durableSeq(): number {
    return this.inbox.durable;
  }

  /**
   * Takes over a new connection, and the older one is closed.
   * @param welcome goes out first
   * @param lastSeq the last of our frames that the agent has applied
   */
  attach(socket: LinkSocket, welcome: string, lastSeq: number): void {
    this.detach(CLOSE.replaced, 'another connection of this agent took over');
    if (!this.outbox.acknowledged(lastSeq)) throw new ProtocolError('BadSequence', `hello.lastSeq: ${lastSeq} was never sent in this session`);
    this.inbox.reconnected();
    this.socket = socket;
    socket.send(`{"messages":[${welcome}]}`);
    for (const frame of this.outbox.replay()) socket.send(frame);
    this.owesAck();
  }

  /** Gives the socket up, and closes it when there is a code; the session waits for the next. */
  detach(code?: number, reason = ''): void {
    const { socket } = this;
    if (!socket) return;
    this.socket = undefined;
    if (code !== undefined) closeSocket(socket, code, reason);
    this.events.detached(this);
  }

  /** For good. */
  end(code: number, reason: string): void {
    this.ended = true;
    this.detach(code, reason);
  }

  /** A reliable message, as JSON text. */
  send(message: string): void {
    if (this.ended) return;
    if (!this.outbox.pushReliable(message)) {
      this.end(CLOSE.slow, `${this.outbox.unacked} frames are not acknowledged: connect again`);
      return;
    }
    this.scheduleFlush();
  }

  /** A message that may be lost. */
  sendUnreliable(message: string): void {
    if (!this.socket) return;
    this.outbox.pushUnreliable(message);
    this.scheduleFlush();
  }

  /** @throws ProtocolError */
  receive(frame: AgentFrame): void {
    if (frame.ack !== undefined) {
      if (!this.outbox.acknowledged(frame.ack)) throw new ProtocolError('BadSequence', `ack: ${frame.ack} was never sent in this session`);
      this.reportCongestion();
    }
    if (frame.messages.some((message) => message.type === 'hello')) throw new ProtocolError('BadFrame', 'hello: only the first message of a connection');
    const { seq } = frame;
    if (seq === undefined) {
      this.run(frame.messages, () => undefined);
      return;
    }
    const verdict = this.inbox.receive(seq);
    if (verdict === 'gap') throw new ProtocolError('BadSequence', `seq: ${seq} came, ${this.inbox.applied + 1} was expected`);
    if (verdict === 'repeat') {
      this.owesAck();
      return;
    }
    if (this.inbox.inFlight > MAX_UNACKED_FRAMES) throw new ProtocolError('TooManyFrames', `seq: more than ${MAX_UNACKED_FRAMES} frames are not acknowledged yet: wait for ack`);
    this.run(frame.messages, () => this.inbox.completed(seq));
  }

  /** Sends what is queued now. */
  flush(): void {
    this.flushing = false;
    const { socket } = this;
    if (this.ended) return;
    if (!socket) {
      this.outbox.keep();
      return;
    }
    const frames = this.outbox.flush(this.ackOwed ? this.inbox.durable : undefined);
    this.ackOwed = false;
    for (const frame of frames) {
      socket.send(frame);
      this.events.frameSent?.();
    }
    if (socket.bufferedAmount > this.limits.socketBytes) this.end(CLOSE.slow, `${socket.bufferedAmount} bytes wait to be read: connect again`);
    this.reportCongestion();
  }

  private run(messages: AgentMessage[], done: () => void): void {
    if (messages.length === 0) {
      done();
      return;
    }
    const applied = this.events.apply(this, messages);
    if (!applied) done();
    else applied.then(done, (error: unknown) => this.events.failed(this, error));
  }

  private owesAck(): void {
    this.ackOwed = true;
    this.scheduleFlush();
  }

  private scheduleFlush(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => this.flush());
  }

  private reportCongestion(): void {
    const { congested } = this.outbox;
    if (congested === this.wasCongested) return;
    this.wasCongested = congested;
    this.events.congested(this, congested);
  }
}

/** Says why, then closes. */
export function refuse(socket: LinkSocket, error: ProtocolError): void {
  const message: LinkError = { type: 'error', code: error.code, message: error.message };
  socket.send(JSON.stringify({ messages: [message] }));
  closeSocket(socket, error.close, error.code);
}

function closeSocket(socket: LinkSocket, code: number, reason: string): void {
  socket.close(code, reason.slice(0, 120));
  setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
}
