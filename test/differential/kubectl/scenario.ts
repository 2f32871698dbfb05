/**
 * Command lines of kubectl that run in order against both servers, in a namespace of their own. Scenarios follow Kubernetes'
 * `test/cmd/*.sh`, with kinds that need no workload controllers.
 */

export interface Command {
  /** `get configmaps -o name`; parts with spaces are quoted with ' or ". `FILES` is the folder of the scenario's files. */
  line: string;
  input?: string;
  env?: Record<string, string>;
}

export interface Scenario {
  name: string;
  /** By name; the same on both servers. */
  files?: Record<string, string>;
  commands: readonly (string | Command)[];
}

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
