/** What kubectl prints otherwise against our server, and why that is right or must be; see known-differences.ts. */

export interface KnownOutput {
  scenario: string;
  /** The command line, or which. */
  line: string | RegExp;
  reason: string;
}

export const KNOWN_OUTPUTS: readonly KnownOutput[] = [
  { scenario: 'namespaces', line: 'describe ns k-my-namespace', reason: 'quotas and limit ranges bound workloads of clusters: those kinds are not served' },
  { scenario: 'custom', line: /^explain /, reason: 'descriptions of what all objects have are in our own words' },
  { scenario: 'writing', line: `patch configmap c -p '{"data":{"p":5}}'`, reason: 'the message shows values of the Go program; ours says the same in the terms of the request' },
  { scenario: 'gleaner', line: 'create -f FILES/unknown.yaml --dry-run=server --validate=warn', reason: "Gleaner's own rules are told with the value that was refused; a cluster's CEL names its type only" },
];
