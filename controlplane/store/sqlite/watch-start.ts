/** What a new watch is owed from before it began. */
import { matches, type Matcher } from '../selection';
import { INITIAL_EVENTS_END, type WatchEvent, type WatchOptions } from '../store';
import type { History } from './history';
import { listPage, parseRevision } from './listing';
import { Missed } from './missed';
import type { Table } from './table';
import { bookmarkOf, type Owed } from './watch-hub';

/**
 * @param maxPieceBytes of the objects that a watch which resumes is handed at a time
 * @throws StoreError Invalid, Expired, FutureVersion, Unavailable
 */
export function owedAtStart(table: Table, history: History, revision: number, matcher: Matcher, options: WatchOptions, maxPieceBytes: number): Owed {
  const { initialEvents, bookmarks = false } = options;
  const from = parseRevision(table, revision, options.resourceVersion);
  if (initialEvents ?? from === 0) return { revision, events: everything(table, history, revision, matcher, bookmarks) };
  if (from === 0) return { revision, events: [] };
  const missed = new Missed(table, history, matcher, from, maxPieceBytes);
  const events = missed.next();
  return missed.done ? { revision, events } : { revision, events, missed };
}

function everything(table: Table, history: History, revision: number, matcher: Matcher, bookmark: boolean): WatchEvent[] {
  const { items } = listPage(table, history, revision, { namespace: matcher.namespace });
  const events: WatchEvent[] = [];
  for (const object of items) if (matches(matcher, object)) events.push({ type: 'ADDED', object });
  if (bookmark) events.push(bookmarkOf(table, revision, { [INITIAL_EVENTS_END]: 'true' }));
  return events;
}
