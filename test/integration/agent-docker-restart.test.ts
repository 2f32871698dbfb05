/** What becomes of running attempts when the agent or the Docker Engine goes away and comes back. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { attemptKey } from '../../agent/runtime/runtime';
import { HEAD_BYTES } from '../../agent/runtime/head-tail';
import { AttemptBench, Recorder } from '../support/docker-attempts';
import { TestDockerd } from '../support/dockerd';
import { eventually } from '../support/gleaner';

jest.setTimeout(60_000);

describe('an agent that starts anew', () => {
  const bench = new AttemptBench();
  beforeAll(() => bench.start(['shell', 'python']));
  afterAll(() => bench.stop());

  it('adopts what runs: nothing of its output or its use is lost', async () => {
    const burn = 'import time\nprint("one", flush=True)\nwhile time.process_time() < 1: pass\nprint("two", flush=True)\ntime.sleep(0.5)\nopen("out/result.json","w").write("{}")';
    const { spec, seen } = bench.begin('python', burn);
    await seen.until(() => seen.isStarted && seen.stdout === 'one\n');
    await bench.restart([attemptKey(spec)]);
    const again = new Recorder();
    const adopted = await bench.runtime.adopt(spec, bench.io, again);
    const end = await adopted?.ended;
    expect(end).toMatchObject({ reason: 'Completed', exitCode: 0, result: { inline: '{}', files: [] } });
    expect(again.stdout).toBe('one\ntwo\n');
    expect(end?.usage.cpuMicros).toBeGreaterThan(1_000_000);
    expect(end?.usage.cpuMicros).toBeLessThan(1_200_000);
    expect(end?.usage.wallMillis).toBeGreaterThanOrEqual(1500);
  });

  it('reports what ended meanwhile', async () => {
    const other = bench.begin('shell', 'echo ready; sleep 0.5; echo late; exit 4');
    await other.seen.until(() => other.seen.isStarted && other.seen.stdout !== '');
    execFileSync('sleep', ['1']);
    await bench.restart([attemptKey(other.spec)]);
    const again = new Recorder();
    expect(await (await bench.runtime.adopt(other.spec, bench.io, again))?.ended).toMatchObject({ reason: 'NonZeroExit', exitCode: 4 });
    expect(again.stdout).toBe('ready\nlate\n');
  });

  it('keeps the timeout that began with the program', async () => {
    const { spec, seen } = bench.begin('shell', 'echo ready; sleep 60', { timeoutMs: 1500 });
    await seen.until(() => seen.isStarted && seen.stdout !== '');
    await bench.restart([attemptKey(spec)]);
    const end = await (await bench.runtime.adopt(spec, bench.io, new Recorder()))?.ended;
    expect(end?.reason).toBe('TimedOut');
    expect(end?.usage.wallMillis).toBeLessThan(4000);
  });

  it('removes what nobody claims, and does not adopt what is not there', async () => {
    const { spec, seen } = bench.begin('shell', 'echo ready; sleep 60');
    await seen.until(() => seen.isStarted && seen.stdout !== '');
    await bench.restart([]);
    expect(await bench.runtime.adopt(spec, bench.io, new Recorder())).toBeUndefined();
    expect(execFileSync('docker', ['ps', '-aq', '--filter', `label=dev.gleaner.lease=${spec.lease}`]).toString()).toBe('');
  });

  it('keeps head and tail over the cut', async () => {
    const { spec, seen } = bench.begin('shell', `yes 1234567 | head -c ${HEAD_BYTES + 1000}; sleep 1; echo end`);
    await seen.until(() => seen.bytes('stdout').length === HEAD_BYTES);
    await bench.restart([attemptKey(spec)]);
    const again = new Recorder();
    await (await bench.runtime.adopt(spec, bench.io, again))?.ended;
    const kept = again.bytes('stdout');
    expect(kept.length).toBe(HEAD_BYTES + 1000 + 4);
    expect(kept.subarray(-12).toString()).toBe('1234567\nend\n');
  });
});

describe('without what root and cgroups give', () => {
  const bench = new AttemptBench({ scratch: 'directory', cgroups: 'none' });
  beforeAll(() => bench.start());
  afterAll(() => bench.stop());

  it('stops a program that fills its folder', async () => {
    const { end } = await bench.run('shell', 'i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > out/$i; done');
    expect(end.reason).toBe('ScratchExceeded');
  });

  it('marks the use as an estimate', async () => {
    const { end } = await bench.run('shell', 'for i in 1 2 3 4 5 6 7 8; do sleep 0.2; x=$(seq 10000 | wc -l); done');
    expect(end).toMatchObject({ reason: 'Completed', usage: { estimated: true } });
    expect(end.usage.cpuMicros).toBeGreaterThan(0);
  });
});

describe('an engine that is killed', () => {
  let dockerd: TestDockerd;
  let bench: AttemptBench;
  beforeAll(async () => {
    dockerd = await TestDockerd.start();
    bench = new AttemptBench({ socket: dockerd.socket });
    await bench.start();
  });
  afterAll(async () => {
    await bench.stop();
    await dockerd.stop();
  });

  it('ends what died with it RuntimeError, and what ended well before as Completed; then goes on', async () => {
    const long = bench.begin('shell', 'echo ready; trap "exit 0" TERM; while :; do sleep 0.1; done');
    const writes = bench.begin('shell', 'echo ready; while :; do echo line || exit 1; sleep 0.1; done');
    const well = bench.begin('shell', 'echo ready; sleep 1; echo 1 > out/result.json');
    for (const { seen } of [long, writes, well]) await seen.until(() => seen.isStarted && seen.stdout !== '');
    const changes: boolean[] = [];
    bench.runtime.onAvailability((available) => changes.push(available));
    await dockerd.kill();
    execFileSync('sleep', ['2']);
    await dockerd.restart();
    const ends = await Promise.all([long, writes, well].map(({ attempt }) => attempt.ended));
    expect(ends).toMatchObject([{ reason: 'RuntimeError' }, { reason: 'RuntimeError' }, { reason: 'Completed' }]);
    expect(ends[2]?.result).toEqual({ inline: '1\n', files: [] });
    // Attempts do not wait for what the runtime looks through when the engine is back.
    await eventually('the runtime is available', () => (bench.runtime.available ? true : undefined));
    expect(changes).toEqual([false, true]);
    expect((await bench.run('shell', 'echo fine')).seen.stdout).toBe('fine\n');
    expect(readdirSync(join(bench.folder, 'slots')).length).toBeLessThanOrEqual(1);
  });

  it('starts without it, offers nothing, and adopts when it is there', async () => {
    const { spec, seen } = bench.begin('shell', 'echo ready; sleep 1; exit 3');
    await seen.until(() => seen.isStarted && seen.stdout !== '');
    await dockerd.kill();
    await bench.restart([attemptKey(spec)]);
    expect([bench.runtime.available, await bench.runtime.images()]).toEqual([false, []]);
    const adopting = bench.runtime.adopt(spec, bench.io, new Recorder());
    await dockerd.restart();
    expect((await (await adopting)?.ended)?.reason).toBe('RuntimeError');
    expect(bench.runtime.available).toBe(true);
  });
});
