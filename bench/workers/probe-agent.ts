/**
 * The least that is an agent: joins, says hello, accepts every offer, and reports every attempt as completed at once. It notes when
 * `start` arrives, so that nothing of a real agent is in the measured time.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { cryptoProvider, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { WebSocket } from 'ws';
import { type AgentMessage, type ControlMessage, type Frame, LINK_PATH, type StartTask } from '../../crds/agent-link';
import { type Endpoint, HttpConnection } from '../harness/http-connection';

interface Identity {
  cert: string;
  key: string;
  ca: string;
}

const USAGE = { cpuMicros: 1000, memoryMibSeconds: 0, wallMillis: 1, ioBytes: 0, egressBytes: 0 };
const TOTAL = { cpu: 64, memoryBytes: 256 * 1024 ** 3, scratchBytes: 1024 ** 4, slots: 64 };
const ASK = '0.0001';

async function join(endpoint: Endpoint, token: string): Promise<Identity> {
  cryptoProvider.set(webcrypto as Crypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const request = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=agent', keys, signingAlgorithm: algorithm });
  const connection = await HttpConnection.open({ host: endpoint.host, port: endpoint.port, ca: endpoint.ca });
  try {
    const reply = await connection.request('POST', '/join', JSON.stringify({ csr: request.toString('pem'), token }));
    if (reply.status !== 201) throw new Error(`POST /join: ${reply.status} ${reply.body.slice(0, 500)}`);
    const { certificate, ca } = JSON.parse(reply.body) as { certificate: string; ca: string };
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    return { cert: certificate, ca, key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)!.join('\n')}\n-----END PRIVATE KEY-----\n` };
  } finally {
    connection.close();
  }
}

export class ProbeAgent {
  private seq = 0;
  private received = 0;
  private timer: NodeJS.Timeout | undefined;
  onStart: (tasks: StartTask[]) => void = () => undefined;

  private constructor(
    private readonly socket: WebSocket,
    private readonly images: string[],
  ) {}

  /** Resolves when the control plane has said welcome and knows what the agent offers. */
  static async connect(endpoint: Endpoint, token: string, images: string[]): Promise<ProbeAgent> {
    const identity = await join(endpoint, token);
    const socket = new WebSocket(`wss://${endpoint.host}:${endpoint.port}${LINK_PATH}`, identity);
    const agent = new ProbeAgent(socket, images);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => agent.hello());
      socket.on('close', (code, reason) => reject(new Error(`link closed: ${code} ${reason.toString()}`)));
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString('utf8')) as Frame<ControlMessage>;
        if (frame.seq !== undefined) agent.received = frame.seq;
        const answers: AgentMessage[] = [];
        for (const message of frame.messages) {
          if (message.type === 'welcome') agent.welcome(message.settings.heartbeatMs, resolve);
          else answers.push(...agent.answer(message));
        }
        if (answers.length > 0) agent.say(answers);
        else if (frame.seq !== undefined) agent.post({ messages: [] });
      });
    });
    return agent;
  }

  close(): void {
    clearInterval(this.timer);
    this.socket.terminate();
  }

  private hello(): void {
    const { platform, arch } = process;
    this.post({ messages: [{ type: 'hello', version: 'bench', lastSeq: 0, os: platform, arch: arch === 'x64' ? 'amd64' : arch, total: TOTAL, images: this.images, running: [] }] });
  }

  private welcome(heartbeatMs: number, done: () => void): void {
    this.timer = setInterval(() => this.post({ messages: [{ type: 'heartbeat' }] }), heartbeatMs);
    this.say([{ type: 'capacity', total: TOTAL, ask: { cpuHour: ASK }, draining: false }]);
    done();
  }

  private answer(message: ControlMessage): AgentMessage[] {
    if (message.type === 'offers') return message.offers.map(({ offer, leases }) => ({ type: 'accept', offer, leases }));
    if (message.type !== 'start') return [];
    this.onStart(message.tasks);
    return message.tasks.map(({ lease, epoch }) => ({ type: 'finished', lease, epoch, reason: 'Completed', exitCode: 0, usage: USAGE, result: { files: [] } }));
  }

  /** A reliable frame. */
  private say(messages: AgentMessage[]): void {
    this.seq += 1;
    this.post({ seq: this.seq, messages });
  }

  /** Every frame acknowledges what was received before it. */
  private post(frame: Frame<AgentMessage>): void {
    this.socket.send(JSON.stringify(this.received === 0 || frame.messages[0]?.type === 'heartbeat' ? frame : { ...frame, ack: this.received }));
  }
}
