/** Kubernetes' own shell tests of kubectl (`test/cmd`), as scripts/ensure-kube.sh keeps them. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { useStandIns } from './stand-ins';

const RUN = join(__dirname, 'run.sh');
/** The token of the suite's own server (`hack/testdata/auth-tokens.csv`). */
const THEIR_TOKEN = 'admin-token';
const TIMEOUT_MS = 120_000;

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
  cpSync(source, root, { recursive: true });
  for (const file of readdirSync(join(root, 'test/cmd'))) {
    const path = join(root, 'test/cmd', file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(THEIR_TOKEN, token));
  }
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
