/**
 * One page of a list. Every page of a list shows the objects as they were at the revision of its first page: what other writes changed
 * since is undone from the history, and when that no longer reaches back, the list has Expired.
 */
import type { KubeObject } from '../../../crds/meta';
import { compileSelection, matches } from '../selection';
import { StoreError, type ListOptions, type ListResult } from '../store';
import type { History } from './history';
import { firstAtLeast } from './key-order';
import { keyOf, type Table } from './table';

interface Token {
  revision: number;
  /** The last key of the page before. */
  after: string;
}

export function listPage(table: Table, history: History, revision: number, options: ListOptions): ListResult<KubeObject> {
  const limit = options.limit ?? 0;
  if (!Number.isInteger(limit) || limit < 0) throw new StoreError('Invalid', `limit: ${options.limit} is not a whole number of objects; leave it out for all`);
  const token = options.continue ? decode(options.continue, revision) : undefined;
  if (token && token.revision < history.floor) {
    throw new StoreError('Expired', `the list at resourceVersion ${token.revision} can no longer be continued; start it again`, { resource: table.resource });
  }
  const matcher = compileSelection(options);
  if (!token && matcher.name !== undefined && matcher.namespace !== '') return single(table, revision, keyOf(matcher.namespace, matcher.name), options);
  const at = token?.revision ?? revision;
  const view = new View(table, token ? undone(table, history, at) : new Map());
  const items: KubeObject[] = [];
  const prefix = matcher.namespace === '' ? '' : keyOf(matcher.namespace, '');
  let last = token?.after;
  for (const [key, object] of view.from(last ?? prefix, last !== undefined)) {
    if (!key.startsWith(prefix)) break;
    if (limit > 0 && items.length === limit) {
      const result = { items, resourceVersion: String(at), continue: encode({ revision: at, after: last ?? '' }) };
      return matcher.test ? result : { ...result, remainingItemCount: view.count(last ?? '', prefix) };
    }
    last = key;
    if (matches(matcher, object)) items.push(object);
  }
  return { items, resourceVersion: String(at) };
}

function single(table: Table, revision: number, key: string, options: ListOptions): ListResult<KubeObject> {
  const object = table.committed.get(key);
  const items = object && matches(compileSelection(options), object) ? [object] : [];
  return { items, resourceVersion: String(revision) };
}

/** What changed after `revision`, as it was then (`undefined`: not there). */
function undone(table: Table, history: History, revision: number): Map<string, KubeObject | undefined> {
  const before = new Map<string, KubeObject | undefined>();
  for (const change of history.after(revision)) {
    if (change.table === table && !before.has(change.key)) before.set(change.key, change.previous);
  }
  return before;
}

/** The table with some keys seen differently. */
class View {
  private readonly keys: readonly string[];
  /** Keys that are gone now and were there then, in order. */
  private readonly extra: string[];

  constructor(
    private readonly table: Table,
    private readonly before: Map<string, KubeObject | undefined>,
  ) {
    this.keys = table.order.keys();
    this.extra = [...before].flatMap(([key, object]) => (object && !table.committed.has(key) ? [key] : [])).sort();
  }

  *from(start: string, exclusive: boolean): Generator<[string, KubeObject]> {
    let i = firstAtLeast(this.keys, start);
    let j = firstAtLeast(this.extra, start);
    while (i < this.keys.length || j < this.extra.length) {
      const key = j >= this.extra.length || this.keys[i] < this.extra[j] ? this.keys[i++] : this.extra[j++];
      const object = this.before.has(key) ? this.before.get(key) : this.table.committed.get(key);
      if (object && !(exclusive && key === start)) yield [key, object];
    }
  }

  /** Objects after the key `after` whose key begins with `prefix`. */
  count(after: string, prefix: string): number {
    const rest = (keys: readonly string[]): number => firstAtLeast(keys, `${prefix.slice(0, -1)}${prefix === '' ? '\uffff' : '\u0001'}`) - firstAtLeast(keys, `${after}\0`);
    let created = 0;
    for (const [key, object] of this.before) {
      if (!object && key > after && key.startsWith(prefix) && this.table.committed.has(key)) created++;
    }
    return rest(this.keys) + rest(this.extra) - created;
  }
}

function encode(token: Token): string {
  return Buffer.from(JSON.stringify({ v: 1, rv: token.revision, start: token.after })).toString('base64url');
}

function decode(text: string, revision: number): Token {
  const refusal = (): StoreError => new StoreError('Invalid', 'continue: the token is not one that this server gave; start the list again without it');
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw refusal();
  }
  if (typeof parsed !== 'object' || parsed === null) throw refusal();
  const { v, rv, start } = parsed as Record<string, unknown>;
  if (v !== 1 || typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv < 0 || rv > revision || typeof start !== 'string') throw refusal();
  return { revision: rv, after: start };
}
