/**
 * The table `object_log` as prepared statements: one row per change, its row id is the revision.
 *
 * Invariants: rows are only ever added at the end and removed by compaction; the newest row is never removed; with the persisted floor
 * F, the rows still give every object as it was at F and every change after F.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { KubeObject } from '../../../crds/meta';
import { StoreError } from '../store';
import type { Change, Versions } from './history';
import { WeakValues } from './weak-values';

const ADDED = 0;
const MODIFIED = 1;
const DELETED = 2;

interface Row {
  rv: number;
  resource: string;
  namespace: string;
  name: string;
  type: number;
  value: Buffer;
}

export interface LoadedChange {
  revision: number;
  resource: string;
  namespace: string;
  name: string;
  deleted: boolean;
  object: KubeObject;
  bytes: Buffer;
}

export class ObjectLog implements Versions {
  private readonly insert: Statement<[number, string, string, string, number, Buffer]>;
  private readonly delete: Statement<[number, number]>;
  private readonly setFloor: Statement<[number]>;
  private readonly select: Statement<[number], Buffer>;
  /** What was read and is still in use: watches that resume share it. A row never changes. */
  private readonly versions = new WeakValues<number, KubeObject>();

  /** @param taken what becomes of each object that is read */
  constructor(
    private readonly db: Database,
    private readonly taken: (object: KubeObject) => KubeObject = (object) => object,
  ) {
    this.insert = db.prepare('INSERT INTO object_log (rv, resource, namespace, name, type, value) VALUES (?, ?, ?, ?, ?, ?)');
    this.delete = db.prepare('DELETE FROM object_log WHERE rv BETWEEN ? AND ?');
    this.select = db.prepare<[number], Buffer>('SELECT value FROM object_log WHERE rv = ?').pluck();
    this.setFloor = db.prepare('UPDATE object_log_floor SET rv = max(rv, ?) WHERE id = 1');
  }

  /** One version; the same object for all who hold it at a time. @throws StoreError Unavailable when the row is not there or cannot be read */
  read(revision: number): KubeObject {
    const known = this.versions.get(revision);
    if (known) return known;
    const what = `object_log row ${revision}`;
    let value: Buffer | undefined;
    try {
      value = this.select.get(revision);
    } catch (error) {
      throw new StoreError('Unavailable', `${what} cannot be read`, {}, error);
    }
    if (value === undefined) throw new StoreError('Unavailable', `${what} is missing: the database is damaged, restore a backup`);
    const object = this.taken(parse(value, what));
    this.versions.set(revision, object);
    return object;
  }

  /** Revisions up to this one may be missing. */
  floor(): number {
    return this.db.prepare<[], number>('SELECT rv FROM object_log_floor').pluck().get() ?? 0;
  }

  /** Every change, oldest first. @throws Error naming the row when its value cannot be read */
  *load(): Generator<LoadedChange> {
    const rows = this.db.prepare<[], Row>('SELECT rv, resource, namespace, name, type, value FROM object_log ORDER BY rv').iterate();
    for (const { rv, resource, namespace, name, type, value } of rows) {
      const object = this.taken(parse(value, `object_log row ${rv} (${resource} ${namespace}/${name})`));
      yield { revision: rv, resource, namespace, name, deleted: type === DELETED, object, bytes: value };
    }
  }

  append(change: Change): void {
    const { namespace, name } = change.object.metadata;
    const type = change.deleted ? DELETED : change.previous ? MODIFIED : ADDED;
    this.insert.run(change.revision, change.table.resource, namespace ?? '', name, type, change.bytes);
  }

  /** Removes rows, neighbours in one statement, and notes the floor that makes this right. */
  remove(revisions: number[], floor: number): void {
    this.setFloor.run(floor);
    const sorted = [...revisions].sort((a, b) => a - b);
    for (let i = 0; i < sorted.length; ) {
      let end = i + 1;
      while (end < sorted.length && sorted[end] === sorted[end - 1] + 1) end++;
      this.delete.run(sorted[i], sorted[end - 1]);
      i = end;
    }
  }
}

function parse(value: Buffer, what: string): KubeObject {
  try {
    return JSON.parse(value.toString('utf8')) as KubeObject;
  } catch (error) {
    throw new Error(`${what} does not hold JSON: the database is damaged, restore a backup`, { cause: error });
  }
}
