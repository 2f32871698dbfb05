/**
 * From staged changes to durable, visible ones: one turn = one write step of the writer.
 *
 * ```
 *   open --its step runs--> committing --saved--> published (history, garbage; watchers are told)
 *     \                         \--not saved--> dropped: everything staged is forgotten, also what a later turn built on it
 *      \--an earlier turn is dropped--> doomed: writes nothing, its promise rejects for the same reason
 * ```
 * Compaction rides along: what the history let go is removed from the log a little with each turn.
 */
import type { Writer } from '../../db/writer';
import { StoreError } from '../store';
import { History, type Change, type HistoryLimits } from './history';
import type { ObjectLog } from './log';
import type { Table } from './table';

/** The revision of an empty store: '0' means "from the beginning" to a watch, so it must not be what a list says. */
const FIRST = 1;
/** Rows are removed when so many wait, then at most this many more than twice what the turn adds. */
const GARBAGE_BATCH = 256;
const GARBAGE_EXTRA = 1024;

interface Turn {
  changes: Change[];
  bytes: number;
  /** Number of garbage rows that the step removed. */
  removed: number;
  doomed: Error | undefined;
  /** The writer's promise for this turn. */
  done: Promise<void>;
}

export interface TurnLimits {
  maxChanges: number;
  maxBytes: number;
}

export class Commits {
  readonly history: History;
  /** The newest durable revision. */
  revision = 0;
  private assigned = 0;
  private open: Turn | undefined;
  private last: Turn | undefined;
  /** Rows of the log that nobody needs any more. */
  private garbage: number[] = [];

  constructor(
    private readonly writer: Writer,
    private readonly log: ObjectLog,
    private readonly tables: Map<string, Table>,
    private readonly limits: TurnLimits,
    historyLimits: HistoryLimits,
    private readonly published: (changes: Change[]) => void,
  ) {
    this.history = new History(historyLimits, log.floor(), log, (superfluous) => void this.garbage.push(...superfluous));
  }

  get garbageRows(): number {
    return this.garbage.length;
  }

  /** Takes over the log at start. */
  load(tableOf: (resource: string) => Table, keyOf: (namespace: string, name: string) => string): void {
    const floor = this.history.floor;
    for (const { revision, resource, namespace, name, deleted, object, bytes } of this.log.load()) {
      const table = tableOf(resource);
      const key = keyOf(namespace, name);
      const previous = table.publish(key, deleted ? undefined : object);
      this.revision = revision;
      if (revision > floor) {
        this.history.push({ revision, table, key, previous, object, deleted, bytes });
      } else {
        if (previous) this.garbage.push(revisionOf(previous));
        if (deleted) this.garbage.push(revision);
      }
    }
    this.revision = Math.max(this.revision, floor, FIRST);
    this.assigned = this.revision;
  }

  nextRevision(): number {
    return ++this.assigned;
  }

  /** Makes sure that the turn takes more. @throws StoreError Unavailable when a commit runs right now and too much waits behind it */
  makeRoom(): void {
    if (!this.open || !this.isFull(this.open)) return;
    this.writer.flush();
    if (this.open && this.isFull(this.open)) {
      throw new StoreError('Unavailable', `${this.open.changes.length} writes wait for the running commit, the limit is ${this.limits.maxChanges}; try again`);
    }
  }

  /** Adds a change to the turn. @throws StoreError Unavailable when the database is closed */
  stage(change: Change): void {
    const turn = this.open ?? this.openTurn();
    turn.changes.push(change);
    turn.bytes += change.bytes.length;
    change.table.stage(change.key, change.deleted ? undefined : change.object);
  }

  /** Resolves when everything staged so far is durable and visible. @throws StoreError Unavailable */
  settled(): Promise<void> {
    return this.last?.done ?? Promise.resolve();
  }

  private isFull(turn: Turn): boolean {
    return turn.changes.length >= this.limits.maxChanges || turn.bytes >= this.limits.maxBytes;
  }

  private openTurn(): Turn {
    let refused: Error | undefined;
    const turn: Turn = { changes: [], bytes: 0, removed: 0, doomed: undefined, done: Promise.resolve() };
    this.open = turn;
    const done = this.writer.enqueue(
      () => this.write(turn),
      (error) => {
        refused = error;
        this.end(turn, error);
      },
    );
    turn.done = done.catch((error: unknown) => {
      throw unavailable(error);
    });
    turn.done.catch(() => undefined);
    if (refused) throw unavailable(refused);
    this.last = turn;
    return turn;
  }

  /** The write step; repeatable. */
  private write(turn: Turn): void {
    if (this.open === turn) this.open = undefined;
    if (turn.doomed) throw turn.doomed;
    for (const change of turn.changes) this.log.append(change);
    turn.removed = this.garbage.length < GARBAGE_BATCH ? 0 : Math.min(this.garbage.length, GARBAGE_EXTRA + 2 * turn.changes.length);
    if (turn.removed > 0) this.log.remove(this.garbage.slice(0, turn.removed), this.history.floor);
  }

  private end(turn: Turn, error: Error | undefined): void {
    if (error) {
      if (!turn.doomed) this.drop(turn, error);
      return;
    }
    if (turn.removed > 0) this.garbage.splice(0, turn.removed);
    for (const change of turn.changes) {
      change.table.publish(change.key, change.deleted ? undefined : change.object);
      this.revision = change.revision;
      this.history.push(change);
    }
    this.published(turn.changes);
  }

  private drop(turn: Turn, error: Error): void {
    if (this.open && this.open !== turn) this.open.doomed = unavailable(error);
    this.open = undefined;
    for (const table of this.tables.values()) table.dropPending();
  }
}

function revisionOf(object: Change['object']): number {
  return Number(object.metadata.resourceVersion);
}

function unavailable(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError('Unavailable', error instanceof Error ? error.message : String(error), {}, error);
}
