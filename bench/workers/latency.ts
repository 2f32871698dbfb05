/** Submits Jobs one at a time and notes how long it takes until the agent, which lives in this process too, is told to start. */
import { type Endpoint, HttpConnection } from '../harness/http-connection';
import { serve } from '../harness/worker';
import { ProbeAgent } from './probe-agent';

export interface LatencyArgs {
  endpoint: Endpoint;
  token: string;
  images: string[];
  path: string;
  /** `{n}` is replaced by the number. */
  body: string;
  warmUp: number;
  count: number;
  /** Between the start of one and the submit of the next. */
  gapMs: number;
}

const TIMEOUT_MS = 10_000;

export const latencyOperations = {
  /** Milliseconds from the first byte of the request being written until `start` has arrived. */
  measure: async (args: LatencyArgs): Promise<number[]> => {
    const agent = await ProbeAgent.connect(args.endpoint, args.token, args.images);
    const connection = await HttpConnection.open(args.endpoint);
    try {
      const samples: number[] = [];
      for (let n = 0; n < args.warmUp + args.count; n += 1) {
        const body = args.body.replaceAll('{n}', String(n));
        const started = new Promise<number>((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error(`no start within ${TIMEOUT_MS} ms of submitting Job ${n}`)), TIMEOUT_MS);
          agent.onStart = () => {
            clearTimeout(timer);
            resolve(performance.now());
          };
        });
        const begin = performance.now();
        const [at, reply] = await Promise.all([started, connection.request('POST', args.path, body)]);
        if (reply.status !== 201) throw new Error(`POST ${args.path}: ${reply.status} ${reply.body.slice(0, 500)}`);
        if (n >= args.warmUp) samples.push(at - begin);
        await new Promise((resolve) => setTimeout(resolve, args.gapMs));
      }
      return samples;
    } finally {
      connection.close();
      agent.close();
    }
  },
};

export type LatencyOperations = typeof latencyOperations;

serve(latencyOperations);
