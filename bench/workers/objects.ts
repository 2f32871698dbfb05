/** Writes and reads objects of a Kubernetes API, ours or another, over keep-alive HTTPS connections. */
import { type Endpoint, HttpConnection } from '../harness/http-connection';
import { serve } from '../harness/worker';

export interface SendArgs {
  endpoint: Endpoint;
  method: string;
  /** In both, `{n}` is replaced by the number. */
  path: string;
  body: string;
  contentType: string;
  count: number;
  connections: number;
}

export interface ListArgs {
  endpoint: Endpoint;
  path: string;
  /** How often. */
  times: number;
  /** How many objects must be there. */
  objects: number;
}

export const objectOperations = {
  /** @returns seconds from the first request to the last answer */
  send: async (args: SendArgs): Promise<number> => {
    const connections = await Promise.all(Array.from({ length: args.connections }, () => HttpConnection.open(args.endpoint)));
    try {
      let next = 0;
      const start = performance.now();
      const pump = async (connection: HttpConnection): Promise<void> => {
        while (next < args.count) {
          const n = String(next++);
          const reply = await connection.request(args.method, args.path.replace('{n}', n), args.body.replaceAll('{n}', n), args.contentType);
          if (reply.status >= 300) throw new Error(`${args.method} ${args.path}: ${reply.status} ${reply.body.slice(0, 500)}`);
        }
      };
      await Promise.all(connections.map(pump));
      return (performance.now() - start) / 1000;
    } finally {
      for (const connection of connections) connection.close();
    }
  },

  /** @returns seconds that all lists took, one after the other */
  list: async (args: ListArgs): Promise<number> => {
    const connection = await HttpConnection.open(args.endpoint);
    try {
      let ms = 0;
      for (let time = 0; time < args.times; time += 1) {
        const start = performance.now();
        const reply = await connection.request('GET', args.path);
        ms += performance.now() - start;
        const objects = reply.body.split('"uid":').length - 1;
        if (reply.status !== 200 || objects !== args.objects) throw new Error(`GET ${args.path}: ${reply.status}, ${objects} objects of ${args.objects}`);
      }
      return ms / 1000;
    } finally {
      connection.close();
    }
  },
};

export type ObjectOperations = typeof objectOperations;

serve(objectOperations);
