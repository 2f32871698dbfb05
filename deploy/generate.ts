/**
 * Writes the parts of the Helm chart that the code decides: the CustomResourceDefinitions and the roles for users; `--check` only compares
 * and exits with 1 when one differs. Run by `make generate` and `make verify`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
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
  return files;
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
