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

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    sequence: 'defining-changes', step: 'a write keeps them', at: /^body\.metadata\.generation$/,
    reason: 'What is stored lacks the defaults that came later: the first write brings them in, and that counts as a change of what is desired.',
  },
  {
    sequence: /^defining-/, step: /^(delete|away)$/, at: /^body\.metadata\.(generation|deletionGracePeriodSeconds)$/,
    reason: 'Definitions are deleted like everything else that finalizers hold: there is no form of deletion for them alone.',
  },
];
