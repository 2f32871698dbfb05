/**
 * `kill -9` at random instants, 1,000 times on the same folder: what was acknowledged is there, whole, revisions never go back, and a watch
 * that each new process resumes from the last event that was seen tells every change once and in order, over all the kills.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import BetterSqlite3 from 'better-sqlite3';
import { openDatabase } from '../../controlplane/db/open';
import { configure } from '../../controlplane/db/pragmas';
import { SqliteWriter } from '../../controlplane/db/sqlite-writer';
import { SqliteObjectStore } from '../../controlplane/store/sqlite/sqlite-store';
import type { KubeObject } from '../../crds/meta';
import { builtFile } from '../support/built';

const ROUNDS = 1000;
const WRITERS = 4;
const KEPT = 5;
/** A process is killed at most so long after it began to write. */
const MAX_LIFE_MS = 25;
/** Processes that are started ahead. */
const AHEAD = 2;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
type Map = KubeObject & { data: { step: string } };

/** What a writer is known to have done. */
interface Progress {
  tried: number;
  acknowledged: number;
}

/** What the watch has told so far, over all processes. */
class Seen {
  /** Of the last event; the next process resumes from here. */
  revision = 0;
  events = 0;
  /** By name, the step of the object as the events leave it. */
  readonly objects = new globalThis.Map<string, number>();

  event(type: string, name: string, revision: number, step: number): void {
    this.events++;
    // Neither a repeat nor a step back.
    expect(revision).toBeGreaterThan(this.revision);
    this.revision = revision;
    const [kind, writer, item] = name.split('-');
    const before = this.objects.get(name);
    const counter = this.objects.get(`counter-${writer}`) ?? -1;
    // Each writer's changes are an unbroken sequence: counter to S, item S added, item S-5 deleted.
    if (kind === 'counter') expect([type, step]).toEqual([counter === -1 ? 'ADDED' : 'MODIFIED', counter + 1]);
    else if (type === 'ADDED') expect([Number(item), step, before]).toEqual([counter, counter, undefined]);
    else expect([type, Number(item), step]).toEqual(['DELETED', counter - KEPT, before]);
    if (type === 'DELETED') this.objects.delete(name);
    else this.objects.set(name, step);
  }
}

interface Ending {
  /** Highest acknowledged resourceVersion. */
  revision: number;
  acknowledgements: number;
  stderr: string;
  signal: NodeJS.Signals | null;
}

/** Lets a child run for `ms` after it began to write, or after it was told to, kills it, and takes in all that it said. */
function runAndKill(child: Child, ms: number, duringStart: boolean, progress: Progress[], seen: Seen): Promise<Ending> {
  const ending: Ending = { revision: 0, acknowledgements: 0, stderr: '', signal: null };
  let text = '';
  let timer = duringStart ? setTimeout(() => child.kill('SIGKILL'), ms) : undefined;
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), ms);
    text += more;
  });
  child.stderr.setEncoding('utf8').on('data', (more: string) => (ending.stderr += more));
  return new Promise((resolve, reject) => {
    child.on('close', (_code, signal) => {
      clearTimeout(timer);
      try {
        // The last line may be cut.
        for (const line of text.split('\n').slice(0, -1)) take(line.split(' '), ending, progress, seen);
        resolve({ ...ending, signal });
      } catch (error) {
        reject(error as Error);
      }
    });
    child.stdin.write(`go ${Math.max(1, seen.revision)}\n`);
  });
}

function take([word, ...rest]: string[], ending: Ending, progress: Progress[], seen: Seen): void {
  if (word === 'saw') return seen.event(rest[0], rest[1], Number(rest[2]), Number(rest[3]));
  const [writer, step, revision] = rest.map(Number);
  if (word === 'try') progress[writer].tried = step;
  if (word !== 'ack') return;
  progress[writer].acknowledged = step;
  ending.revision = Math.max(ending.revision, revision);
  ending.acknowledgements++;
  // Watchers are told before the writer.
  expect(seen.revision).toBeGreaterThanOrEqual(revision);
}

/** Opens the folder as a restart would and compares it with what is known. @returns the store's revision */
async function check(file: string, progress: Progress[], seen: Seen, thorough: boolean): Promise<number> {
  const raw = new BetterSqlite3(file);
  try {
    configure(raw);
    expect(raw.pragma(thorough ? 'integrity_check' : 'quick_check(1)', { simple: true })).toBe('ok');
    const store = new SqliteObjectStore({ raw, writer: new SqliteWriter(raw) });
    const { items } = await store.list<Map>('configmaps');
    const found = new Set(items.map((item) => item.metadata.name));
    const expected = new Set<string>();
    for (const [writer, known] of progress.entries()) {
      const counter = items.find((item) => item.metadata.name === `counter-${writer}`);
      const step = counter ? Number(counter.data.step) : -1;
      expect(step).toBeGreaterThanOrEqual(known.acknowledged);
      expect(step).toBeLessThanOrEqual(known.tried);
      known.acknowledged = step;
      if (step >= 0) expected.add(`counter-${writer}`);
      for (let kept = Math.max(0, step - KEPT + 1); kept <= step; kept++) expected.add(`item-${writer}-${kept}`);
    }
    expect([...found].sort()).toEqual([...expected].sort());
    const revisions = items.map((item) => Number(item.metadata.resourceVersion));
    expect(new Set(revisions).size).toBe(items.length);
    const revision = Number(store.revision);
    // What was seen is there; and what is there and was not seen is told by a watch from the last event.
    expect(revision).toBeGreaterThanOrEqual(Math.max(seen.revision, ...revisions));
    if (thorough) await catchUp(store, seen, items);
    store.close();
    return revision;
  } finally {
    raw.close();
  }
}

async function catchUp(store: SqliteObjectStore, seen: Seen, items: Map[]): Promise<void> {
  store.watch<Map>('configmaps', { resourceVersion: String(Math.max(1, seen.revision)) }, {
    events: (batch) => {
      for (const { type, object } of batch) seen.event(type, object.metadata.name, Number(object.metadata.resourceVersion), Number(object.data.step));
    },
    end: () => undefined,
  });
  await Promise.resolve();
  expect([...seen.objects].sort()).toEqual(items.map(({ metadata, data }) => [metadata.name, Number(data.step)] as const).sort());
}

test(
  `after each of ${ROUNDS} kills every acknowledged write is there, revisions have not gone back, and the watch goes on without gap or repeat`,
  async () => {
    const script = builtFile('test/integration/store-kill.child.ts', ['controlplane/db', 'controlplane/store']);
    const folder = mkdtempSync(join(tmpdir(), 'gleaner-kill-'));
    const file = join(folder, 'gleaner.db');
    await (await openDatabase(file)).close();
    const start = (): Child => spawn(process.execPath, [script, file, String(WRITERS)], { stdio: ['pipe', 'pipe', 'pipe'] });
    const progress: Progress[] = Array.from({ length: WRITERS }, () => ({ tried: -1, acknowledged: -1 }));
    const seen = new Seen();
    let acknowledgements = 0;
    let revision = 0;
    const ahead = Array.from({ length: AHEAD }, start);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const child = ahead.shift() as Child;
        ahead.push(start());
        const ending = await runAndKill(child, Math.random() * MAX_LIFE_MS, round % 5 === 4, progress, seen);
        expect([ending.stderr, ending.signal]).toEqual(['', 'SIGKILL']);
        const now = await check(file, progress, seen, round % 10 === 9);
        expect(now).toBeGreaterThanOrEqual(Math.max(revision, ending.revision));
        revision = now;
        acknowledgements += ending.acknowledgements;
      }
    } finally {
      for (const child of ahead) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
    expect(acknowledgements).toBeGreaterThan(ROUNDS);
    expect(revision).toBeGreaterThan(acknowledgements);
    expect(seen.events).toBeGreaterThan(acknowledgements);
  },
  600_000,
);
