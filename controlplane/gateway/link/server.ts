/**
 * The WebSocket end of the link. TLS asks for the client certificate and verifies it; here it must be valid, and the agent that it names
 * must exist. What the certificate says is all that an agent is believed to be: its id is the hash of its public key.
 */
import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { CLOSE, MAX_FRAME_BYTES, type Hello } from '../../../crds/agent-link';
import type { Complaints } from './complaints';
import { peerAgentId } from './peer';
import { ProtocolError } from './protocol-error';
import { refuse, type Session } from './session';
import { parseFrame } from './validate';

export interface LinkServerOptions {
  /** Whether there is such an agent (a deleted one is revoked). */
  known: (agentId: string) => boolean;
  /** The session that this hello opens or resumes, attached to the socket. @throws ProtocolError */
  open: (agentId: string, hello: Hello, socket: WebSocket) => Session;
  heartbeat: (session: Session) => void;
  frame: (session: Session) => void;
  /** A connection or a frame was refused, for this code. */
  refused: (code: string) => void;
  complaints: Complaints;
  helloTimeoutMs?: number;
  maxConnections?: number;
}

/** What an agent sends when nothing happens; recognised without parsing. */
const HEARTBEAT = Buffer.from('{"messages":[{"type":"heartbeat"}]}');
const HELLO_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 50_000;

export class LinkServer {
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    // Only large frames: compressing the others costs more than it saves.
    perMessageDeflate: { threshold: 64 * 1024, concurrencyLimit: 4, clientNoContextTakeover: true, serverNoContextTakeover: true, zlibDeflateOptions: { level: 1 } },
  });
  private server?: Server;
  private readonly onUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer): void => this.upgrade(req, socket, head);

  constructor(private readonly options: LinkServerOptions) {}

  get connections(): number {
    return this.sockets.clients.size;
  }

  /** Takes the server's upgrade requests, all of which are for the link (upgrade.ts). */
  attach(server: Server): void {
    this.server = server;
    server.on('upgrade', this.onUpgrade);
  }

  /** Closes every connection. */
  stop(): void {
    this.server?.off('upgrade', this.onUpgrade);
    for (const socket of this.sockets.clients) socket.terminate();
    this.sockets.close();
  }

  private upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const peer = peerAgentId(req.socket as TLSSocket);
    if (peer.agentId === undefined) {
      this.options.refused('NoCertificate');
      this.options.complaints.say(`tls ${req.socket.remoteAddress}`, { address: req.socket.remoteAddress, why: peer.why }, 'agent link refused');
      reject(socket, 401, 'Unauthorized', `${peer.why}; join with a token to get a certificate`);
      return;
    }
    const { agentId } = peer;
    if (!this.options.known(agentId)) {
      this.options.refused('UnknownAgent');
      this.options.complaints.say(`unknown ${agentId}`, { agent: agentId }, 'agent link refused: no such agent');
      reject(socket, 403, 'Forbidden', `agent ${agentId} is not registered (any more); join with a new token`);
      return;
    }
    if (this.sockets.clients.size >= (this.options.maxConnections ?? MAX_CONNECTIONS)) {
      reject(socket, 503, 'Service Unavailable', 'too many agents are connected; try again later');
      return;
    }
    this.sockets.handleUpgrade(req, socket, head, (ws) => this.connected(agentId, ws));
  }

  private connected(agentId: string, ws: WebSocket): void {
    let session: Session | undefined;
    let refused = false;
    const fail = (error: unknown): void => {
      if (refused) return;
      refused = true;
      const known = error instanceof ProtocolError ? error : new ProtocolError('Internal', 'the control plane could not process this; connect again', 1011);
      this.options.refused(known.code);
      // Not by session: an agent may open as many as it likes.
      this.options.complaints.say(`${agentId} ${known.code}`, {
        agent: agentId, session: session?.id, code: known.code, ...(error instanceof ProtocolError ? { why: error.message } : { err: error }),
      }, 'agent link: frame refused');
      refuse(ws, known);
    };
    const timer = setTimeout(() => fail(new ProtocolError('NoHello', 'the first message has to be hello')), this.options.helloTimeoutMs ?? HELLO_TIMEOUT_MS);
    ws.on('message', (data: RawData, binary: boolean) => {
      if (refused) return;
      try {
        if (session && session.socket !== ws) return;
        const bytes = data as Buffer;
        if (session && bytes.length === HEARTBEAT.length && bytes.equals(HEARTBEAT)) {
          this.options.heartbeat(session);
          return;
        }
        if (binary) throw new ProtocolError('BadFrame', 'frame: binary messages are not known; send JSON text');
        const frame = parseFrame(bytes.toString('utf8'));
        if (session) {
          this.options.frame(session);
          session.receive(frame);
          return;
        }
        const [hello] = frame.messages;
        if (hello?.type !== 'hello' || frame.messages.length > 1 || frame.seq !== undefined) throw new ProtocolError('NoHello', 'the first frame has to be hello alone, without seq');
        clearTimeout(timer);
        session = this.options.open(agentId, hello, ws);
      } catch (error) {
        fail(error);
      }
    });
    // Too long frames, broken UTF-8 and the like: ws closes the connection by itself, with the right code.
    ws.on('error', (error) => {
      this.options.refused('Socket');
      this.options.complaints.say(`${agentId} socket`, { agent: agentId, session: session?.id, why: error.message }, 'agent link: connection failed');
    });
    ws.on('close', () => {
      clearTimeout(timer);
      if (session && session.socket === ws) session.detach();
    });
  }
}

/** What a revoked agent is told. */
export const REVOKED = { code: CLOSE.unauthorized, reason: 'the agent was removed by the operator' } as const;

function reject(socket: Duplex, code: number, status: string, message: string): void {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: status.replaceAll(' ', ''), code });
  socket.end(`HTTP/1.1 ${code} ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
