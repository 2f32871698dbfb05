/** Names by the rules of DNS, in Kubernetes' words. */

const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const label1035 = new RegExp(`^${LABEL_1035}$`);

/** What is wrong with a name that begins with a letter; empty: nothing. */
export function label1035Problems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 63) problems.push('must be no more than 63 bytes');
  if (!label1035.test(name)) {
    problems.push(
      `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${LABEL_1035}')`,
    );
  }
  return problems;
}

/** Of a kind, which may have capitals. */
export function kindProblem(kind: string): string | undefined {
  const problems = label1035Problems(kind.toLowerCase());
  return problems.length === 0 ? undefined : `may have mixed case, but should otherwise match: ${problems.join(',')}`;
}
