/** The two sides of the BullMQ peer, each in a process of its own: a producer that adds in bulk, and a worker that completes. */
import { Queue, Worker } from 'bullmq';
import { serve } from '../harness/worker';

const NAME = 'bench';
const BULK = 1000;

let completed = 0;
let waiter: { count: number; done: () => void } | undefined;

export const bullmqOperations = {
  consume: async (args: { port: number; concurrency: number }): Promise<void> => {
    const worker = new Worker(NAME, (job) => Promise.resolve({ index: job.data.index as number }), {
      connection: { host: '127.0.0.1', port: args.port },
      concurrency: args.concurrency,
    });
    worker.on('completed', () => {
      completed += 1;
      if (waiter && completed >= waiter.count) waiter.done();
    });
    await worker.waitUntilReady();
  },
  /** Ends when so many jobs in all are completed: Redis has acknowledged it, and the worker was told. */
  untilCompleted: (args: { count: number }): Promise<void> =>
    new Promise((done) => {
      waiter = { count: args.count, done };
      if (completed >= args.count) done();
    }),
  produce: async (args: { port: number; count: number }): Promise<void> => {
    const queue = new Queue(NAME, { connection: { host: '127.0.0.1', port: args.port } });
    for (let from = 0; from < args.count; from += BULK) {
      const size = Math.min(BULK, args.count - from);
      await queue.addBulk(Array.from({ length: size }, (_, i) => ({ name: 'task', data: { index: from + i }, opts: { removeOnComplete: true } })));
    }
    await queue.close();
  },
};

export type BullmqOperations = typeof bullmqOperations;

serve(bullmqOperations);
