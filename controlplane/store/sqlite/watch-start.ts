/** What a new watch is owed from before it began. */
import { matches, type Matcher } from '../selection';
import { StoreError, type WatchEvent } from '../store';
import type { History } from './history';
import { listPage } from './listing';
import type { Table } from './table';
import { bookmarkOf, eventFor } from './watch-hub';

/** @throws StoreError Invalid, Expired, FutureVersion */
export function owedAtStart(table: Table, history: History, revision: number, matcher: Matcher, from: string | undefined, bookmark: boolean): WatchEvent[] {
  const after = parseRevision(table, history, revision, from);
  return after === 0 ? everything(table, history, revision, matcher, bookmark) : missed(table, history, matcher, after);
}

/** 0: from the beginning. */
function parseRevision(table: Table, history: History, revision: number, text = '0'): number {
  const { resource } = table;
  if (!/^\d{1,15}$/.test(text)) throw new StoreError('Invalid', `resourceVersion: "${text}" is not a revision; use one from a list, or leave it out`, { resource });
  const from = Number(text);
  if (from > revision) {
    throw new StoreError('FutureVersion', `resourceVersion ${from} is ahead of the newest, ${revision}; try again later`, { resource, currentResourceVersion: String(revision) });
  }
  if (from !== 0 && from < history.floor) {
    throw new StoreError('Expired', `resourceVersion ${from} is too old, changes are kept after ${history.floor}; list and watch anew`, { resource });
  }
  return from;
}

function everything(table: Table, history: History, revision: number, matcher: Matcher, bookmark: boolean): WatchEvent[] {
  const { items } = listPage(table, history, revision, { namespace: matcher.namespace });
  const events: WatchEvent[] = [];
  for (const object of items) if (matches(matcher, object)) events.push({ type: 'ADDED', object });
  if (bookmark) events.push(bookmarkOf(table, revision));
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
