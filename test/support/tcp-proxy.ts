/** A TCP proxy on loopback: cuts connections, or lets none through, as a broken network does. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class TcpProxy {
  /** Connections that were let through so far. */
  accepted = 0;
  private readonly sockets = new Set<Socket>();
  private isOpen = true;

  private constructor(private readonly server: Server, private readonly target: number) {}

  static async start(target: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, target);
    server.on('connection', (socket) => proxy.accept(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Breaks every connection that is on. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Nobody gets through until `open`. */
  block(): void {
    this.isOpen = false;
    this.cut();
  }

  open(): void {
    this.isOpen = true;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    if (!this.isOpen) {
      socket.destroy();
      return;
    }
    this.accepted += 1;
    const upstream = connect(this.target, '127.0.0.1');
    for (const [from, to] of [[socket, upstream], [upstream, socket]] as const) {
      this.sockets.add(from);
      from.on('error', () => from.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
