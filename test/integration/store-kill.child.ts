/**
 * The process that store-kill.test.ts kills. Waits for a line `go <resourceVersion>` on stdin, opens the store, resumes a watch of everything
 * from there, and then several writers run at once until it dies: step S of writer W is one batch that sets `counter-W` to S, creates
 * `item-W-S` and deletes `item-W-(S-5)`. Prints `try W S` before, `ack W S <resourceVersion>` after the promise resolved, and
 * `saw <TYPE> <name> <resourceVersion> <step>` for each event of the watch. Arguments: database file, number of writers.
 */
import { writeSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { lockFolder } from '../../controlplane/db/lock';
import { configure } from '../../controlplane/db/pragmas';
import { SqliteWriter } from '../../controlplane/db/sqlite-writer';
import type { Operation } from '../../controlplane/store/store';
import { SqliteObjectStore } from '../../controlplane/store/sqlite/sqlite-store';
import type { KubeObject } from '../../crds/meta';

const MAPS = 'configmaps';
const KEPT = 5;

interface Counter extends KubeObject {
  data: { step: string; filler: string };
}

function map(name: string, step: number): Counter {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'lab-a' }, data: { step: String(step), filler: 'x'.repeat((step * 37) % 700) } };
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** In the pipe when it returns: process.stdout would queue what a full pipe does not take, and that is lost with the process. */
function say(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

async function write(store: SqliteObjectStore, writer: number): Promise<void> {
  const counter = await store.get<Counter>(MAPS, 'lab-a', `counter-${writer}`);
  for (let step = counter ? Number(counter.data.step) + 1 : 0; ; step++) {
    say(`try ${writer} ${step}`);
    const operations: Operation[] = [
      { verb: step === 0 ? 'create' : 'update', resource: MAPS, object: map(`counter-${writer}`, step) },
      { verb: 'create', resource: MAPS, object: map(`item-${writer}-${step}`, step) },
    ];
    if (step >= KEPT) operations.push({ verb: 'delete', resource: MAPS, namespace: 'lab-a', name: `item-${writer}-${step - KEPT}` });
    const outcomes = await store.batch(operations);
    const [first] = outcomes;
    if (!outcomes.every((outcome) => outcome.ok) || !first.ok) throw new Error(`step ${step} of writer ${writer} was refused: ${JSON.stringify(outcomes)}`);
    say(`ack ${writer} ${step} ${first.object.metadata.resourceVersion}`);
  }
}

function watch(store: SqliteObjectStore, resourceVersion: string): void {
  store.watch<Counter>(MAPS, { resourceVersion }, {
    events: (batch) => {
      say(batch.map(({ type, object: { metadata, data } }) => `saw ${type} ${metadata.name} ${metadata.resourceVersion} ${data.step}`).join('\n'));
    },
    end: (error) => {
      throw new Error(`the watch ended: ${error?.message}`);
    },
  });
}

/** As `openDatabase` does, but for TypeORM: the test has migrated the database, and a start must be short. */
function open(file: string): SqliteObjectStore {
  lockFolder(`${file}.lock`);
  const raw = new BetterSqlite3(file);
  configure(raw);
  return new SqliteObjectStore({ raw, writer: new SqliteWriter(raw) }, { maxHistoryChanges: 300 });
}

async function main(): Promise<void> {
  const [file, writers] = process.argv.slice(2);
  const line = await new Promise<Buffer>((resolve) => process.stdin.once('data', resolve));
  const store = open(file);
  watch(store, line.toString().trim().split(' ')[1]);
  await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(store, writer)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
