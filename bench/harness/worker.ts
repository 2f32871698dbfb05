/**
 * Helper processes of the benchmark (load, agents, floors): a Node process with a table of operations, called over its IPC channel.
 * A worker ends when the channel closes, so none outlives the benchmark however that ends.
 */
import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Children } from './children';

interface Call {
  id: number;
  op: string;
  args: unknown;
}

interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

/** Operations of a worker: arguments and results are JSON. */
export type Operations<T> = { [K in keyof T]: (args: never) => Promise<unknown> };

export interface WorkerHandle<T extends Operations<T>> {
  readonly pid: number;
  call<K extends keyof T & string>(op: K, args: Parameters<T[K]>[0], timeoutMs: number): Promise<Awaited<ReturnType<T[K]>>>;
  stop(): Promise<void>;
}

let workers = 0;

/** @param file compiled module that calls `serve` */
export function startWorker<T extends Operations<T>>(children: Children, logDir: string, file: string, execArgv: string[] = []): WorkerHandle<T> {
  workers += 1;
  const log = openSync(join(logDir, `worker-${workers}.log`), 'a', 0o600);
  const child = fork(file, [], { stdio: ['ignore', log, log, 'ipc'], execArgv });
  closeSync(log);
  const stop = children.track(child, 5000);
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let nextId = 0;
  child.on('message', (message) => {
    const answer = message as Answer;
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error === undefined) call?.resolve(answer.result);
    else call?.reject(new Error(answer.error));
  });
  const gone = (why: string): void => {
    for (const call of waiting.values()) call.reject(new Error(`${file}: ${why}`));
    waiting.clear();
  };
  child.once('exit', (code, signal) => gone(`ended with ${signal ?? `code ${code}`}`));
  child.once('error', (error) => gone(error.message));
  return {
    pid: child.pid!,
    stop,
    call: (op, args, timeoutMs) =>
      new Promise((resolve, reject) => {
        nextId += 1;
        const id = nextId;
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error(`${file}: ${op} did not end within ${timeoutMs} ms`));
        }, timeoutMs);
        const finish = <V>(then: (value: V) => void) => (value: V): void => {
          clearTimeout(timer);
          then(value);
        };
        waiting.set(id, { resolve: finish(resolve as (value: unknown) => void), reject: finish(reject) });
        child.send({ id, op, args } satisfies Call);
      }),
  };
}

/** The worker's side. Runs until the channel closes or SIGTERM. */
export function serve<T extends Operations<T>>(operations: T): void {
  process.once('disconnect', () => process.exit(0));
  process.once('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => undefined);
  process.on('message', (message) => {
    const { id, op, args } = message as Call;
    const operation: unknown = Reflect.get(operations, op);
    const run = typeof operation === 'function' ? (operation(args) as Promise<unknown>) : Promise.reject(new Error(`no operation ${op}`));
    run.then(
      (result) => process.send?.({ id, result } satisfies Answer),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) } satisfies Answer),
    );
  });
}
