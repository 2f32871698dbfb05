/**
 * One page of a list. Every page of a list shows the objects as they were at the revision of its first page: what other writes changed
 * since is undone from the history, and when that no longer reaches back, or the revision was compacted, the list has Expired. Lists at an old revision are made the same way.
 */
import type { KubeObject } from '../../../crds/meta';
import { compileSelection, matches } from '../selection';
import { StoreError, type ListOptions, type ListResult } from '../store';
import { CONTINUE_EXPIRED, decodeToken, encodeToken, invalidToken, LATEST, type Start } from './continue-token';
import { isCreation, type History, type Occurrence } from './history';
import { firstAtLeast } from './key-order';
import { keyOf, SEPARATOR, type Table } from './table';

export function listPage(table: Table, history: History, revision: number, options: ListOptions): ListResult<KubeObject> {
  const limit = options.limit ?? 0;
  if (!Number.isInteger(limit) || limit < 0) throw new StoreError('Invalid', `limit: ${options.limit} is not a whole number of objects; leave it out for all`);
  const matcher = compileSelection(options);
  const { at, start } = where(table, history, revision, matcher.namespace, options);
  if (!start && at === revision && matcher.name !== undefined && matcher.namespace !== '') return single(table, revision, keyOf(matcher.namespace, matcher.name), options);
  const view = new View(table, at === revision ? new Map() : undone(table, history, at));
  const items: KubeObject[] = [];
  const prefix = matcher.namespace === '' ? '' : keyOf(matcher.namespace, '');
  let last = start?.key;
  for (const key of view.from(last ?? prefix, start?.exclusive ?? false)) {
    if (!key.startsWith(prefix)) break;
    if (limit > 0 && items.length === limit) {
      const result = { items, resourceVersion: String(at), continue: encodeToken(at, last ?? '', matcher.namespace) };
      return matcher.test ? result : { ...result, remainingItemCount: view.count(last ?? '', prefix) };
    }
    last = key;
    const object = view.get(key);
    if (object && matches(matcher, object)) items.push(object);
  }
  return { items, resourceVersion: String(at) };
}

/** The revision that is shown, and where its list goes on. */
function where(table: Table, history: History, revision: number, namespace: string, options: ListOptions): { at: number; start?: Start } {
  const { resource } = table;
  if (options.continue) {
    const { revision: wanted, start } = decodeToken(options.continue, namespace);
    if (wanted > revision) throw invalidToken(': it is of a revision that has not happened');
    if (wanted < 0) return { at: revision, start };
    if (wanted < history.listed) throw new StoreError('Expired', CONTINUE_EXPIRED, { resource, continue: encodeToken(LATEST, start.key, namespace) });
    return { at: wanted, start };
  }
  const wanted = parseRevision(table, revision, options.resourceVersion);
  if (wanted !== 0 && wanted < history.listed) throw new StoreError('Expired', 'The resourceVersion for the provided list is too old.', { resource });
  return { at: wanted === 0 ? revision : wanted };
}

/** 0: none. @throws StoreError Invalid, FutureVersion */
export function parseRevision({ resource }: Table, revision: number, text = '0'): number {
  if (!/^\d{1,20}$/.test(text)) throw new StoreError('Invalid', `resourceVersion: "${text}" is not a revision; use one from a list, or leave it out`, { resource });
  const from = Number(text);
  if (from > revision) {
    throw new StoreError('FutureVersion', `resourceVersion ${text} is ahead of the newest, ${revision}; try again later`, {
      resource, wantedResourceVersion: text, currentResourceVersion: String(revision),
    });
  }
  return from;
}

function single(table: Table, revision: number, key: string, options: ListOptions): ListResult<KubeObject> {
  const object = table.committed.get(key);
  const items = object && matches(compileSelection(options), object) ? [object] : [];
  return { items, resourceVersion: String(revision) };
}

/** What changed after `revision`: of each key the first change, which has it as it was then. */
function undone(table: Table, history: History, revision: number): Map<string, Occurrence> {
  const before = new Map<string, Occurrence>();
  for (const change of history.after(revision)) {
    if (change.table === table && !before.has(change.key)) before.set(change.key, change);
  }
  return before;
}

/** The table as it was before some changes. Versions are read only by `get`. */
class View {
  private readonly keys: readonly string[];
  /** Keys that are gone now and were there then, in order. */
  private readonly extra: string[];

  constructor(
    private readonly table: Table,
    private readonly before: ReadonlyMap<string, Occurrence>,
  ) {
    this.keys = table.order.keys();
    this.extra = [...before].flatMap(([key, change]) => (!isCreation(change) && !table.committed.has(key) ? [key] : [])).sort();
  }

  get(key: string): KubeObject | undefined {
    const change = this.before.get(key);
    return change ? change.previous : this.table.committed.get(key);
  }

  /** Keys of objects, in order. */
  *from(start: string, exclusive: boolean): Generator<string> {
    let i = firstAtLeast(this.keys, start);
    let j = firstAtLeast(this.extra, start);
    while (i < this.keys.length || j < this.extra.length) {
      const key = j >= this.extra.length || this.keys[i] < this.extra[j] ? this.keys[i++] : this.extra[j++];
      const change = this.before.get(key);
      if (!(change && isCreation(change)) && !(exclusive && key === start)) yield key;
    }
  }

  /** Objects after the key `after` whose key begins with `prefix`. */
  count(after: string, prefix: string): number {
    const rest = (keys: readonly string[]): number => firstAtLeast(keys, prefix === '' ? '\uffff' : afterAll(prefix)) - firstAtLeast(keys, `${after}\0`);
    let created = 0;
    for (const [key, change] of this.before) {
      if (isCreation(change) && key > after && key.startsWith(prefix) && this.table.committed.has(key)) created++;
    }
    return rest(this.keys) + rest(this.extra) - created;
  }
}

/** Behind every key that begins with the prefix, which ends with the separator. */
const afterAll = (prefix: string): string => `${prefix.slice(0, -1)}${String.fromCharCode(SEPARATOR.charCodeAt(0) + 1)}`;
