/**
 * How the command ends. Documented in docs/cli/README.md.
 *
 * 0 done · 1 it failed, or what was asked for does not hold (verify found something, a Job failed) · 2 wrong usage ·
 * 3 server or data folder not found or not reachable · 4 not allowed · 5 no such object · 6 timed out
 */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, forbidden: 4, notFound: 5, timeout: 6 } as const;

/** An error whose message is for the person at the terminal; no stack trace is shown. */
export class CliError extends Error {
  constructor(message: string, readonly exitCode: number = EXIT.failed, /** Of a refusal of the server: AlreadyExists, … */ readonly reason?: string) {
    super(message);
    this.name = 'CliError';
  }
}
