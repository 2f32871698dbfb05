/**
 * The port that agents and users connect to, on every replica: connections are handed to this replica's own server while it leads, and
 * passed on byte by byte to the leader otherwise. TLS goes through, so whoever connects talks to the leader itself.
 *
 * Without a leader, or with one that cannot be reached, a connection is closed at once: agents and clients try again by themselves. When
 * the leader changes, connections that were passed on to the old one are cut: a machine that is gone does not say so. Bounded by
 * `maxForwarded` connections; a side that does not read makes the other wait, not this process grow.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Where connections go: this process itself, another replica's address, or nowhere. */
export type Leader = { here: true } | { here: false; host: string; port: number } | undefined;

export interface FrontDoorOptions {
  /** Takes a raw connection, as a TLS server does. */
  serve: (socket: Socket) => void;
  maxForwarded?: number;
  connectMs?: number;
  onRefused?: (why: string) => void;
}

export class FrontDoor {
  private readonly server: Server;
  private leader: Leader;
  private readonly forwarded = new Set<Socket>();
  private readonly maxForwarded: number;

  constructor(private readonly options: FrontDoorOptions) {
    this.maxForwarded = options.maxForwarded ?? 20_000;
    this.server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 }, (socket) => this.accept(socket));
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

  /** Connections that are passed on right now. */
  get forwarding(): number {
    return this.forwarded.size;
  }

  lead(leader: Leader): void {
    if (sameLeader(this.leader, leader)) return;
    this.leader = leader;
    this.cut();
  }

  /** Takes no more connections, and ends those that it passes on. */
  async stop(): Promise<void> {
    this.leader = undefined;
    const closed = new Promise<void>((resolve) => { this.server.close(() => resolve()); });
    this.cut();
    // Those that were handed over are their server's to close.
    await Promise.race([closed, new Promise((resolve) => { setImmediate(resolve); })]);
  }

  private accept(socket: Socket): void {
    const { leader } = this;
    if (leader === undefined) this.refuse(socket, 'there is no leader');
    else if (leader.here) {
      socket.allowHalfOpen = false;
      this.options.serve(socket);
    } else if (this.forwarded.size >= this.maxForwarded) this.refuse(socket, `${this.maxForwarded} connections are passed on already`);
    else this.forward(socket, leader.host, leader.port);
  }

  private refuse(socket: Socket, why: string): void {
    socket.on('error', () => undefined);
    socket.resetAndDestroy();
    this.options.onRefused?.(why);
  }

  private forward(socket: Socket, host: string, port: number): void {
    const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 });
    const timer = setTimeout(() => upstream.destroy(new Error('the leader does not answer')), this.options.connectMs ?? 2000);
    this.forwarded.add(socket);
    socket.once('close', () => {
      clearTimeout(timer);
      this.forwarded.delete(socket);
      upstream.destroy();
    });
    socket.on('error', () => socket.destroy());
    upstream.on('error', (error) => {
      this.options.onRefused?.(error.message);
      socket.resetAndDestroy();
    });
    upstream.once('close', () => socket.destroy());
    upstream.once('connect', () => {
      clearTimeout(timer);
      socket.pipe(upstream);
      upstream.pipe(socket);
    });
  }

  private cut(): void {
    for (const socket of this.forwarded) socket.destroy();
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
