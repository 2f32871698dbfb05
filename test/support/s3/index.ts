/** A real S3 server for tests: versitygw over a temporary folder, on loopback. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { S3Options } from '../../../controlplane/gateway/elements/s3';
import { freePort } from '../free-ports';

const SCRIPT = resolve('scripts/ensure-s3.sh');
const START_MS = 30_000;

/** @returns the program's path, or why it is not here, with the way to get it */
export function findS3(): { path: string } | { missing: string } {
  const { status, stdout, stderr, error } = spawnSync(SCRIPT, ['--find'], { encoding: 'utf8', timeout: 30_000 });
  return status === 0 ? { path: stdout.trim() } : { missing: error?.message ?? stderr.trim() };
}

/**
 * A `describe` of tests that need the server. Where it cannot be had they are reported as skipped, with the way to get it in the name; with
 * REQUIRE_S3=1 that is a failure.
 */
export function describeWithS3(name: string, tests: (program: string) => void): void {
  const found = findS3();
  if ('path' in found) {
    describe(name, () => tests(found.path));
    return;
  }
  if (process.env.REQUIRE_S3 === '1') {
    test(`${name}: needs versitygw`, () => {
      throw new Error(found.missing);
    });
    return;
  }
  describe.skip(`${name} (skipped: ${found.missing.replaceAll(/\s+/g, ' ')})`, () => {
    test('needs versitygw', () => undefined);
  });
}

const CREDENTIALS = { accessKeyId: 'gleaner-test', secretAccessKey: 'not-a-secret-of-anybody' };

export class S3Server {
  private buckets = 0;

  private constructor(private readonly process: ChildProcess, private readonly folder: string, private readonly root: string, private readonly port: number) {}

  static async start(program: string): Promise<S3Server> {
    const folder = mkdtempSync(join(tmpdir(), 'gleaner-s3-'));
    const [root, sidecar] = [join(folder, 'root'), join(folder, 'meta')];
    for (const each of [root, sidecar]) mkdirSync(each);
    const port = await freePort();
    const child = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', 'posix', '--sidecar', sidecar, root], {
      cwd: folder, stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, ROOT_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, ROOT_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey },
    });
    const end = (): void => void child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    let errors = '';
    child.stderr.on('data', (text: Buffer) => { errors = (errors + text.toString()).slice(-4000); });
    const until = Date.now() + START_MS;
    while (!(await answers(port))) {
      if (child.exitCode !== null || Date.now() > until) {
        end();
        rmSync(folder, { recursive: true, force: true });
        throw new Error(`versitygw does not answer: ${errors}`);
      }
      await delay(50);
    }
    return new S3Server(child, folder, root, port);
  }

  /** A new, empty bucket. */
  newBucket(): S3Options & { bucket: string } {
    this.buckets += 1;
    const bucket = `bucket-${this.buckets}`;
    mkdirSync(join(this.root, bucket));
    return { bucket, region: 'us-east-1', endpoint: `http://127.0.0.1:${this.port}`, pathStyle: true, credentials: CREDENTIALS };
  }

  /** Keys in a bucket, and of parts that lie in it. */
  files(bucket: string): string[] {
    const at = join(this.root, bucket);
    if (!existsSync(at)) return [];
    return readdirSync(at, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name).slice(at.length + 1));
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const gone = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const answers = (port: number): Promise<boolean> => new Promise((done) => {
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => {
    socket.destroy();
    done(true);
  });
  socket.once('error', () => done(false));
});
