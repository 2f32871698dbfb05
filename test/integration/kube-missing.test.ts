/** Machines on which the real programs of Kubernetes are not: what is skipped is named, with the way to get it; REQUIRE_KUBE=1 makes it a failure. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const WITHOUT = ['go', 'kubectl', 'etcd', 'kube-apiserver', 'node'];
let dir: string;
let env: NodeJS.ProcessEnv;

/** What the scripts call, and nothing of Kubernetes and Go. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-without-kube-'));
  for (const tool of ['bash', 'env', 'sh', 'cat', 'cut', 'sha256sum', 'dirname', 'mkdir', 'ln', 'grep', 'head', 'sed', 'timeout', 'flock', 'tail', 'id', 'uname', 'sleep', 'mktemp', 'date', 'rm', 'touch', 'chmod', 'mv', 'cp', 'find', 'awk', 'tr', 'printf']) {
    const path = spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
    if (path.startsWith('/')) symlinkSync(path, join(dir, tool));
  }
  env = { PATH: dir, HOME: dir, XDG_CACHE_HOME: join(dir, 'cache'), GLEANER_STATE_DIR: join(dir, 'state') };
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const script = (name: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync(resolve('scripts', name), args, { encoding: 'utf8', env, timeout: 30_000 });

test('the scripts say what is not there and how to get it, and fail', () => {
  for (const tool of WITHOUT) expect(spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8', env }).stdout).toBe('');
  const kubectl = script('ensure-kubectl.sh', '--install');
  expect([kubectl.status, kubectl.stdout]).toEqual([1, '']);
  expect(kubectl.stderr).toContain('install Go 1.26 or newer');
  const kube = script('ensure-kube.sh', '--find', '--only', 'etcd,kube-apiserver');
  expect([kube.status, kube.stdout]).toEqual([1, '']);
  expect(kube.stderr).toMatch(/not here: etcd kube-apiserver[^]*set KUBEBUILDER_ASSETS/);
});

/** A test of its own that needs the programs, run by jest and by the summary of scripts/test.mjs. */
function run(require: boolean): { status: number | null; stdout: string } {
  const root = mkdtempSync(join(dir, 'checkout-'));
  for (const each of ['scripts', 'node_modules', 'test', 'package.json', 'tsconfig.json']) symlinkSync(resolve(each), join(root, each));
  writeFileSync(join(root, 'needs.spec.ts'), "import { describeWithKube } from './test/support/kube-apiserver';\ndescribeWithKube('the real one', ['etcd'], () => { test('is there', () => undefined); });\n");
  const config = readFileSync('jest.config.js', 'utf8').replace('<rootDir>/{crds,controlplane,agent,cli,bench}/**/*.test.ts', '<rootDir>/needs.spec.ts');
  writeFileSync(join(root, 'jest.config.js'), config);
  const { status, stdout } = spawnSync(process.execPath, ['scripts/test.mjs', 'unit'], { cwd: root, encoding: 'utf8', env: { ...env, ...(require && { REQUIRE_KUBE: '1' }) }, timeout: 80_000 });
  return { status, stdout };
}

test('what needs them is skipped by name, with the way to get them', () => {
  const { status, stdout } = run(false);
  expect(stdout).toMatch(/unit: skipped: the real one \(skipped: .*not here: etcd.*install Go/);
  expect(stdout).toMatch(/0 passed, 0 failed, 1 skipped\n$/);
  expect(status).toBe(0);
}, 90_000);

test('with REQUIRE_KUBE=1 it fails', () => {
  const { status, stdout } = run(true);
  expect(stdout).toMatch(/0 passed, 1 failed\n$/);
  expect(status).toBe(1);
}, 90_000);
