/**
 * The port that agents and users connect to, on every replica: connections are handed to this replica's own server while it leads, and
 * passed on byte by byte to the leader otherwise. TLS goes through, so whoever connects talks to the leader itself.
 *
 * ```
 *  accepted ──no leader, or it cannot be reached──► waiting ──holdMs──► reset
 *      │                                               │ a leader is known
 *      └──► handed over, or passed on ◄────────────────┘
 * ```
 * While one leader follows another, connections wait a little instead of being refused: an agent is back the moment there is a leader, and
 * not after the pause that its own failures have grown to. When the leader changes, connections that were passed on to the old one are
 * cut: a machine that is gone does not say so. At most `maxForwarded` connections are passed on or wait; a side that does not read makes
 * the other wait, not this process grow.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Where connections go: this process itself, another replica's address, or nowhere. */
export type Leader = { here: true } | { here: false; host: string; port: number } | undefined;

export interface FrontDoorOptions {
  /** Takes a raw connection, as a TLS server does. */
  serve: (socket: Socket) => void;
  maxForwarded?: number;
  connectMs?: number;
  /** How long a connection waits for a leader. */
  holdMs?: number;
  /** A leader that could not be reached is tried again after so long. */
  retryMs?: number;
  onRefused?: (why: string) => void;
}

/** A connection that is not handed over: where it is now. */
interface Passing {
  upstream?: Socket;
  connected: boolean;
  until: number;
  retry?: NodeJS.Timeout;
  why: string;
  /** Takes our listeners off. */
  release: () => void;
}

export class FrontDoor {
  private readonly server: Server;
  private leader: Leader;
  private readonly passing = new Map<Socket, Passing>();
  private readonly options: Required<Omit<FrontDoorOptions, 'onRefused'>> & Pick<FrontDoorOptions, 'onRefused'>;
  private stopped = false;

  constructor(options: FrontDoorOptions) {
    this.options = { maxForwarded: 20_000, connectMs: 1000, holdMs: 6000, retryMs: 200, ...options };
    // Nothing is read before it is known who reads it.
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 }, (socket) => this.accept(socket));
  }

  /** Resolves with the port. @throws the system's error */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Connections that are passed on or wait right now. */
  get forwarding(): number {
    return this.passing.size;
  }

  lead(leader: Leader): void {
    if (sameLeader(this.leader, leader)) return;
    this.leader = leader;
    for (const [socket, passing] of this.passing) {
      if (passing.connected) socket.destroy();
      else this.place(socket, passing);
    }
  }

  /** Takes no more connections, and ends those that it passes on. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.leader = undefined;
    const closed = new Promise<void>((resolve) => { this.server.close(() => resolve()); });
    for (const socket of this.passing.keys()) socket.destroy();
    // Those that were handed over are their server's to close.
    await Promise.race([closed, new Promise((resolve) => { setImmediate(resolve); })]);
  }

  private accept(socket: Socket): void {
    if (this.leader?.here) this.handOver(socket);
    else if (this.stopped || this.passing.size >= this.options.maxForwarded) {
      socket.on('error', () => undefined);
      this.refuse(socket, `${this.options.maxForwarded} connections are passed on already`);
    } else {
      const broken = (): void => { socket.destroy(); };
      const closed = (): void => {
        clearTimeout(passing.retry);
        this.passing.delete(socket);
        passing.upstream?.destroy();
      };
      const release = (): void => void socket.off('error', broken).off('close', closed);
      const passing: Passing = { connected: false, until: Date.now() + this.options.holdMs, why: 'there is no leader', release };
      this.passing.set(socket, passing);
      socket.on('error', broken).once('close', closed);
      this.place(socket, passing);
    }
  }

  private handOver(socket: Socket): void {
    socket.allowHalfOpen = false;
    this.options.serve(socket);
    socket.resume();
  }

  private refuse(socket: Socket, why: string): void {
    socket.resetAndDestroy();
    this.options.onRefused?.(why);
  }

  /** To the leader, if there is one; else it waits for `lead`, or for its time to be over. */
  private place(socket: Socket, passing: Passing): void {
    clearTimeout(passing.retry);
    passing.upstream?.destroy();
    passing.upstream = undefined;
    if (Date.now() >= passing.until) this.refuse(socket, passing.why);
    else if (this.leader?.here) {
      this.passing.delete(socket);
      passing.release();
      this.handOver(socket);
    } else if (this.leader) this.forward(socket, passing, this.leader.host, this.leader.port);
    else passing.retry = setTimeout(() => this.refuse(socket, passing.why), passing.until - Date.now());
  }

  private forward(socket: Socket, passing: Passing, host: string, port: number): void {
    const { connectMs, retryMs } = this.options;
    const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 });
    passing.upstream = upstream;
    const timer = setTimeout(() => upstream.destroy(new Error('the leader does not answer')), connectMs);
    upstream.once('connect', () => {
      clearTimeout(timer);
      passing.connected = true;
      socket.pipe(upstream);
      upstream.pipe(socket);
    });
    upstream.on('error', (error) => { passing.why = error.message; });
    upstream.once('close', () => {
      clearTimeout(timer);
      if (passing.connected) socket.destroy();
      else if (passing.upstream === upstream) {
        passing.upstream = undefined;
        passing.retry = setTimeout(() => this.place(socket, passing), retryMs);
      }
    });
  }
}

function sameLeader(a: Leader, b: Leader): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.here || b.here) return a.here === b.here;
  return a.host === b.host && a.port === b.port;
}

/** `10.0.0.7:7644` or `[fd00::7]:7644`; undefined: it is none. */
export function parseAddress(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
