/** What a new watch is owed from before it began. */
import { matches, type Matcher } from '../selection';
import { INITIAL_EVENTS_END, StoreError, type WatchEvent, type WatchOptions } from '../store';
import type { History } from './history';
import { listPage, parseRevision } from './listing';
import { keyOf, type Table } from './table';
import { bookmarkOf, eventFor, eventOf } from './watch-hub';

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

/** Old versions are read from the log: those of other keys are not, nor is what was before when nothing but the key decides. */
function missed(table: Table, history: History, matcher: Matcher, from: number): WatchEvent[] {
  const events: WatchEvent[] = [];
  for (const change of history.after(from)) {
    if (change.table !== table || !mayMatch(matcher, change.key)) continue;
    const plain = eventOf(change);
    const event = matcher.test === undefined ? plain : eventFor(matcher, change.previous, plain);
    if (event) events.push(event);
  }
  return events;
}

/** Whether an object with this key can be among those that are selected. */
function mayMatch({ namespace, name }: Matcher, key: string): boolean {
  return (namespace === '' || key.startsWith(keyOf(namespace, ''))) && (name === undefined || key.endsWith(keyOf('', name)));
}
