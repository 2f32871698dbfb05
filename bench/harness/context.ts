/** What every scenario gets. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Children } from './children';
import type { Row } from './row';

export interface Context {
  /** Smaller counts: shows that everything works, its figures are not for publishing. */
  quick: boolean;
  /** Run the server with a CPU profile and print where its time went. */
  profile: boolean;
  /** Scratch folder of this scenario, removed afterwards. */
  dir: string;
  logDir: string;
  children: Children;
  /** One line of progress. */
  say(text: string): void;
  /** A fact about this run that belongs beside its rows: written to details.json. */
  note(text: string): void;
}

export interface Scenario {
  name: string;
  /** One sentence for --help and the docs. */
  about: string;
  run(context: Context): Promise<Row[]>;
}

export interface Session {
  context: Context;
  notes: string[];
  /** Ends every process and removes the folder. */
  close(): Promise<void>;
}

export function openSession(options: { quick: boolean; profile: boolean; say: (text: string) => void }): Session {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-bench-'));
  const logDir = join(dir, 'logs');
  mkdirSync(logDir);
  const children = new Children(logDir);
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
    options.say(text);
  };
  return {
    notes,
    context: { ...options, dir, logDir, children, note },
    close: async () => {
      await children.stopAll();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
