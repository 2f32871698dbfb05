/**
 * Many watches and the writer that feeds them, in one process, so that one clock says how long a change took from its request to each
 * watcher. What it writes holds `"at":"<milliseconds>;"`, and so does what it reads.
 */
import { connect, type TLSSocket } from 'node:tls';
import { type Endpoint, HttpConnection } from '../harness/http-connection';
import { percentile } from '../harness/stats';
import { serve } from '../harness/worker';

export interface OpenArgs {
  endpoint: Endpoint;
  path: string;
  count: number;
}

export interface ChangeArgs {
  endpoint: Endpoint;
  method: string;
  path: string;
  contentType: string;
  /** `{at}` is replaced by the time. */
  body: string;
  changes: number;
  connections: number;
  /** Absent: one after the other on each connection, as fast as they are answered. */
  perSecond?: number;
}

export interface ChangeResult {
  /** From the first request until every watcher has every change. */
  seconds: number;
  p50: number;
  p99: number;
  max: number;
}

const OPEN_AT_ONCE = 50;
const MARK = '"at":"';
/** A change's mark and time are shorter. */
const LONGEST_MARK = 40;

let sockets: TLSSocket[] = [];
const state: { broken?: Error } = {};
let samples: number[] = [];
let awaited = Infinity;
let arrived: () => void = () => undefined;

function receive(socket: TLSSocket): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const now = performance.now();
    const text = rest + chunk.toString('latin1');
    let from = 0;
    for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, from)) {
      const end = text.indexOf(';', at);
      if (end < 0) break;
      samples.push(now - Number(text.slice(at + MARK.length, end)));
      from = end;
    }
    rest = text.slice(Math.max(from, text.length - LONGEST_MARK));
    if (text.includes('"type":"ERROR"')) socket.destroy(new Error(`a watch was ended: ${text.slice(0, 300)}`));
    if (samples.length >= awaited) arrived();
  };
}

function open({ endpoint, path }: OpenArgs): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: endpoint.host, port: endpoint.port, ca: endpoint.ca, servername: 'localhost', checkServerIdentity: () => undefined });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const auth = endpoint.token === undefined ? '' : `authorization: Bearer ${endpoint.token}\r\n`;
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${endpoint.host}\r\n${auth}accept: application/json\r\n\r\n`);
    });
    socket.once('data', (head: Buffer) => {
      if (!head.toString('latin1').startsWith('HTTP/1.1 200')) return reject(new Error(head.toString('latin1').slice(0, 300)));
      socket.off('error', reject);
      socket.on('data', receive(socket));
      const lost = (error?: Error): void => {
        state.broken ??= error ?? new Error('a watch was ended by the server');
        arrived();
      };
      socket.on('error', lost);
      socket.on('close', () => lost());
      resolve(socket);
    });
  });
}

async function change(args: ChangeArgs): Promise<ChangeResult> {
  samples = [];
  awaited = args.changes * sockets.length;
  const done = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const connections = await Promise.all(Array.from({ length: args.connections }, () => HttpConnection.open(args.endpoint)));
  const start = performance.now();
  try {
    let next = 0;
    const pump = async (connection: HttpConnection): Promise<void> => {
      while (next < args.changes && !state.broken) {
        const number = next++;
        const due = args.perSecond === undefined ? 0 : start + (number * 1000) / args.perSecond - performance.now();
        if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
        const body = args.body.replace('{at}', performance.now().toFixed(3));
        const reply = await connection.request(args.method, args.path.replace('{n}', String(number % 100)), body, args.contentType);
        if (reply.status >= 300) throw new Error(`${args.method} ${args.path}: ${reply.status} ${reply.body.slice(0, 300)}`);
      }
    };
    await Promise.all(connections.map(pump));
    await done;
    if (state.broken) throw state.broken;
    return { seconds: (performance.now() - start) / 1000, p50: percentile(samples, 0.5), p99: percentile(samples, 0.99), max: percentile(samples, 1) };
  } finally {
    awaited = Infinity;
    for (const connection of connections) connection.close();
  }
}

export const watcherOperations = {
  open: async (args: OpenArgs): Promise<void> => {
    while (sockets.length < args.count) {
      sockets.push(...(await Promise.all(Array.from({ length: Math.min(OPEN_AT_ONCE, args.count - sockets.length) }, () => open(args)))));
    }
  },
  change,
  close: (): Promise<void> => {
    for (const socket of sockets.splice(0)) socket.removeAllListeners().destroy();
    sockets = [];
    return Promise.resolve();
  },
};

export type WatcherOperations = typeof watcherOperations;

serve(watcherOperations);
