/**
 * The process that store-kill.test.ts kills. Waits for a line on stdin, then several writers run at once until it dies: step S of
 * writer W is one batch that sets `counter-W` to S, creates `item-W-S` and deletes `item-W-(S-5)`. Prints `try W S` before, and
 * `ack W S <resourceVersion>` after the promise resolved. Arguments: database file, number of writers.
 */
import { writeSync } from 'node:fs';
import { openDatabase } from '../../controlplane/db/open';
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

async function main(): Promise<void> {
  const [file, writers] = process.argv.slice(2);
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const store = new SqliteObjectStore(await openDatabase(file), { maxHistoryChanges: 300 });
  await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(store, writer)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
