/** Kubernetes' own shell tests of kubectl (`test/cmd`), out of the Go module that the real programs are built from. */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describeWithKube } from '../kube-apiserver';
import { useStandIns } from './stand-ins';

const MODULES = resolve('test/support/kube-apiserver');
const RUN = join(__dirname, 'run.sh');
/** What the functions of `test/cmd` read. */
const PARTS = ['hack/lib', 'hack/testdata', 'test/cmd', 'test/fixtures/pkg/kubectl', 'test/fixtures/doc-yaml', 'third_party/forked/shell2junit'];
const PLUGINS = 'test/fixtures/pkg/kubectl/plugins';
/** The token of the suite's own server (`hack/testdata/auth-tokens.csv`). */
const THEIR_TOKEN = 'admin-token';
const TIMEOUT_MS = 120_000;

/** @returns the folder of the Go module, or undefined where there is none */
function kubernetesSource(): string | undefined {
  const { status, stdout } = spawnSync('go', ['list', '-m', '-f', '{{.Dir}}', 'k8s.io/kubernetes'], { cwd: MODULES, encoding: 'utf8', env: { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off', GOPROXY: 'off' }, timeout: 30_000 });
  const folder = stdout?.trim();
  return status === 0 && folder !== '' ? folder : undefined;
}

/** A `describe` of tests that need these sources and the kubectl that is made of them. Without them: as `describeWithKube` does. */
export function describeTestCmd(name: string, tests: (parts: { source: string; kubectl: string }) => void): void {
  const source = kubernetesSource();
  if (source !== undefined) return describeWithKube(name, ['kubectl'], ({ kubectl }) => tests({ source, kubectl }));
  const missing = `the Go module k8s.io/kubernetes is not on this machine: run go mod download in ${MODULES}`;
  if (process.env.REQUIRE_KUBE === '1') {
    test(`${name}: needs the sources of Kubernetes`, () => {
      throw new Error(missing);
    });
    return;
  }
  describe.skip(`${name} (skipped: ${missing})`, () => {
    test('needs the sources of Kubernetes', () => undefined);
  });
}

export interface TestCmd {
  /** Runs a function to its end. */
  run(name: string): Promise<{ code: number; output: string }>;
}

/**
 * A copy that may be written in. Nothing is changed but the administrator's token, unless there are to be stand-ins for what is not served.
 * @param dir an empty folder
 */
export function testCmd({ source, dir, kubectl, port, token, standIns = false }: { source: string; dir: string; kubectl: string; port: number; token: string; standIns?: boolean }): TestCmd {
  const root = join(dir, 'kubernetes');
  for (const part of PARTS) cpSync(join(source, part), join(root, part), { recursive: true });
  writable(root);
  for (const file of readdirSync(join(root, 'test/cmd'))) {
    const path = join(root, 'test/cmd', file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(THEIR_TOKEN, token));
  }
  // Modules do not keep which files may be run.
  for (const entry of readdirSync(join(root, PLUGINS), { recursive: true, withFileTypes: true })) if (entry.isFile() && entry.name.startsWith('kubectl-')) chmodSync(join(entry.parentPath, entry.name), 0o755);
  if (standIns) useStandIns(root);
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  symlinkSync(kubectl, join(bin, 'kubectl'));
  // What the suite's own server leaves there.
  for (const name of ['apiserver.crt', 'apiserver.key']) writeFileSync(join(dir, name), '');
  const env = { PATH: process.env.PATH ?? '', KUBE_ROOT: root, BIN: bin, PORT: String(port), TOKEN: token, TMPDIR: dir };
  return {
    run: (name) => new Promise((done) => {
      execFile(RUN, [name], { env, cwd: dir, timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
        done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, output: `${stdout}\n${stderr}` }));
    }),
  };
}

function writable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) writable(path);
    else if (entry.isFile()) chmodSync(path, 0o644);
  }
}
