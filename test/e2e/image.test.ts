/** The container image of the control plane: built, loaded, and run as a cluster would run it. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { exchange } from '../support/https';
import { eventually } from '../support/kubectl';

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'gleaner-image-'));
const name = `gleaner-image-${process.pid}`;
/** As in the chart: read-only root, no capabilities, no new privileges, a user that is not root. */
const CONFINED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '65532:65532', '--tmpfs', '/var/lib/gleaner:uid=65532,gid=65532,mode=0700'];
let image: string;

beforeAll(async () => {
  await run(resolve('deploy/image/build.sh'), ['--out', dir, '--load'], { maxBuffer: 1 << 24 });
  image = `gleaner:${(await run('node', ['-p', 'require("./package.json").version'])).stdout.trim()}`;
}, 300_000);
afterAll(() => {
  spawnSync('docker', ['rm', '--force', name]);
  rmSync(dir, { recursive: true, force: true });
});

test('holds what runs, and no tools to build or download with', async () => {
  const script = 'for f in npm npx gcc curl wget apt-get; do command -v $f && exit 1; done; find / -xdev -perm /6000 -type f 2>/dev/null | head -n 1; ls /opt/gleaner';
  const { stdout } = await run('docker', ['run', '--rm', '--network', 'none', ...CONFINED, '--entrypoint', 'sh', image, '-c', script]);
  expect(stdout.trim().split('\n').sort()).toEqual(['LICENSE', 'bin', 'build', 'crds', 'node_modules', 'package.json', 'runtime-images']);
}, 60_000);

test('serves as a user without rights, on a read-only file system', async () => {
  const port = 20_000 + (process.pid % 10_000);
  await run('docker', ['run', '--detach', '--name', name, '--network', 'host', ...CONFINED, image, 'server', '--data', '/var/lib/gleaner/data', '--port', String(port)]);
  let code = 0;
  await eventually(() => spawnSync('docker', ['logs', name], { encoding: 'utf8' }).stderr, async () => {
    code = await ready(port);
    return code === 200;
  });
  expect(code).toBe(200);
  await run('docker', ['stop', name]);
  const { stdout: status } = await run('docker', ['inspect', '--format', '{{.State.ExitCode}}', name]);
  expect(status.trim()).toBe('0');
}, 60_000);

/** The status; 0: no answer. */
const ready = (port: number): Promise<number> => exchange(`https://127.0.0.1:${port}/readyz`, { rejectUnauthorized: false, agent: false }).then(({ code }) => code, () => 0);
