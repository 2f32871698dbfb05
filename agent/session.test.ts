/** The session against a WebSocket server on loopback that behaves as the test says. */
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { CLOSE, type AgentMessage, type ControlMessage, type Frame, type Hello } from '../crds/agent-link';
import { type Item, Outbox } from './outbox';
import { type LinkState, Session } from './session';

const SETTINGS = { heartbeatMs: 20, lostAfterMs: 1000, progressIntervalMs: 100 };
const finished = (n: number): Item => ({ kind: 'finished', key: `k${n}`, text: `{"type":"finished","n":${n}}` });

class Plane {
  readonly hellos: Hello[] = [];
  readonly frames: Frame<AgentMessage>[] = [];
  /** Answers instead of letting the socket in. */
  status: number | undefined;
  resumes = true;
  onFrame: (frame: Frame<AgentMessage>, socket: WebSocket) => void = () => undefined;
  socket: WebSocket | undefined;
  refused = 0;
  private readonly sockets = new WebSocketServer({ noServer: true });

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Plane> {
    const server = createServer();
    const plane = new Plane(server);
    server.on('upgrade', (req, socket, head) => {
      if (plane.status !== undefined) {
        plane.refused += 1;
        socket.end(`HTTP/1.1 ${plane.status} No\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"message":"go away"}`);
      } else plane.sockets.handleUpgrade(req, socket, head, (ws) => plane.accept(ws));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return plane;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  send(frame: Partial<Frame<ControlMessage>>): void {
    this.socket?.send(JSON.stringify({ messages: [], ...frame }));
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: WebSocket): void {
    this.socket = socket;
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame<AgentMessage>;
      const [first] = frame.messages;
      if (first?.type === 'hello') {
        this.hellos.push(first);
        const resumed = this.resumes && first.session !== undefined;
        socket.send(JSON.stringify({ messages: [{ type: 'welcome', session: 's', resumed, lastSeq: 0, settings: SETTINGS }] }));
        return;
      }
      this.frames.push(frame);
      this.onFrame(frame, socket);
    });
  }
}

describe('a session', () => {
  let plane: Plane;
  let session: Session;
  let outbox: Outbox;
  let applied: ControlMessage[];
  let delivered: string[];
  let dropped: string[];
  let states: LinkState[];
  let refusals: string[];
  let welcomes: boolean[];
  let durable: Promise<void> | undefined;

  beforeEach(async () => {
    plane = await Plane.start();
    outbox = new Outbox();
    [applied, delivered, dropped, states, refusals, welcomes, durable] = [[], [], [], [], [], [], undefined];
    session = new Session({
      dial: () => new WebSocket(plane.url), outbox, random: () => 0,
      hello: async () => ({ version: '1', os: 'linux', arch: 'amd64', total: { cpu: 1, memoryBytes: 1, scratchBytes: 1, slots: 1 }, images: [], running: [] }),
      log: { info: () => undefined, warn: () => undefined },
      events: {
        apply: (messages) => { applied.push(...messages); return durable; },
        welcomed: (resumed) => { welcomes.push(resumed); },
        delivered: (items) => { delivered.push(...items.map(({ key }) => key)); },
        dropped: ({ key }) => { dropped.push(key); },
        settings: () => undefined,
        changed: (state) => { states.push(state); },
        refused: (why) => { refusals.push(why); },
      },
    });
  });
  afterEach(async () => {
    await session.stop();
    await plane.stop();
  });

  const until = async (condition: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 2000 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(condition()).toBe(true);
  };
  const push = (...numbers: number[]): void => {
    for (const n of numbers) outbox.push(finished(n));
    session.wake();
  };

  it('greets, sends what is pushed in a turn as one frame, beats when it has nothing to say', async () => {
    session.start();
    await until(() => session.state === 'online');
    push(1, 2, 3);
    await until(() => plane.frames.some(({ seq }) => seq === 1));
    expect(plane.frames.find(({ seq }) => seq === 1)?.messages).toHaveLength(3);
    await until(() => plane.frames.filter(({ messages }) => messages[0]?.type === 'heartbeat').length > 2);
    expect(states).toEqual(['connecting', 'greeting', 'online']);
  });

  it('acknowledges a frame when it is durable, and a repeated one without applying it again', async () => {
    session.start();
    await until(() => session.state === 'online');
    let written: () => void = () => undefined;
    durable = new Promise((resolve) => { written = resolve; });
    const withdraw: ControlMessage = { type: 'withdraw', offer: 'o' };
    plane.frames.length = 0;
    plane.send({ seq: 1, messages: [withdraw] });
    await until(() => applied.length === 1 && plane.frames.length > 2);
    expect(plane.frames.some(({ ack }) => ack === 1)).toBe(false);
    written();
    await until(() => plane.frames.some(({ ack }) => ack === 1));
    plane.frames.length = 0;
    plane.send({ seq: 1, messages: [withdraw] });
    await until(() => plane.frames.some(({ ack }) => ack === 1));
    expect(applied).toEqual([withdraw]);
  });

  it('resumes: says what it has, sends again what is not acknowledged', async () => {
    session.start();
    await until(() => session.state === 'online');
    push(1);
    plane.send({ seq: 1, messages: [{ type: 'withdraw', offer: 'o' }] });
    await until(() => plane.frames.some(({ ack }) => ack === 1) && plane.frames.some(({ seq }) => seq === 1));
    plane.frames.length = 0;
    plane.socket?.terminate();
    await until(() => plane.frames.some(({ seq }) => seq === 1));
    expect([welcomes, plane.hellos[1]]).toMatchObject([[false, true], { session: 's', lastSeq: 1 }]);
    plane.send({ ack: 1 });
    await until(() => delivered.length === 1);
  });

  it('begins anew when the other end breaks the protocol', async () => {
    session.start();
    await until(() => session.state === 'online');
    plane.send({ seq: 5, messages: [{ type: 'withdraw', offer: 'o' }] });
    await until(() => plane.hellos.length === 2);
    expect([plane.hellos[1]?.session, applied]).toEqual([undefined, []]);
  });

  it('stops trying when it is refused again and again, and says why', async () => {
    plane.status = 403;
    session.start();
    await until(() => session.state === 'refused');
    expect([refusals, plane.refused]).toEqual([['HTTP 403: go away'], 3]);
  });

  it('waits for a control plane that is overloaded or away', async () => {
    plane.status = 503;
    session.start();
    await until(() => plane.refused > 4);
    plane.status = undefined;
    await until(() => session.state === 'online');
    expect(refusals).toEqual([]);
  });

  it('gives up the one message that is never taken, and delivers all others', async () => {
    plane.resumes = false;
    plane.onFrame = ({ seq, messages }, socket) => {
      if (seq === undefined) return;
      if (messages.some((message) => (message as unknown as { n: number }).n === 2)) socket.close(CLOSE.protocol, 'BadFrame');
      else socket.send(JSON.stringify({ ack: seq, messages: [] }));
    };
    push(1, 2, 3);
    session.start();
    await until(() => delivered.length === 2 && dropped.length === 1);
    expect([delivered, dropped]).toEqual([['k1', 'k3'], ['k2']]);
  });
});
