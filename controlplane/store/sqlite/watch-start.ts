/** What a new watch is owed from before it began. */
import { matches, type Matcher } from '../selection';
import { INITIAL_EVENTS_END, StoreError, type WatchEvent, type WatchOptions } from '../store';
import type { History } from './history';
import { listPage, parseRevision } from './listing';
import type { Table } from './table';
import { bookmarkOf, eventFor } from './watch-hub';

/** @throws StoreError Invalid, Expired, FutureVersion */
export function owedAtStart(table: Table, history: History, revision: number, matcher: Matcher, options: WatchOptions): WatchEvent[] {
  const { initialEvents, bookmarks = false } = options;
  const from = parseRevision(table, revision, options.resourceVersion);
  if (initialEvents ?? from === 0) return everything(table, history, revision, matcher, bookmarks);
  if (from === 0) return [];
  if (from < history.floor) throw new StoreError('Expired', `too old resource version: ${from} (${history.floor})`, { resource: table.resource });
  return missed(table, history, matcher, from);
}

function everything(table: Table, history: History, revision: number, matcher: Matcher, bookmark: boolean): WatchEvent[] {
  const { items } = listPage(table, history, revision, { namespace: matcher.namespace });
  const events: WatchEvent[] = [];
  for (const object of items) if (matches(matcher, object)) events.push({ type: 'ADDED', object });
  if (bookmark) events.push(bookmarkOf(table, revision, { [INITIAL_EVENTS_END]: 'true' }));
  return events;
}

function missed(table: Table, history: History, matcher: Matcher, from: number): WatchEvent[] {
  const events: WatchEvent[] = [];
  for (const change of history.after(from)) {
    if (change.table !== table) continue;
    const event = eventFor(matcher, change, { type: change.deleted ? 'DELETED' : change.previous ? 'MODIFIED' : 'ADDED', object: change.object });
    if (event) events.push(event);
  }
  return events;
}
