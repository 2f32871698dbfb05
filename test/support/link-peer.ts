/** The agent's end of the link, as a test tells it: identity, socket, frames. */
import { createHash, webcrypto } from 'node:crypto';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { WebSocket } from 'ws';
import type { AgentMessage, ControlMessage, Finished, Frame, Hello, Start, StartTask, Welcome } from '../../crds/agent-link';
import type { Usage } from '../../crds/task';

export const IMAGE = `sha256:${'1'.repeat(64)}`;
export const usage = (cpuMicros = 0, wallMillis = 0): Usage => ({ cpuMicros, wallMillis, memoryMibSeconds: 0, ioBytes: 0, egressBytes: 0 });

export class PeerIdentity {
  certificate = '';
  private constructor(readonly id: string, readonly key: string, readonly csr: string) {}

  static async make(): Promise<PeerIdentity> {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
    const csr = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=agent', keys, signingAlgorithm: algorithm });
    const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey as webcrypto.CryptoKey), 'PRIVATE KEY');
    const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey as webcrypto.CryptoKey);
    return new PeerIdentity(createHash('sha256').update(Buffer.from(spki)).digest('hex'), key, csr.toString('pem'));
  }

  get tls(): { key: string; cert: string } {
    return { key: this.key, cert: this.certificate };
  }
}

export interface Started {
  start: Start;
  task: StartTask;
}

/** Speaks the agent's side of the link as the test tells it. */
export class Peer {
  readonly received: ControlMessage[] = [];
  frames: Frame<ControlMessage>[] = [];
  session?: string;
  closed?: { code: number; reason: string };
  lastAck = 0;
  lastSeq = 0;
  seq = 0;
  private socket?: WebSocket;

  constructor(private readonly world: { readonly port: number; readonly ca: { readonly caCertificate: string } }, readonly identity: PeerIdentity) {}

  async connect(hello: Partial<Hello> = {}): Promise<Welcome> {
    await this.open();
    this.raw({ messages: [{ ...this.helloMessage(), ...hello }] });
    const from = this.received.length;
    const welcome = (await this.next('welcome', from)) as Welcome;
    if (!welcome.resumed) {
      this.seq = 0;
      this.lastSeq = 0;
    }
    this.session = welcome.session;
    const { socket } = this;
    const beat = setInterval(() => socket?.send('{"messages":[{"type":"heartbeat"}]}'), 50);
    socket?.once('close', () => clearInterval(beat));
    return welcome;
  }

  helloMessage(): Hello {
    return {
      type: 'hello', version: '0.1.0', os: 'linux', arch: 'amd64', lastSeq: this.lastSeq, images: [IMAGE], running: [],
      total: { cpu: 8, memoryBytes: 2 ** 33, scratchBytes: 2 ** 33, slots: 8 }, ...(this.session === undefined ? {} : { session: this.session }),
    };
  }

  /** Only the socket, without hello. */
  async open(): Promise<void> {
    this.closed = undefined;
    const socket = new WebSocket(`wss://127.0.0.1:${this.world.port}/link`, { ca: this.world.ca.caCertificate, ...this.identity.tls });
    this.socket = socket;
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame<ControlMessage>;
      this.frames.push(frame);
      if (frame.ack !== undefined) this.lastAck = frame.ack;
      if (frame.seq !== undefined && frame.seq <= this.lastSeq) return;
      if (frame.seq !== undefined) this.lastSeq = frame.seq;
      this.received.push(...frame.messages);
    });
    socket.on('close', (code, reason) => {
      if (this.socket === socket) this.closed = { code, reason: String(reason) };
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_req, res) => reject(new Error(`HTTP ${res.statusCode}`)));
    });
    socket.on('error', () => undefined);
  }

  raw(frame: unknown): void {
    this.socket?.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** One reliable frame; returns its number. */
  send(...messages: AgentMessage[]): number {
    this.seq += 1;
    this.raw({ seq: this.seq, ack: this.lastSeq, messages });
    return this.seq;
  }

  capacity(slots: number, cpuHour = '0'): void {
    this.raw({ messages: [{ type: 'capacity', total: { cpu: slots, memoryBytes: 2 ** 33, scratchBytes: 2 ** 33, slots }, ask: { cpuHour }, draining: false }] });
  }

  cut(): Promise<void> {
    const { socket } = this;
    return new Promise((resolve) => {
      if (!socket || socket.readyState === WebSocket.CLOSED) resolve();
      else {
        socket.once('close', () => resolve());
        socket.terminate();
      }
    });
  }

  /** The next message of a type that came at or after position `from`. */
  next<T extends ControlMessage['type']>(type: T, from = 0): Promise<Extract<ControlMessage, { type: T }>> {
    return eventually(
      async () => this.received.slice(from).find((each): each is Extract<ControlMessage, { type: T }> => each.type === type),
      `a message ${type}`);
  }

  acked(seq: number): Promise<true> {
    return eventually(async () => (this.lastAck >= seq ? true : undefined), `ack ${seq}`);
  }

  closing(): Promise<{ code: number; reason: string }> {
    return eventually(async () => this.closed, 'the connection is closed');
  }

  /** Accepts everything that is offered until `count` attempts are told to start. */
  async work(count: number): Promise<[Started, ...Started[]]> {
    const answered = new Set<string>();
    return eventually(async () => {
      for (const message of this.received) {
        if (message.type !== 'offers') continue;
        for (const { offer, leases } of message.offers) {
          if (answered.has(offer)) continue;
          answered.add(offer);
          this.send({ type: 'accept', offer, leases });
        }
      }
      const started = this.started();
      return started.length >= count ? (started as [Started, ...Started[]]) : undefined;
    }, `${count} starts`);
  }

  started(): Started[] {
    return this.received.flatMap((message) => (message.type === 'start' ? message.tasks.map((task) => ({ start: message, task })) : []));
  }

  finished(task: StartTask, more: Partial<Finished> = {}): Finished {
    return { type: 'finished', lease: task.lease, epoch: task.epoch, reason: 'Completed', exitCode: 0, usage: usage(1000, 10), result: { inline: `{"index":${task.index}}`, files: [] }, ...more };
  }
}

/** Asks again until there is an answer. */
export async function eventually<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`waited in vain for ${what}`);
}
