/**
 * The embedded ObjectStore: an append-only log in SQLite, everything current in memory.
 *
 * - Reads and watches are answered from memory; only watches and lists that go back further than the last changes read from the log.
 * - A write is decided at once, against what is committed and what this turn has staged before it; only later writes see it until the
 *   turn's commit is durable. Then it becomes visible, watchers are told, and its promise resolves, in this order.
 * - When the commit fails, what was staged is forgotten, its promises reject with Unavailable and the reason, and the store goes on.
 * - Revisions only rise; one that was handed out for a write that failed is not used again.
 */
import type { Database } from 'better-sqlite3';
import type { KubeObject, ManagedFieldsEntry, ResourceName } from '../../../crds/meta';
import type { Writer } from '../../db/writer';
import { compileSelection } from '../selection';
import {
  StoreError,
  type DeleteResult,
  type ListOptions,
  type ListResult,
  type ObjectStore,
  type Operation,
  type Outcome,
  type Preconditions,
  type Watch,
  type WatchHandler,
  type WatchOptions,
} from '../store';
import { Commits } from './commits';
import { Compaction } from './compaction';
import { Interner } from './intern';
import { listPage } from './listing';
import { ObjectLog } from './log';
import { freeName, randomSuffix } from './names';
import { created, deleted, statusUpdated, updated, type Change, type Context } from './semantics';
import { isHeld } from './life';
import { keyOf, Table, type Definition } from './table';
import { uidSource } from './uid';
import { WatchHub } from './watch-hub';
import { owedAtStart } from './watch-start';

export interface SqliteObjectStoreOptions {
  /** How far back watches resume and lists continue; the log keeps no more. */
  maxHistoryChanges?: number;
  maxHistoryBytes?: number;
  /** How much of that is held in memory with its objects; the rest is read from the log when somebody asks for it. */
  maxHeldChanges?: number;
  maxHeldBytes?: number;
  /** Of the objects that a watch which resumes is handed in one turn of the event loop; a last one may go beyond. */
  maxResumeBytes?: number;
  /** An object's size as JSON. */
  maxObjectBytes?: number;
  maxBatchOperations?: number;
  bookmarkIntervalMs?: number;
  /** What lists showed is kept for one to two of these. */
  compactionIntervalMs?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
  uid?: () => string;
  /** Five characters for `generateName`. */
  suffix?: () => string;
  /** Told when a watch handler threw, which ends its watch. */
  onHandlerError?: (error: unknown) => void;
}

const MIB = 1024 * 1024;
const DEFAULTS = {
  maxHistoryChanges: 10_000,
  maxHistoryBytes: 32 * MIB,
  maxHeldChanges: 1_000,
  maxHeldBytes: 4 * MIB,
  maxResumeBytes: 64 * 1024,
  maxObjectBytes: 2 * MIB,
  maxBatchOperations: 10_000,
  bookmarkIntervalMs: 60_000,
  compactionIntervalMs: 5 * 60_000,
  now: Date.now,
  uid: uidSource(),
  suffix: randomSuffix,
  onHandlerError: (error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)),
};
/** Written by the compaction; nobody is served it. */
const MARK = { resource: 'compaction-marks', object: { apiVersion: 'store/v1', kind: 'CompactionMark', metadata: { name: 'compaction' } } };
/** A turn takes at least one whole batch. */
const TURN = { maxChanges: 10_000, maxBytes: 16 * MIB };

export class SqliteObjectStore implements ObjectStore {
  private readonly options: Required<SqliteObjectStoreOptions>;
  private readonly tables = new Map<ResourceName, Table>();
  private readonly interner = new Interner();
  private readonly intern = (entries: ManagedFieldsEntry[] | undefined): ManagedFieldsEntry[] | undefined => this.interner.entries(entries);
  private readonly hub: WatchHub;
  private readonly commits: Commits;
  private readonly compaction: Compaction;
  private second = { at: 0, text: '' };
  private closed = false;

  /** Reads the whole log into memory. @throws Error when it is damaged */
  constructor(database: { raw: Database; writer: Writer }, options: SqliteObjectStoreOptions = {}) {
    this.options = { ...DEFAULTS, ...options };
    this.hub = new WatchHub(this.options);
    const { maxHistoryChanges, maxHistoryBytes, maxHeldChanges, maxHeldBytes } = this.options;
    const history = { maxChanges: maxHistoryChanges, maxBytes: maxHistoryBytes, maxHeldChanges, maxHeldBytes };
    const log = new ObjectLog(database.raw, (object) => this.interner.own(object));
    this.commits = new Commits(database.writer, log, this.tables, TURN, history, (changes) => this.hub.deliver(changes, this.commits.revision));
    this.commits.load((resource) => this.table(resource), keyOf);
    this.compaction = new Compaction(() => this.mark(), (revision) => this.commits.history.compact(revision));
    this.compaction.start(this.options.compactionIntervalMs);
  }

  /** Says how a resource is written. Before, resources of gleaner.dev and namespaces have a status subresource and others have none. */
  defineResource(resource: ResourceName, definition: Definition): void {
    this.table(resource).definition = { ...definition };
  }

  /** The newest visible revision. */
  get revision(): string {
    return String(this.commits.revision);
  }

  stats(): { objects: Map<ResourceName, number>; watchers: number; historyChanges: number; garbageRows: number } {
    const objects = new Map([...this.tables].map(([resource, table]) => [resource, table.committed.size]));
    return { objects, watchers: this.hub.size, historyChanges: this.commits.history.size, garbageRows: this.commits.garbageRows };
  }

  /** An object's JSON; for what was written lately, the very bytes that are in the log. Not to be modified. */
  encoded(object: KubeObject): Buffer {
    return this.commits.history.bytesOf(object) ?? encode(object);
  }

  /** Ends every watch. What was written is durable when its promise resolved; the database belongs to whoever opened it. */
  close(): void {
    this.closed = true;
    this.compaction.stop();
    this.hub.close();
  }

  async get<T extends KubeObject>(resource: ResourceName, namespace: string, name: string): Promise<T | undefined> {
    return this.tables.get(resource)?.committed.get(keyOf(namespace, name)) as T | undefined;
  }

  async list<T extends KubeObject>(resource: ResourceName, options: ListOptions = {}): Promise<ListResult<T>> {
    return listPage(this.table(resource), this.commits.history, this.commits.revision, options) as ListResult<T>;
  }

  watch<T extends KubeObject>(resource: ResourceName, options: WatchOptions, handler: WatchHandler<T>): Watch {
    if (this.closed) throw new StoreError('Unavailable', 'the store is closed');
    const table = this.table(resource);
    const matcher = compileSelection(options);
    const bookmarks = options.bookmarks ?? false;
    const { revision, history } = this.commits;
    const owed = owedAtStart(table, history, revision, matcher, options, this.options.maxResumeBytes);
    return this.hub.add(table, matcher, handler as WatchHandler, owed, bookmarks);
  }

  create<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    return this.one({ verb: 'create', resource, object }) as Promise<T>;
  }

  update<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    return this.one({ verb: 'update', resource, object }) as Promise<T>;
  }

  updateStatus<T extends KubeObject>(resource: ResourceName, object: T): Promise<T> {
    return this.one({ verb: 'updateStatus', resource, object }) as Promise<T>;
  }

  async delete<T extends KubeObject>(resource: ResourceName, namespace: string, name: string, preconditions?: Preconditions): Promise<DeleteResult<T>> {
    const object = (await this.one({ verb: 'delete', resource, namespace, name, preconditions })) as T;
    return { object, gone: !isHeld(this.table(resource).life, object) };
  }

  async batch(operations: Operation[]): Promise<Outcome[]> {
    const { maxBatchOperations } = this.options;
    if (operations.length > maxBatchOperations) {
      throw new StoreError('Invalid', `a batch of ${operations.length} operations is larger than ${maxBatchOperations}; split it`);
    }
    this.commits.makeRoom();
    let waits = false;
    const outcomes: Outcome[] = [];
    for (const operation of operations) {
      const before = outcomes.at(-1);
      if (operation.verb === 'delete' && operation.follows && before?.ok === false) {
        outcomes.push(before);
        continue;
      }
      const { pending, ...outcome } = this.attempt(operation);
      waits ||= pending;
      outcomes.push(outcome);
    }
    if (waits) await this.commits.settled();
    return outcomes;
  }

  private async one(operation: Operation): Promise<KubeObject> {
    this.commits.makeRoom();
    const outcome = this.attempt(operation);
    if (outcome.pending) await this.commits.settled();
    if (!outcome.ok) throw outcome.error;
    return outcome.object;
  }

  /** `pending`: the outcome rests on what is not durable yet. @throws StoreError Unavailable */
  private attempt(operation: Operation): Outcome & { pending: boolean } {
    try {
      const { object, pending } = this.perform(operation);
      return { ok: true, object, pending };
    } catch (error) {
      return { ok: false, error: asStoreError(error), pending: this.isPending(operation) };
    }
  }

  /** `pending`: the outcome rests on what is not durable yet. */
  private perform(operation: Operation): { object: KubeObject; pending: boolean } {
    const table = this.table(operation.resource);
    if (operation.verb === 'create') return this.createNew(table, operation.object);
    const { namespace = '', name } = operation.verb === 'delete' ? operation : operation.object.metadata;
    const key = keyOf(namespace, name);
    const current = table.latest(key);
    if (!current) throw new StoreError('NotFound', `${table.resource} "${name}" not found`, { resource: table.resource, name });
    const { change, revision } = this.decide(operation, table, current);
    if (change.kind === 'unchanged') return { object: change.object, pending: table.isPending(key) };
    this.stage(table, key, current, change, revision);
    return { object: operation.verb === 'delete' && change.kind === 'gone' ? current : change.object, pending: true };
  }

  private isPending(operation: Operation): boolean {
    const { namespace = '', name } = operation.verb === 'delete' ? operation : operation.object.metadata;
    return this.table(operation.resource).isPending(keyOf(namespace, name));
  }

  private decide(operation: Exclude<Operation, { verb: 'create' }>, table: Table, current: KubeObject): { change: Change; revision: number } {
    let revision = 0;
    const context = this.context(table, () => String((revision = this.commits.nextRevision())));
    switch (operation.verb) {
      case 'update':
        return { change: updated(context, current, operation.object), revision };
      case 'updateStatus':
        return { change: statusUpdated(context, current, operation.object), revision };
      case 'delete':
        return { change: deleted(context, current, operation.preconditions), revision };
    }
  }

  private createNew(table: Table, object: KubeObject): { object: KubeObject; pending: boolean } {
    const namespace = object.metadata.namespace ?? '';
    const name = freeName(table, namespace, object.metadata, this.options.suffix);
    let revision = 0;
    const change = created(
      this.context(table, () => String((revision = this.commits.nextRevision()))),
      object,
      name,
    );
    this.stage(table, keyOf(namespace, name), undefined, change, revision);
    return { object: change.object, pending: true };
  }

  private stage(table: Table, key: string, previous: KubeObject | undefined, change: Change, revision: number): void {
    const bytes = encode(change.object);
    const { name } = change.object.metadata;
    if (bytes.length > this.options.maxObjectBytes) {
      throw new StoreError('Invalid', `${table.resource} "${name}" is ${bytes.length} bytes, the limit is ${this.options.maxObjectBytes}; put large data into an element`, {
        resource: table.resource,
        name,
      });
    }
    this.commits.stage({ revision, table, key, previous, object: change.object, deleted: change.kind === 'gone', bytes });
  }

  private context(table: Table, nextRevision: () => string): Context {
    const { statusSubresource, initialStatus = table.life.initialStatus } = table.definition;
    return { resource: table.resource, life: table.life, statusSubresource, initialStatus, nextRevision, timestamp: () => this.timestamp(), uid: this.options.uid, intern: this.intern };
  }

  /** Writes the mark of the compaction. @returns its revision */
  private async mark(): Promise<number> {
    const { resource } = MARK;
    const verb = this.table(resource).latest(keyOf('', MARK.object.metadata.name)) ? 'update' : 'create';
    const { metadata } = await this.one({ verb, resource, object: { ...MARK.object, spec: { after: this.revision } } as KubeObject });
    return Number(metadata.resourceVersion);
  }

  private timestamp(): string {
    const at = Math.floor(this.options.now() / 1000);
    if (at !== this.second.at) this.second = { at, text: new Date(at * 1000).toISOString().replace('.000Z', 'Z') };
    return this.second.text;
  }

  private table(resource: ResourceName): Table {
    let table = this.tables.get(resource);
    if (!table) {
      table = new Table(resource, { statusSubresource: resource.endsWith('.gleaner.dev') || resource === 'namespaces' });
      this.tables.set(resource, table);
    }
    return table;
  }
}

/** A write that is refused fails alone; one that the database cannot take fails the whole batch. */
function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError && error.reason !== 'Unavailable') return error;
  throw error;
}

function encode(object: KubeObject): Buffer {
  return Buffer.from(JSON.stringify(object));
}
