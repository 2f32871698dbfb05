/**
 * Writes many Tasks' statuses at once, each by compare-and-swap: what follows is computed from the status that was read, and computed
 * anew from the newest one when somebody else was faster.
 */
import { extended } from '../../crds/extended';
import { TASKS } from '../../crds/meta';
import type { Task, TaskStatus } from '../../crds/task';
import type { ObjectStore, Operation, StoreError } from '../store/store';

export interface TaskChange {
  /** As it is known; read again on a conflict. */
  task: Task;
  /** The status that follows; undefined: there is nothing to write. Pure; may be called several times. */
  next: (status: TaskStatus | undefined) => TaskStatus | undefined;
  /** What came of it: the Task as it is in the store; undefined: it is gone. */
  done: (task: Task | undefined) => void;
}

/** Somebody else writes the same Task each time between our read and write: that does not go on for ever. */
const MAX_ROUNDS = 20;

/**
 * Resolves when everything is durable. @throws StoreError when something could not be made durable: `done` was called of what could.
 */
export async function writeTasks(store: ObjectStore, changes: readonly TaskChange[]): Promise<void> {
  let open = changes;
  for (let round = 0; open.length > 0; round += 1) {
    const writes: TaskChange[] = [];
    const operations: Operation[] = [];
    for (const change of open) {
      const status = change.next(change.task.status);
      if (!status) {
        change.done(change.task);
        continue;
      }
      writes.push(change);
      operations.push({ verb: 'updateStatus', resource: TASKS, object: extended(change.task, { status }) });
    }
    if (writes.length === 0) return;
    const outcomes = await store.batch(operations);
    const again: TaskChange[] = [];
    let failed: StoreError | undefined;
    for (const [at, outcome] of outcomes.entries()) {
      const change = writes[at] as TaskChange;
      if (outcome.ok) change.done(outcome.object as Task);
      else if (outcome.error.reason === 'NotFound') change.done(undefined);
      else if (outcome.error.reason === 'Conflict' && round < MAX_ROUNDS) again.push(change);
      else failed ??= outcome.error;
    }
    if (failed) throw failed;
    open = await reread(store, again);
  }
}

async function reread(store: ObjectStore, changes: readonly TaskChange[]): Promise<TaskChange[]> {
  const fresh: TaskChange[] = [];
  for (const change of changes) {
    const { namespace = '', name, uid } = change.task.metadata;
    const task = await store.get<Task>(TASKS, namespace, name);
    if (task?.metadata.uid === uid && task) fresh.push({ ...change, task });
    else change.done(undefined);
  }
  return fresh;
}

/** The newer of two states of one Task; another Task of the same name is none. */
export function newer(a: Task | undefined, b: Task | undefined): Task | undefined {
  if (!a || !b) return a ?? b;
  if (a.metadata.uid !== b.metadata.uid) return a;
  return Number(b.metadata.resourceVersion) > Number(a.metadata.resourceVersion) ? b : a;
}

