/**
 * Updates of small objects through the store, beside raw better-sqlite3 inserts of the same bytes in transactions of the same size,
 * both with synchronous=FULL, alternating in one run. `node build/js/bench/store.js [seconds per measurement]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { openDatabase } from '../controlplane/db/open';
import type { Operation } from '../controlplane/store/store';
import { SqliteObjectStore } from '../controlplane/store/sqlite/sqlite-store';
import { TASKS, type KubeObject } from '../crds/meta';

interface TaskLike extends KubeObject {
  spec: unknown;
  status: { phase: string; progress: number; attempts: { number: number; epoch: number; agent: string; phase: string }[] };
}

export interface StoreBenchRow {
  batch: number;
  /** Updates per second. */
  store: number;
  /** Inserts per second. */
  raw: number;
}

const OBJECTS = 1000;

function taskLike(index: number, progress: number): TaskLike {
  return {
    apiVersion: 'gleaner.dev/v1alpha1',
    kind: 'Task',
    metadata: { name: `sweep-${index}`, namespace: 'lab-a', labels: { 'gleaner.dev/job': 'sweep' } },
    spec: { job: 'sweep', index, template: { runtime: 'shell', program: { script: 'echo hi' } } },
    status: { phase: 'Running', progress, attempts: [{ number: 1, epoch: 1, agent: 'a'.repeat(32), phase: 'Running' }] },
  };
}

async function storeRate(file: string, batch: number, seconds: number): Promise<number> {
  const database = await openDatabase(file);
  const store = new SqliteObjectStore(database);
  for (let i = 0; i < OBJECTS; i++) void store.create(TASKS, taskLike(i, 0));
  await store.create(TASKS, taskLike(OBJECTS, 0));
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  let done = 0;
  while (performance.now() < end) {
    const operations: Operation[] = [];
    for (let i = 0; i < batch; i++) operations.push({ verb: 'updateStatus', resource: TASKS, object: taskLike((done + i) % OBJECTS, done + i + 1) });
    const outcomes = await store.batch(operations);
    if (!outcomes.every((outcome) => outcome.ok)) throw new Error('an update failed');
    done += batch;
  }
  const rate = done / ((performance.now() - start) / 1000);
  store.close();
  await database.close();
  return rate;
}

/** The floor: the bytes are there already, nothing is checked, compared, encoded or remembered. */
function rawRate(file: string, batch: number, seconds: number): number {
  const db = new BetterSqlite3(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('wal_autocheckpoint = 4000');
  db.exec('CREATE TABLE log (rv INTEGER PRIMARY KEY, resource TEXT, namespace TEXT, name TEXT, type INTEGER, value BLOB)');
  const insert = db.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)');
  const meta = { uid: '8b5e0d3c-0000-4000-8000-000000000000', creationTimestamp: '2026-01-01T00:00:00Z', generation: 1, resourceVersion: '123456' };
  const task = taskLike(1, 12345);
  const bytes = Buffer.from(JSON.stringify({ ...task, metadata: { ...task.metadata, ...meta } }));
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  while (performance.now() < end) {
    db.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < batch; i++) insert.run(++done, TASKS, 'lab-a', `sweep-${done % OBJECTS}`, 1, bytes);
    db.exec('COMMIT');
  }
  const rate = done / ((performance.now() - start) / 1000);
  db.close();
  return rate;
}

/** @param seconds duration of each measurement */
export async function benchStore(batches: number[], seconds: number): Promise<StoreBenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-bench-store-'));
  try {
    const rows: StoreBenchRow[] = [];
    for (const batch of batches) {
      const store = await storeRate(join(folder, `store-${batch}.db`), batch, seconds);
      rows.push({ batch, store, raw: rawRate(join(folder, `raw-${batch}.db`), batch, seconds) });
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 3);
  const rows = await benchStore([1, 50, 500], seconds);
  for (const { batch, store, raw } of rows) {
    process.stdout.write(`batch ${batch}: ${Math.round(store)} updates/s, raw inserts ${Math.round(raw)}/s, ratio ${(store / raw).toFixed(2)}\n`);
  }
}

if (require.main === module) void main();
