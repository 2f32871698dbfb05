/** The load generator: submits bodies one by one over keep-alive HTTPS connections, and waits for the Jobs to end. */
import { type Endpoint, HttpConnection } from '../harness/http-connection';
import { serve } from '../harness/worker';
import { untilFinished } from './finished-jobs';

export interface SubmitArgs {
  endpoint: Endpoint;
  path: string;
  /** `{n}` is replaced by the number. */
  body: string;
  first: number;
  count: number;
  connections: number;
  /** End when so many Jobs in all are finished; absent: when all requests are acknowledged. */
  finished?: number;
}

export interface SubmitResult {
  /** From the first request to the end. */
  seconds: number;
  /** From the first request to the last acknowledgement. */
  submitSeconds: number;
  /** Jobs that ended otherwise than Complete. */
  failed: number;
}

export const loadOperations = {
  submit: async (args: SubmitArgs): Promise<SubmitResult> => {
    const connections = await Promise.all(Array.from({ length: args.connections }, () => HttpConnection.open(args.endpoint)));
    try {
      let next = args.first;
      const end = args.first + args.count;
      const start = performance.now();
      const pump = async (connection: HttpConnection): Promise<void> => {
        while (next < end) {
          const n = next;
          next += 1;
          const reply = await connection.request('POST', args.path, args.body.replaceAll('{n}', String(n)));
          if (reply.status !== 201) throw new Error(`POST ${args.path}: ${reply.status} ${reply.body.slice(0, 500)}`);
        }
      };
      await Promise.all(connections.map(pump));
      const submitSeconds = (performance.now() - start) / 1000;
      const failed = args.finished === undefined ? 0 : (await untilFinished(args.endpoint, args.finished)).failed;
      return { seconds: (performance.now() - start) / 1000, submitSeconds, failed };
    } finally {
      for (const connection of connections) connection.close();
    }
  },
};

export type LoadOperations = typeof loadOperations;

serve(loadOperations);
