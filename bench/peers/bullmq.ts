/**
 * BullMQ on Redis, end to end: add in bulk → worker → completed. Redis appends to its file and syncs it every second
 * (`appendfsync everysec`), which may lose the last second's work; ours syncs before it acknowledges.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-ports';
import type { Context } from '../harness/context';
import type { Peer } from '../harness/row';
import { startWorker } from '../harness/worker';
import type { BullmqOperations } from './bullmq-worker';
import { which } from './which';

const CONCURRENCY = 100;

/** Tasks per second. */
export async function bullmq(context: Context, count: number): Promise<Peer> {
  const name = 'BullMQ on Redis (appendfsync everysec)';
  const command = which('redis-server');
  if (command === undefined) return { name, missing: 'redis-server is not installed' };
  const dir = join(context.dir, 'redis');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const redis = await context.children.start({
    name: 'redis',
    command,
    args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', '--maxmemory-policy', 'noeviction'],
    ready: /Ready to accept connections/,
  });
  const file = join(__dirname, 'bullmq-worker.js');
  const consumer = startWorker<BullmqOperations>(context.children, context.logDir, file);
  const producer = startWorker<BullmqOperations>(context.children, context.logDir, file);
  try {
    await consumer.call('consume', { port, concurrency: CONCURRENCY }, 30_000);
    const warmUp = Math.min(2000, count);
    const warm = consumer.call('untilCompleted', { count: warmUp }, 60_000);
    await producer.call('produce', { port, count: warmUp }, 60_000);
    await warm;
    const start = performance.now();
    const done = consumer.call('untilCompleted', { count: warmUp + count }, 180_000);
    await producer.call('produce', { port, count }, 180_000);
    await done;
    return { name, value: count / ((performance.now() - start) / 1000) };
  } finally {
    await producer.stop();
    await consumer.stop();
    await redis.stop();
  }
}
