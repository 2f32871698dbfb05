/**
 * The floor of the lifecycle row: a bare task queue of SQLite and WebSockets, without objects, API, market or limits.
 *
 * What it does for a task, each step durable (`synchronous=FULL`, one commit per event-loop turn) before the next: POST writes the
 * task → offered to an agent, which accepts → the lease and its hold are written → start → the agent says finished → the result and
 * the settlement are written → the task's job is written as complete → acknowledged to the agent. Four durable writes a task, as the design has.
 *
 * Two processes: `server` (this one also takes the submits) and `agents` (the WebSockets); the load comes from the same load worker
 * as for ours. TLS on both sides, as ours has.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Database, { type Database as Db } from 'better-sqlite3';
import { WebSocket, WebSocketServer } from 'ws';
import { type KeyPair, selfSigned } from '../harness/certificate';
import { serve } from '../harness/worker';

interface Task {
  id: number;
  body: string;
}

type Down = { type: 'offers'; tasks: number[] } | { type: 'start'; tasks: Task[] } | { type: 'ack'; tasks: number[] };
type Up = { type: 'accept'; tasks: number[] } | { type: 'finished'; tasks: { id: number; cpuMicros: number; wallMillis: number }[] };

/** One durable commit per event-loop turn; what waits for it runs afterwards. */
class Turns {
  private steps: (() => void)[] = [];
  private after: (() => void)[] = [];

  constructor(private readonly db: Db) {}

  add(step: () => void, after: () => void): void {
    if (this.steps.length === 0) setImmediate(() => this.commit());
    this.steps.push(step);
    this.after.push(after);
  }

  private commit(): void {
    const { steps, after } = this;
    this.steps = [];
    this.after = [];
    this.db.exec('BEGIN IMMEDIATE');
    for (const step of steps) step();
    this.db.exec('COMMIT');
    for (const then of after) then();
  }
}

function openTables(file: string) {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(`CREATE TABLE change (revision INTEGER PRIMARY KEY, task INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE posting (id INTEGER PRIMARY KEY, task INTEGER NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL);`);
  return {
    db,
    change: db.prepare('INSERT INTO change (task, body) VALUES (?, ?)'),
    posting: db.prepare('INSERT INTO posting (task, kind, amount) VALUES (?, ?, ?)'),
  };
}

/** Sends what a turn produced for one socket as one frame per kind. */
class Outbox {
  private readonly waiting = new Map<WebSocket, { offers: number[]; start: Task[]; ack: number[] }>();

  to(socket: WebSocket): { offers: number[]; start: Task[]; ack: number[] } {
    if (this.waiting.size === 0) setImmediate(() => this.send());
    let box = this.waiting.get(socket);
    if (box === undefined) this.waiting.set(socket, (box = { offers: [], start: [], ack: [] }));
    return box;
  }

  private send(): void {
    for (const [socket, box] of this.waiting) {
      const put = (frame: Down): void => socket.send(JSON.stringify(frame));
      if (box.ack.length > 0) put({ type: 'ack', tasks: box.ack });
      if (box.start.length > 0) put({ type: 'start', tasks: box.start });
      if (box.offers.length > 0) put({ type: 'offers', tasks: box.offers });
    }
    this.waiting.clear();
  }
}

async function listen(file: string): Promise<{ port: number; ca: string }> {
  const pair: KeyPair = await selfSigned();
  const { db, change, posting } = openTables(file);
  const turns = new Turns(db);
  const outbox = new Outbox();
  const sockets: WebSocket[] = [];
  const bodies = new Map<number, string>();
  let nextId = 0;
  const state = (id: number, phase: string): string => `{"kind":"Task","id":${id},"phase":"${phase}","body":${bodies.get(id) ?? '{}'}}`;
  const server = createServer(pair, (req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      nextId += 1;
      const id = nextId;
      bodies.set(id, JSON.stringify(JSON.parse(Buffer.concat(parts).toString('utf8'))));
      turns.add(
        () => change.run(id, state(id, 'Pending')),
        () => {
          res.writeHead(201, { 'content-type': 'application/json' }).end(state(id, 'Pending'));
          outbox.to(sockets[id % sockets.length]!).offers.push(id);
        },
      );
    });
  });
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
    sockets.push(socket);
    socket.on('message', (data: Buffer) => {
      const up = JSON.parse(data.toString('utf8')) as Up;
      if (up.type === 'accept') {
        for (const id of up.tasks) {
          turns.add(
            () => {
              change.run(id, state(id, 'Leased'));
              posting.run(id, 'hold', -1000);
            },
            () => outbox.to(socket).start.push({ id, body: bodies.get(id)! }),
          );
        }
        return;
      }
      for (const { id, cpuMicros } of up.tasks) {
        turns.add(
          () => {
            change.run(id, state(id, 'Succeeded'));
            posting.run(id, 'settle', cpuMicros);
          },
          () =>
            turns.add(
              () => change.run(id, state(id, 'Complete')),
              () => {
                bodies.delete(id);
                outbox.to(socket).ack.push(id);
              },
            ),
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, ca: pair.cert };
}

let acked = 0;
let waiter: { count: number; done: () => void } | undefined;

async function connectAgents(args: { port: number; ca: string; agents: number }): Promise<void> {
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`wss://127.0.0.1:${args.port}/`, { ca: args.ca, perMessageDeflate: false });
      const put = (frame: Up): void => socket.send(JSON.stringify(frame));
      socket.on('open', () => resolve());
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        const down = JSON.parse(data.toString('utf8')) as Down;
        if (down.type === 'offers') put({ type: 'accept', tasks: down.tasks });
        else if (down.type === 'start') put({ type: 'finished', tasks: down.tasks.map((task) => ({ id: task.id, cpuMicros: 1000, wallMillis: 1 })) });
        else {
          acked += down.tasks.length;
          if (waiter && acked >= waiter.count) waiter.done();
        }
      });
    });
  for (let i = 0; i < args.agents; i += 1) await open();
}

export const rawOperations = {
  listen: (args: { file: string }) => listen(args.file),
  agents: connectAgents,
  /** Ends when so many tasks in all are acknowledged. */
  untilAcked: (args: { count: number }): Promise<void> =>
    new Promise((done) => {
      waiter = { count: args.count, done };
      if (acked >= args.count) done();
    }),
};

export type RawOperations = typeof rawOperations;

serve(rawOperations);
