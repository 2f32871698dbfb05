/**
 * Where our server answers otherwise than kube-apiserver, and why that is right or must be. An entry that no longer occurs fails the test,
 * as does a difference that no entry covers.
 */

export interface KnownDifference {
  /** Name of the sequence, or which sequences. */
  sequence: string | RegExp;
  /** Label of the step, or which labels. */
  step: string | RegExp;
  /** Where in the answer: `code`, `headers.warning`, `body.message`, … */
  at: RegExp;
  reason: string;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [];
