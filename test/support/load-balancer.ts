/** What a Service of a cluster does: one address before several servers; a connection goes to the first that takes it, in turn. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class LoadBalancer {
  targets: number[] = [];
  private turn = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** `host`: an address of this machine. */
  static async start(host = '127.0.0.1', port = 0): Promise<LoadBalancer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const balancer = new LoadBalancer(server);
    server.on('connection', (socket) => balancer.place(socket, balancer.targets.length));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return balancer;
  }

  get url(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `https://${address}:${port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => { this.server.close(resolve); });
  }

  private place(socket: Socket, tries: number): void {
    const target = this.targets[this.turn++ % Math.max(1, this.targets.length)];
    if (tries <= 0 || target === undefined) {
      socket.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const upstream = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    let connected = false;
    upstream.once('connect', () => {
      connected = true;
      for (const [from, to] of [[socket, upstream], [upstream, socket]] as const) {
        this.sockets.add(from);
        from.once('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
      socket.on('error', () => socket.destroy());
    });
    upstream.on('error', () => {
      upstream.destroy();
      if (!connected) this.place(socket, tries - 1);
    });
  }
}
