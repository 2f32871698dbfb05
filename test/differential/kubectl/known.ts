/**
 * What kubectl prints otherwise against our server, and why that is right or must be; see known-differences.ts. Only what `differs`
 * matches is left out of the comparison, on both sides; exit codes are always compared.
 */
import type { Printed } from './run';

export interface KnownOutput {
  scenario: string;
  /** The command line, or which. */
  line: string | RegExp;
  /** Taken out of both outputs; with the flags g and m. */
  differs: RegExp;
  reason: string;
}

const OWN_WORDS = 'descriptions of what all objects have are in our own words';
const GO_VALUES = 'the message shows values of the Go program; ours says the same in the terms of the request';
/** What is said below the fields that every object has. */
const OF_ALL_OBJECTS = /(?<=^ {2}(?:apiVersion\t<string>|kind\t<string>|metadata\t<ObjectMeta>)\n)(?: {4}\S.*\n)+/gm;

export const KNOWN_OUTPUTS: readonly KnownOutput[] = [
  { scenario: 'namespaces', line: 'describe ns k-my-namespace', differs: /\nNo (?:resource quota|LimitRange resource)\.\n/g, reason: 'quotas and limit ranges bound workloads of clusters: those kinds are not served' },
  { scenario: 'custom', line: 'explain widgets', differs: OF_ALL_OBJECTS, reason: OWN_WORDS },
  { scenario: 'custom', line: 'explain configmaps.metadata.name', differs: /(?<=^DESCRIPTION:\n)(?: {4}\S.*\n)+/gm, reason: OWN_WORDS },
  { scenario: 'discovery', line: 'explain mock-resource', differs: OF_ALL_OBJECTS, reason: OWN_WORDS },
  { scenario: 'diffing', line: 'diff --prune -f FILES/ac.yaml', differs: /^W diff\.go:\d+\] pruning failed .* no matches for kind "PersistentVolumeClaim" in version "v1"\n/gm, reason: 'kubectl looks for all kinds of workloads, which are not served' },
  { scenario: 'diffing', line: 'diff -f FILES/typed.yaml', differs: /(?<=^The request is invalid: patch: Invalid value: ).*$/gm, reason: GO_VALUES },
  { scenario: 'diffing', line: 'diff --server-side -f FILES/typed.yaml', differs: /(?<=^Error from server)(?: \(BadRequest\))?(?=: )|(?<= expected string, got ).*$/gm, reason: `${GO_VALUES}, and bad input is a 400, not a 500` },
  { scenario: 'writing', line: `patch configmap c -p '{"data":{"p":5}}'`, differs: /(?<=^The request is invalid: patch: Invalid value: ).*$/gm, reason: GO_VALUES },
  { scenario: 'gleaner', line: 'create -f FILES/unknown.yaml --dry-run=server --validate=warn', differs: /(?<=^The Job "pi" is invalid: spec: Invalid value: )(?:"object"|\{.*\})(?=: )/gm, reason: "Gleaner's own rules are told with the value that was refused; a cluster's CEL names its type only" },
];

export const isKnown = ({ scenario, line }: KnownOutput, name: string, printed: Printed): boolean =>
  scenario === name && (typeof line === 'string' ? line === printed.line : line.test(printed.line));

/** What remains to be compared. */
export function without(known: readonly KnownOutput[], printed: Printed): Printed {
  const strip = (text: string): string => known.reduce((rest, { differs }) => rest.replace(differs, ''), text);
  return { ...printed, stdout: strip(printed.stdout), stderr: strip(printed.stderr) };
}
