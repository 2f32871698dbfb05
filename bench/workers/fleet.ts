/** Many simulated agents in one process: whole agents over the scripted runtime, each with a certificate and a WebSocket of its own. */
import { VirtualAgents } from '../../agent/virtual';
import { serve } from '../harness/worker';

export interface FleetArgs {
  url: string;
  token: string;
  count: number;
}

const GIB = 2 ** 30;
/** As many slots as processors: an agent that is full has no slot left. */
const OFFERED = { cpu: 64, memoryBytes: 256 * GIB, scratchBytes: 1024 * GIB, slots: 64 };

export const fleetOperations = {
  /** Ends when all of them have joined and are connected. */
  start: async (args: FleetArgs): Promise<void> => {
    const log = {
      info: () => undefined,
      warn: (fields: Record<string, unknown>, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
      error: (fields: Record<string, unknown>, message: string) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
    };
    await VirtualAgents.start({ ...args, offered: OFFERED, log });
  },
};

export type FleetOperations = typeof fleetOperations;

serve(fleetOperations);
