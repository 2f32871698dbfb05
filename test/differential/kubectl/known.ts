/** What kubectl prints otherwise against our server, and why that is right or must be; see known-differences.ts. */

export interface KnownOutput {
  scenario: string;
  /** The command line, or which. */
  line: string | RegExp;
  reason: string;
}

export const KNOWN_OUTPUTS: readonly KnownOutput[] = [];
