/** The machine that a run's figures belong to. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { rounded } from './row';
import { percentile } from './stats';

export interface Machine {
  measuredAt: string;
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
  sqlite: string;
  /** 4 KiB appended and `fdatasync`ed, 300 times, in the folder that the runs write to. */
  diskSyncMs: { p50: number; p99: number };
  /** The same with a pause of 3 ms before each: what a commit costs when there is little to do. */
  diskSyncPausedMs: { p50: number; p99: number };
  /** Load average of the last minute before the run: other work on the machine makes every figure worse. */
  loadBefore: number;
}

export async function describeMachine(dir: string, loadBefore: number, now: Date = new Date()): Promise<Machine> {
  const db = new Database(':memory:');
  const sqlite = db.prepare('SELECT sqlite_version()').pluck().get() as string;
  db.close();
  return {
    measuredAt: now.toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: rounded(totalmem() / 1024 ** 3),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    sqlite,
    diskSyncMs: await measureSync(dir, 0),
    diskSyncPausedMs: await measureSync(dir, 3),
    loadBefore: rounded(loadBefore),
  };
}

async function measureSync(dir: string, pauseMs: number): Promise<{ p50: number; p99: number }> {
  const file = join(dir, 'sync-probe');
  const fd = openSync(file, 'w', 0o600);
  const block = Buffer.alloc(4096, 1);
  const samples: number[] = [];
  try {
    for (let i = 0; i < 300; i += 1) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const start = performance.now();
      writeSync(fd, block);
      fdatasyncSync(fd);
      samples.push(performance.now() - start);
    }
  } finally {
    closeSync(fd);
    rmSync(file, { force: true });
  }
  return { p50: rounded(percentile(samples, 0.5)), p99: rounded(percentile(samples, 0.99)) };
}
