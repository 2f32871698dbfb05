/** What a running agent says about itself: in memory, and in `status.json` for other processes. */
import { join } from 'node:path';
import type { Offered } from './config';
import { readIfThere, writeWhole } from './files';
import type { LinkState } from './session';
import type { RunnerPhase } from './task-runner';

export interface AgentStatusFile {
  id: string;
  pid: number;
  version: string;
  url: string;
  state: 'Starting' | 'Ready' | 'Busy' | 'Draining' | 'NoEngine' | 'Refused' | 'Stopped';
  connection: LinkState;
  /** Why it is refused. */
  message?: string;
  runtime: { name: string; available: boolean };
  offered: Offered;
  /** By attempts that run, and by offers that were accepted. */
  used: Offered;
  /** `since`: of the state, RFC 3339. */
  attempts: { lease: string; epoch: number; state: RunnerPhase; since: string }[];
  /** Written at, RFC 3339. */
  at: string;
}

export const statusFile = (dataDir: string): string => join(dataDir, 'status.json');

/** What the last agent process of the folder wrote; whether that one still runs its `pid` tells. undefined: there never was one. */
export async function readStatus(dataDir: string): Promise<AgentStatusFile | undefined> {
  const text = await readIfThere(statusFile(dataDir));
  return text === undefined ? undefined : (JSON.parse(text) as AgentStatusFile);
}

const LEAST_MS = 1000;
/** Written anew without a change, so that readers can tell a process that hangs. */
const REFRESH_MS = 10_000;

/** Writes at every change, at most once a second. */
export class StatusWriter {
  private timer: NodeJS.Timeout | undefined;
  private refresh: NodeJS.Timeout | undefined;
  private last = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly dataDir: string, private readonly read: () => AgentStatusFile, private readonly onError: (error: unknown) => void) {}

  start(): void {
    this.refresh = setInterval(() => this.changed(), REFRESH_MS);
    this.changed();
  }

  changed(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.write();
    }, Math.max(0, this.last + LEAST_MS - Date.now()));
  }

  /** The last word. */
  async stop(): Promise<void> {
    clearInterval(this.refresh);
    clearTimeout(this.timer);
    this.timer = undefined;
    this.write();
    await this.writing;
  }

  private write(): void {
    this.last = Date.now();
    const text = `${JSON.stringify(this.read(), undefined, 2)}\n`;
    this.writing = this.writing.then(() => writeWhole(statusFile(this.dataDir), text, { durable: false })).catch(this.onError);
  }
}
