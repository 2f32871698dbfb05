/** What ends a run of deletions. */
import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { DeletionRuns } from './deletion-runs';

class Connection extends EventEmitter {
  destroyed = false;
  close(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

const runs = new DeletionRuns();
const waiting = (connection: Connection): string[] => {
  const called: string[] = [];
  for (const name of ['first', 'second']) runs.after(connection as never, () => called.push(name));
  return called;
};

test('its end, or that of its connection, calls everything that waits, once', () => {
  const [one, other] = [new Connection(), new Connection()];
  const called = waiting(one);
  runs.end(other as never);
  expect(called).toEqual([]);
  runs.end(one as never);
  runs.end(one as never);
  one.close();
  expect(called).toEqual(['first', 'second']);
  const cut = waiting(other);
  other.close();
  expect(cut).toEqual(['first', 'second']);
});

test('another run on the same connection waits anew, with one listener', () => {
  const connection = new Connection();
  waiting(connection);
  runs.end(connection as never);
  const called = waiting(connection);
  expect([called, connection.listenerCount('close')]).toEqual([[], 1]);
  connection.close();
  expect(called).toEqual(['first', 'second']);
});

test('nothing waits for a connection that is closed', () => {
  const connection = new Connection();
  connection.close();
  expect(waiting(connection)).toEqual(['first', 'second']);
});

test('a run is over when no further deletion comes, and goes on with each that does', async () => {
  const quick = new DeletionRuns(200);
  const connection = new Connection();
  const at: number[] = [];
  const started = Date.now();
  quick.after(connection as never, () => at.push(Date.now() - started));
  await pause(120);
  quick.goOn(connection as never);
  expect(at).toEqual([]);
  while (at.length === 0) await pause(5);
  expect(at[0]).toBeGreaterThanOrEqual(310);
  connection.close();
  expect(at).toHaveLength(1);
});
