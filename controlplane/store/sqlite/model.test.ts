/** Random operations against a simple model, with watchers that must be able to follow, across restarts. */
import fc from 'fast-check';
import { JOBS, type KubeObject } from '../../../crds/meta';
import { job, type Job } from '../conformance/support';
import { StoreError, type Operation, type Outcome, type Watch, type WatchEvent, type WatchOptions } from '../store';
import { StoreFolder } from './test-support';

interface ModelObject {
  parallelism: number;
  gold: boolean;
  phase: string | undefined;
  finalized: boolean;
  deleting: boolean;
  generation: number;
}

type Model = Map<string, ModelObject>;

interface Command {
  verb: 'create' | 'update' | 'updateStatus' | 'delete';
  name: string;
  parallelism: number;
  gold: boolean;
  finalized: boolean;
  /** What follows: another command in the same turn, a new turn, a restart. */
  next: 'same turn' | 'new turn' | 'restart';
}

const command = fc.record<Command>({
  verb: fc.constantFrom('create', 'update', 'update', 'updateStatus', 'delete'),
  name: fc.constantFrom('a', 'b', 'c'),
  parallelism: fc.integer({ min: 1, max: 3 }),
  gold: fc.boolean(),
  finalized: fc.boolean(),
  next: fc.constantFrom('same turn', 'same turn', 'same turn', 'new turn', 'new turn', 'restart'),
});

/** What the command does to the model: 'ok' or the reason of the refusal. */
function applyToModel(model: Model, { verb, name, parallelism, gold, finalized }: Command): string {
  const object = model.get(name);
  if (verb === 'create') {
    if (object) return 'AlreadyExists';
    model.set(name, { parallelism, gold, phase: undefined, finalized, deleting: false, generation: 1 });
    return 'ok';
  }
  if (!object) return 'NotFound';
  switch (verb) {
    case 'updateStatus':
      object.phase = gold ? 'Running' : 'Pending';
      return 'ok';
    case 'update':
      if (object.deleting && finalized && !object.finalized) return 'Invalid';
      if (object.parallelism !== parallelism) object.generation++;
      Object.assign(object, { parallelism, gold, finalized });
      if (object.deleting && !finalized) model.delete(name);
      return 'ok';
    case 'delete':
      if (!object.finalized) model.delete(name);
      else if (!object.deleting) Object.assign(object, { deleting: true, generation: object.generation + 1 });
      return 'ok';
  }
}

function toOperation({ verb, name, parallelism, gold, finalized }: Command): Operation {
  if (verb === 'delete') return { verb, resource: JOBS, namespace: 'lab-a', name };
  const object: Job = job(name, parallelism, { labels: gold ? { gold: 'yes' } : {}, finalizers: finalized ? ['x/y'] : [] });
  return { verb, resource: JOBS, object: verb === 'updateStatus' ? { ...object, status: { phase: gold ? 'Running' : 'Pending' } } : object };
}

function toModel(object: Job): ModelObject {
  const { labels, finalizers, deletionTimestamp, generation } = object.metadata;
  return {
    parallelism: object.spec.parallelism,
    gold: labels?.['gold'] === 'yes',
    phase: object.status?.phase,
    finalized: (finalizers ?? []).length > 0,
    deleting: deletionTimestamp !== undefined,
    generation: generation ?? 0,
  };
}

/** A copy kept by watching; it resumes where it was after a restart. */
class Replica {
  readonly objects = new Map<string, KubeObject>();
  /** Events that repeat, go back, or do not fit what came before. */
  readonly faults: string[] = [];
  private revision: string | undefined;
  private watch: Watch | undefined;

  constructor(private readonly selection: WatchOptions) {}

  follow(folder: StoreFolder): void {
    this.watch?.stop();
    const apply = (batch: WatchEvent[]): void => batch.forEach((event) => this.apply(event));
    this.watch = folder.store.watch(JOBS, { ...this.selection, resourceVersion: this.revision }, { events: apply, end: () => undefined });
  }

  private apply({ type, object }: WatchEvent): void {
    const { name, resourceVersion } = object.metadata;
    const fits = Number(resourceVersion) > Number(this.revision ?? 0) && this.objects.has(name) === (type !== 'ADDED');
    if (!fits) this.faults.push(`${type} ${name} at ${resourceVersion} after ${this.revision}`);
    if (type === 'DELETED') this.objects.delete(name);
    else this.objects.set(name, object);
    this.revision = resourceVersion;
  }
}

async function check(folder: StoreFolder, model: Model, all: Replica, gold: Replica): Promise<void> {
  const { items } = await folder.store.list<Job>(JOBS);
  expect(Object.fromEntries(items.map((item) => [item.metadata.name, toModel(item)]))).toEqual(Object.fromEntries(model));
  expect([...all.faults, ...gold.faults]).toEqual([]);
  expect([...all.objects.values()].sort(byName)).toEqual(items);
  expect([...gold.objects.values()].sort(byName)).toEqual(items.filter((item) => toModel(item).gold));
}

function byName(a: KubeObject, b: KubeObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function wordFor(outcome: Outcome): string {
  return outcome.ok ? 'ok' : outcome.error.reason;
}

async function run(commands: Command[]): Promise<void> {
  const folder = await StoreFolder.open({ maxHistoryChanges: 50, maxHeldChanges: 3 });
  const model: Model = new Map();
  const all = new Replica({});
  const gold = new Replica({ labels: [{ key: 'gold', operator: 'Exists', values: [] }] });
  const follow = (): void => [all, gold].forEach((replica) => replica.follow(folder));
  try {
    follow();
    let revision = 0;
    let turn: { promise: Promise<Outcome[]>; expected: string }[] = [];
    for (const [index, step] of commands.entries()) {
      turn.push({ promise: folder.store.batch([toOperation(step)]), expected: applyToModel(model, step) });
      if (step.next === 'same turn' && index < commands.length - 1) continue;
      const outcomes = await Promise.all(turn.map(({ promise }) => promise));
      expect(outcomes.map(([outcome]) => wordFor(outcome))).toEqual(turn.map(({ expected }) => expected));
      turn = [];
      if (step.next === 'restart') {
        await folder.reopen({ maxHistoryChanges: 50, maxHeldChanges: 3 });
        follow();
        await new Promise(setImmediate);
      }
      await check(folder, model, all, gold);
      expect(Number(folder.store.revision)).toBeGreaterThanOrEqual(revision);
      revision = Number(folder.store.revision);
    }
  } finally {
    await folder.remove();
  }
}

test('whatever is done, in whatever turns and with whatever restarts, store, model and watchers agree', async () => {
  await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), run), { numRuns: 40 });
});

test('a list continued after random writes shows the moment of its first page', async () => {
  const scenario = fc.array(command, { minLength: 5, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(scenario, scenario, async (before, between) => {
      const folder = await StoreFolder.open();
      try {
        await folder.store.batch(before.map(toOperation));
        const whole = await folder.store.list(JOBS);
        const first = await folder.store.list(JOBS, { limit: 1 });
        await folder.store.batch(between.map(toOperation));
        const rest = first.continue ? await folder.store.list(JOBS, { continue: first.continue }) : { items: [] };
        expect([...first.items, ...rest.items]).toEqual(whole.items);
        expect(first.remainingItemCount ?? 0).toBe(rest.items.length);
      } catch (error) {
        if (error instanceof StoreError) throw new Error(`${error.reason}: ${error.message}`, { cause: error });
        throw error;
      } finally {
        await folder.remove();
      }
    }),
    { numRuns: 40 },
  );
});
