/** Where the real programs of Kubernetes are, for tests that compare with them; see scripts/ensure-kube.sh. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

export type KubeProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubectl' | 'kubectl-current' | 'kubectl-old' | 'helm' | 'test-cmd';

const SCRIPT = resolve('scripts/ensure-kube.sh');

/** A kubectl is called kubectl in a folder of its own: it tells the server the name of its file. */
const fileOf = (program: KubeProgram): string => (program.startsWith('kubectl-') ? `${program.slice('kubectl-'.length)}/kubectl` : program);

/** @returns the path of each program (of test-cmd: the folder), or why they are not here, with the way to get them */
export function findKube<P extends KubeProgram>(...programs: P[]): { paths: Record<P, string> } | { missing: string } {
  const { status, stdout, stderr, error } = spawnSync(SCRIPT, ['--find', '--only', programs.join(',')], { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) return { missing: error?.message ?? stderr.trim() };
  const folder = stdout.trim();
  return { paths: Object.fromEntries(programs.map((program) => [program, join(folder, fileOf(program))])) as Record<P, string> };
}

/**
 * A `describe` of tests that need the programs. Where they cannot be had the tests are reported as skipped, with the way to get them in
 * the name, which scripts/test.mjs prints; with REQUIRE_KUBE=1 that is a failure.
 */
export function describeWithKube<P extends KubeProgram>(name: string, programs: readonly P[], tests: (paths: Record<P, string>) => void): void {
  const found = findKube(...programs);
  if ('paths' in found) {
    describe(name, () => tests(found.paths));
    return;
  }
  if (process.env.REQUIRE_KUBE === '1') {
    test(`${name}: needs ${programs.join(', ')}`, () => {
      throw new Error(found.missing);
    });
    return;
  }
  describe.skip(`${name} (skipped: ${found.missing.replaceAll(/\s+/g, ' ')})`, () => {
    test(`needs ${programs.join(', ')}`, () => undefined);
  });
}
