/** `kill -9` at random instants, 200 times on the same folder: what was acknowledged is there, whole, and revisions never go back. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { openDatabase } from '../../controlplane/db/open';
import { SqliteObjectStore } from '../../controlplane/store/sqlite/sqlite-store';
import type { KubeObject } from '../../crds/meta';
import { builtFile } from '../support/built';

const ROUNDS = 200;
const WRITERS = 4;
const KEPT = 5;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** What a writer is known to have done. */
interface Progress {
  tried: number;
  acknowledged: number;
}

interface Ending {
  /** Highest acknowledged resourceVersion. */
  revision: number;
  acknowledgements: number;
  stderr: string;
  signal: NodeJS.Signals | null;
}

/** Lets a child run for `ms` after it began to write, or after it was told to, kills it, and notes all that it said. */
function runAndKill(child: Child, ms: number, duringStart: boolean, progress: Progress[]): Promise<Ending> {
  const ending: Ending = { revision: 0, acknowledgements: 0, stderr: '', signal: null };
  let rest = '';
  let timer = duringStart ? setTimeout(() => child.kill('SIGKILL'), ms) : undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), ms);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [word, writer, step, revision] = line.split(' ');
      if (word === 'try') progress[Number(writer)].tried = Number(step);
      if (word !== 'ack') continue;
      progress[Number(writer)].acknowledged = Number(step);
      ending.revision = Math.max(ending.revision, Number(revision));
      ending.acknowledgements++;
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ending.stderr += text));
  return new Promise((resolve) => {
    child.on('close', (_code, signal) => {
      clearTimeout(timer);
      resolve({ ...ending, signal });
    });
    child.stdin.write('go\n');
  });
}

/** Opens the folder as a restart would and compares it with what is known. @returns the store's revision */
async function check(file: string, progress: Progress[]): Promise<number> {
  const database = await openDatabase(file);
  try {
    expect(database.raw.pragma('integrity_check', { simple: true })).toBe('ok');
    const store = new SqliteObjectStore(database);
    const { items } = await store.list<KubeObject & { data: { step: string } }>('configmaps');
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
    expect(Number(store.revision)).toBeGreaterThanOrEqual(Math.max(0, ...revisions));
    store.close();
    return Number(store.revision);
  } finally {
    await database.close();
  }
}

test(
  `after each of ${ROUNDS} kills every acknowledged write is there and revisions have not gone back`,
  async () => {
    const script = builtFile('test/integration/store-kill.child.ts', ['controlplane/db', 'controlplane/store']);
    const folder = mkdtempSync(join(tmpdir(), 'gleaner-kill-'));
    const file = join(folder, 'gleaner.db');
    const start = (): Child => spawn(process.execPath, [script, file, String(WRITERS)], { stdio: ['pipe', 'pipe', 'pipe'] });
    const progress: Progress[] = Array.from({ length: WRITERS }, () => ({ tried: -1, acknowledged: -1 }));
    let acknowledgements = 0;
    let revision = 0;
    let next = start();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const child = next;
        next = start();
        const ending = await runAndKill(child, Math.random() * 60, round % 5 === 4, progress);
        expect([ending.stderr, ending.signal]).toEqual(['', 'SIGKILL']);
        const now = await check(file, progress);
        expect(now).toBeGreaterThanOrEqual(Math.max(revision, ending.revision));
        revision = now;
        acknowledgements += ending.acknowledgements;
      }
    } finally {
      next.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
    expect(acknowledgements).toBeGreaterThan(ROUNDS);
    expect(revision).toBeGreaterThan(acknowledgements);
  },
  180_000,
);
