/** Many simulated agents in one process, each over a WebSocket of its own. */
import type { Endpoint } from '../harness/http-connection';
import { serve } from '../harness/worker';
import { ProbeAgent } from './probe-agent';

export interface FleetArgs {
  endpoint: Endpoint;
  token: string;
  images: string[];
  count: number;
}

const JOINS_AT_ONCE = 32;

export const fleetOperations = {
  /** Ends when all of them have joined and are connected. */
  start: async (args: FleetArgs): Promise<void> => {
    let left = args.count;
    const connect = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await ProbeAgent.connect(args.endpoint, args.token, args.images);
      }
    };
    await Promise.all(Array.from({ length: Math.min(JOINS_AT_ONCE, args.count) }, connect));
  },
};

export type FleetOperations = typeof fleetOperations;

serve(fleetOperations);
