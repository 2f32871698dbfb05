/**
 * Writes the parts of the Helm chart that the code decides: the CustomResourceDefinitions, the roles for users and the rules of a replica; `--check` only compares
 * and exits with 1 when one differs. Run by `make generate` and `make verify`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { GENERATED_DIR } from '../crds/load-crds';
import { AUTO_UPDATE, CLUSTER_ROLE_BINDING_DEFAULTS, CLUSTER_ROLE_DEFAULTS } from '../controlplane/auth/rbac/defaults';
import type { ClusterRole, RoleBinding } from '../controlplane/auth/rbac/types';

const CHART = 'deploy/chart';
const BOOTSTRAPPING = 'kubernetes.io/bootstrapping';

/** File, relative to the checkout, → text. */
export function chartFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const file of readdirSync(GENERATED_DIR).filter((each) => each.endsWith('.yaml'))) {
    files.set(join(CHART, 'crds', file), readFileSync(join(GENERATED_DIR, file), 'utf8'));
  }
  files.set('deploy/base/crds.yaml', [...files.values()].join('---\n'));
  files.set(join(CHART, 'files', 'user-roles.yaml'), userRoles());
  files.set(join(CHART, 'files', 'operator-rules.yaml'), operatorRules());
  return files;
}

/** What a replica may do: the rules of the kustomize base, by the names under which the chart's template asks for them. */
function operatorRules(): string {
  const roles = parseAllDocuments(readFileSync('deploy/base/rbac.yaml', 'utf8')).map((each) => each.toJS() as { kind: string; metadata: { name: string }; rules?: object[] });
  const of = (kind: string, name: string): object[] => {
    const rules = roles.find((role) => role.kind === kind && role.metadata.name === name)?.rules;
    if (!rules) throw new Error(`deploy/base/rbac.yaml has no ${kind} ${name}`);
    return rules;
  };
  const rules = { cluster: of('ClusterRole', 'gleaner-controlplane'), own: of('Role', 'gleaner-controlplane'), gatewayReader: of('Role', 'gleaner-gateway-reader') };
  return `# Written by make generate from deploy/base/rbac.yaml.\n${stringify(rules, { lineWidth: 0 })}`;
}

/** Gleaner's roles for users, the same in both modes. A cluster has its own `view`, `edit` and `admin`, which gather ours by label. */
function userRoles(): string {
  const ours = [...CLUSTER_ROLE_DEFAULTS, ...CLUSTER_ROLE_BINDING_DEFAULTS].filter(({ metadata }) => metadata.name.startsWith('gleaner-'));
  const texts = ours.map((each) => stringify(ofChart(each), { lineWidth: 0, aliasDuplicateObjects: false }));
  return `# Written by make generate from controlplane/auth/rbac/defaults.ts.\n${texts.join('---\n')}`;
}

/** Without the marks of what a server keeps by itself. */
function ofChart({ metadata, ...rest }: ClusterRole | RoleBinding): object {
  const labels = Object.entries(metadata.labels ?? {}).filter(([key]) => key !== BOOTSTRAPPING && key !== AUTO_UPDATE);
  return { ...rest, metadata: { name: metadata.name, labels: { ...Object.fromEntries(labels), 'app.kubernetes.io/name': 'gleaner' } } };
}

if (require.main === module) {
  const stale = [...chartFiles()].filter(([file, text]) => {
    try {
      return readFileSync(file, 'utf8') !== text;
    } catch {
      return true;
    }
  });
  if (!process.argv.includes('--check')) {
    for (const [file, text] of stale) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  } else if (stale.length > 0) {
    process.stderr.write(`the chart is not up to date (${stale.map(([file]) => file).join(', ')}): run make generate\n`);
    process.exitCode = 1;
  }
}
