/**
 * Command lines of kubectl that run in order against both servers, in a namespace of their own. Scenarios follow Kubernetes'
 * `test/cmd/*.sh`, with kinds that need no workload controllers.
 */

export interface Command {
  /** `get configmaps -o name`; parts with spaces are quoted with ' or ". `FILES` is the folder of the scenario's files. */
  line: string;
  input?: string;
  env?: Record<string, string>;
  /** Only what it matches, with the flag g, is compared: for output that tells of the whole server. */
  keep?: RegExp;
  /** Again until it succeeds, for ten seconds: the real server takes up definitions some time after it said so. */
  settles?: boolean;
  /** A line that runs five seconds after this one began, which waits for it. */
  meanwhile?: string;
}

export interface Scenario {
  name: string;
  /** By name; the same on both servers. There are also tls.crt and tls.key, a pair. */
  files?: Record<string, string>;
  commands: readonly (string | Command)[];
}

/** `line`, of whose output only `keep` is compared. */
export const partOf = (line: string, keep: RegExp): Command => ({ line, keep });

/** `line`, again until it succeeds. */
export const settled = (line: string): Command => ({ line, settles: true });

/** `line` with what it reads from standard input. */
export const piped = (line: string, input: string): Command => ({ line, input });

/** The words of a command line. @throws Error for a quote that is not closed */
export function words(line: string): string[] {
  const found: string[] = [];
  const pattern = /((?:[^\s'"]+|'[^']*'|"[^"]*")+)\s*/y;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line);
    if (!match) throw new Error(`cannot read the command line: ${line}`);
    found.push(match[1].replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''));
  }
  return found;
}
