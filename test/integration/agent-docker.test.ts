/** One attempt at a time through the Docker runtime: the contract with the program, the caps, the reasons, the meters. */
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEAD_BYTES, TAIL_BYTES } from '../../agent/runtime/head-tail';
import { MAX_LOG_BYTES } from '../../crds/agent-link';
import { AttemptBench, MIB } from '../support/docker-attempts';

jest.setTimeout(30_000);
const bench = new AttemptBench();
/** So many processes as it may have fit into its memory: the bound on processes is what it meets first. */
const ROOMY = { memoryBytes: 512 * MIB };
beforeAll(() => bench.start(['shell', 'python']));
afterAll(async () => {
  await bench.stop();
});

describe('the contract', () => {
  it('runs a script with its environment, inputs, arguments, and takes its results', async () => {
    const input = join(bench.folder, 'input');
    writeFileSync(input, 'forty-two', { mode: 0o444 });
    const element = `sha256:${createHash('sha256').update('forty-two').digest('hex')}`;
    bench.files.set(element, input);
    const { end, seen } = await bench.run('shell', `
      echo "$GLEANER_INDEX $GLEANER_COMPLETIONS $GLEANER_ATTEMPT $GLEANER_JOB $JOB_COMPLETION_INDEX $CITY $GREETING $1 $(pwd) $(id -u)"
      cat in/answer >&2
      echo '{"progress": 0.5, "message": "half"}' > status
      mkdir out/sub; echo part > out/sub/part.txt; echo '{"ok":true}' > out/result.json
      sleep 0.6`, { inputs: [{ name: 'answer', element }], args: ['argument'] });
    expect(end).toMatchObject({ reason: 'Completed', exitCode: 0 });
    expect(seen.stdout).toBe('3 10 1 opaque 3 Bonn hello argument /task 65532\n');
    expect(seen.stderr).toBe('forty-two');
    expect(seen.progressed).toContainEqual({ progress: 0.5, message: 'half' });
    expect(end.result?.inline).toBe('{"ok":true}\n');
    expect(end.result?.files.map(({ path, bytes }) => [path, bytes])).toEqual([['sub/part.txt', 5]]);
    expect(bench.stored.get(end.result?.files[0]?.element ?? '')?.toString()).toBe('part\n');
  });

  it('unpacks an archive and starts its command', async () => {
    const folder = join(bench.folder, 'tree');
    execFileSync('sh', ['-c', `mkdir -p ${folder}/bin && printf '#!/bin/sh\\necho from $0 $1\\n' > ${folder}/bin/go && chmod +x ${folder}/bin/go && tar -czf ${folder}.tgz -C ${folder} .`]);
    bench.files.set('sha256:tree', `${folder}.tgz`);
    const { end, seen } = await bench.run('shell', '', { script: undefined, archive: 'sha256:tree', command: ['/task/app/bin/go'], args: ['x'] });
    expect([end.reason, seen.stdout]).toEqual(['Completed', 'from /task/app/bin/go x\n']);
  });

  it('ends InputUnavailable when an input or the program cannot be had', async () => {
    const { end } = await bench.run('shell', 'true', { inputs: [{ name: 'a', element: 'sha256:none' }] });
    expect(end).toMatchObject({ reason: 'InputUnavailable', message: 'no element sha256:none', usage: { cpuMicros: 0 } });
    writeFileSync(join(bench.folder, 'bad'), 'no archive');
    bench.files.set('sha256:bad', join(bench.folder, 'bad'));
    expect((await bench.run('shell', '', { script: undefined, archive: 'sha256:bad' })).end.reason).toBe('InputUnavailable');
  });

  it('ends NonZeroExit with the code, also when the command is not there', async () => {
    expect((await bench.run('shell', 'exit 7')).end).toMatchObject({ reason: 'NonZeroExit', exitCode: 7, message: 'the program ended with exit code 7' });
    expect((await bench.run('shell', '', { command: ['/no/such/thing'] })).end).toMatchObject({ reason: 'NonZeroExit', exitCode: 127 });
  });

  it('stops with SIGTERM first, and reports why it was asked to', async () => {
    const { attempt, seen } = bench.begin('shell', 'trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done', { gracePeriodMs: 10_000 });
    await seen.until(() => seen.stdout !== '');
    attempt.stop('Cancelled', 10_000);
    expect((await attempt.ended).reason).toBe('Cancelled');
    expect(seen.stdout).toBe('ready\nbye\n');
  });

  it('kills what does not stop', async () => {
    const { attempt, seen } = bench.begin('shell', 'trap "" TERM; echo ready; while :; do sleep 0.05; done');
    await seen.until(() => seen.stdout !== '');
    attempt.stop('AgentDrained', 300);
    expect(await attempt.ended).toMatchObject({ reason: 'AgentDrained', exitCode: 137 });
  });

  it('tells a program that was killed from outside from one that killed itself', async () => {
    const { spec, attempt, seen } = bench.begin('shell', 'echo ready; sleep 60');
    await seen.until(() => seen.stdout !== '');
    const id = execFileSync('docker', ['ps', '-q', '--filter', `label=dev.gleaner.lease=${spec.lease}`]).toString().trim();
    execFileSync('docker', ['kill', id]);
    expect((await attempt.ended).reason).toBe('RuntimeError');
    expect((await bench.run('shell', 'kill -9 $$')).end).toMatchObject({ reason: 'NonZeroExit', exitCode: 137 });
  });
});

describe('caps', () => {
  it('ends OutOfMemory when it needs ten times its memory', async () => {
    const { end } = await bench.run('python', 'x = bytearray(640 * 1024 * 1024)');
    expect(end.reason).toBe('OutOfMemory');
    expect(end.message).toContain('64Mi');
  });

  it('ends OutOfMemory when a child did', async () => {
    expect((await bench.run('shell', 'x=$(head -c 300000000 /dev/zero | tr "\\0" a) || exit 5', {})).end.reason).toBe('OutOfMemory');
  });

  it('ends PidsExceeded when it forks without end', async () => {
    const { end } = await bench.run('python', 'import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(60)', { resources: ROOMY });
    expect(end.reason).toBe('PidsExceeded');
  });

  it('ends PidsExceeded when it forks without end until its time is over', async () => {
    const { end } = await bench.run('python', 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass', { timeoutMs: 2000, resources: ROOMY });
    expect(end).toMatchObject({ reason: 'PidsExceeded', message: expect.stringContaining('timeout') as string });
  });

  it('ends ScratchExceeded when it fills the disk, and nothing but its own', async () => {
    const { end, seen } = await bench.run('shell', 'head -c 100000000 /dev/zero | split -b 1000000 - out/part || { df -k /task | tail -1 >&2; exit 1; }');
    expect(end).toMatchObject({ reason: 'ScratchExceeded', message: expect.stringContaining('16Mi') as string });
    expect(seen.stderr).toContain('No space left on device');
  });

  it('ends ScratchExceeded for one file that is too long', async () => {
    expect((await bench.run('shell', 'head -c 100000000 /dev/zero > big')).end.reason).toBe('ScratchExceeded');
  });

  it('gives the size that was asked for', async () => {
    const { end } = await bench.run('shell', 'head -c 15800000 /dev/zero > fits');
    expect(end.reason).toBe('Completed');
  });

  it('ends TimedOut when it sleeps past its timeout', async () => {
    const { end } = await bench.run('shell', 'sleep 60', { timeoutMs: 1000 });
    expect(end).toMatchObject({ reason: 'TimedOut', message: 'it was still running after timeout (1 s)' });
    expect(end.usage.wallMillis).toBeGreaterThanOrEqual(1000);
  });

  it('keeps head and tail of 1 GB of output', async () => {
    const { end, seen } = await bench.run('shell', 'echo first; head -c 1000000000 /dev/zero | tr "\\0" x; echo; echo last', { timeoutMs: 100_000 });
    const kept = seen.bytes('stdout');
    expect(end.reason).toBe('Completed');
    expect(kept.length).toBeLessThanOrEqual(MAX_LOG_BYTES);
    expect(kept.subarray(0, 8).toString()).toBe('first\nxx');
    expect(kept.subarray(-7).toString()).toBe('x\nlast\n');
    expect(kept.subarray(HEAD_BYTES, -TAIL_BYTES).toString()).toBe(`\n[truncated: ${1_000_000_012 - HEAD_BYTES - TAIL_BYTES} bytes not kept]\n`);
  });

  it('has no network', async () => {
    const { end, seen } = await bench.run('python', `
import socket, os
print(sorted(os.listdir('/sys/class/net')))
s = socket.socket(); s.settimeout(2)
try: s.connect(('1.1.1.1', 53)); print('connected')
except OSError as e: print('refused', e.errno)`);
    expect([end.reason, seen.stdout]).toEqual(['Completed', expect.stringMatching(/^\['lo'.*\]\nrefused (101|113)\n$/)]);
  });

  it('cannot write outside /task and /tmp, nor to its program and inputs', async () => {
    const { seen } = await bench.run('shell', `
      for place in / /etc /usr/bin /var /dev /task/app /task/in /proc/sys/kernel /sys/fs/cgroup; do
        (: > $place/x) 2>/dev/null && echo "wrote $place"
      done
      (: > /tmp/x) && (: > /task/x) && echo fine
      cp /usr/bin/true /tmp/true && chmod +x /tmp/true && /tmp/true 2>/dev/null && echo "ran from /tmp"; exit 0`);
    expect(seen.stdout).toBe('fine\n');
  });

  it('sees nothing of the host and of other attempts', async () => {
    const { seen } = await bench.run('shell', `
      ls /task; ls /var/run/docker.sock /var/lib/docker ${bench.folder} 2>/dev/null
      ls -d /proc/[0-9]* | wc -l; head -c 1 /dev/kmsg /dev/mem /dev/loop0 /proc/kcore 2>/dev/null
      grep -E '^(Cap(Inh|Prm|Eff|Bnd)|NoNewPrivs|Seccomp):' /proc/self/status; cat /proc/self/oom_score_adj; cat /proc/self/cgroup | grep gleaner; exit 0`);
    const lines = seen.stdout.trim().split('\n');
    expect(lines.slice(0, 4)).toEqual(['app', 'checkpoint', 'in', 'out']);
    expect(Number(lines[4])).toBeLessThan(8);
    expect(lines.slice(5)).toEqual([
      'CapInh:\t0000000000000000', 'CapPrm:\t0000000000000000', 'CapEff:\t0000000000000000', 'CapBnd:\t0000000000000000',
      'NoNewPrivs:\t1', 'Seccomp:\t2', '1000',
    ]);
  });

  it('refuses system calls that reach past the container', async () => {
    const { seen } = await bench.run('python', `
import ctypes, socket, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(name, number, *args):
    ctypes.set_errno(0)
    print(name, errno.errorcode.get(ctypes.get_errno() if libc.syscall(number, *args) < 0 else 0, 'allowed'))
import platform
x = platform.machine() == 'x86_64'
for name, amd, arm in (('io_uring_setup', 425, 425), ('keyctl', 250, 219), ('add_key', 248, 217), ('userfaultfd', 323, 282), ('bpf', 321, 280),
    ('perf_event_open', 298, 241), ('mount', 165, 40), ('ptrace', 101, 117), ('unshare', 272, 97), ('setns', 308, 268), ('open_by_handle_at', 304, 265),
    ('process_vm_readv', 310, 270), ('kexec_load', 246, 104), ('init_module', 175, 105), ('pivot_root', 155, 41), ('reboot', 169, 142), ('syslog', 103, 116)):
    call(name, amd if x else arm, 0, 0, 0, 0, 0)
for family in (40, 38, 17):
    try: socket.socket(family, socket.SOCK_STREAM); print('socket', family, 'allowed')
    except OSError as e: print('socket', family, errno.errorcode[e.errno])
call('clone3', 435, 0, 0)`);
    const lines = seen.stdout.trim().split('\n');
    expect(lines).toHaveLength(21);
    expect(lines.filter((line) => !line.endsWith('EPERM'))).toEqual(['clone3 ENOSYS']);
  });

  it('does not follow links in out/', async () => {
    const { end } = await bench.run('shell', 'ln -s /etc/passwd out/result.json; ln -s /etc out/etc; mkfifo out/pipe; echo mine > out/mine');
    expect(end).toMatchObject({ reason: 'Completed', result: { files: [{ path: 'mine', bytes: 5 }] } });
    expect(end.result?.inline).toBeUndefined();
    expect((await bench.run('shell', 'rmdir out; ln -s /etc out')).end).toMatchObject({ reason: 'Completed', result: { files: [] } });
  });

  it('ends ResultTooLarge for too many files', async () => {
    const { end } = await bench.run('shell', 'cd out; for i in $(seq 1001); do : > $i; done');
    expect(end).toMatchObject({ reason: 'ResultTooLarge', message: 'out/ holds more than 1000 files' });
  });

  it('goes on afterwards, and leaves nothing behind', async () => {
    expect((await bench.run('shell', 'echo fine')).seen.stdout).toBe('fine\n');
    const left = execFileSync('docker', ['ps', '-aq', '--filter', 'label=dev.gleaner.lease', '--filter', `status=running`]).toString();
    expect(left).toBe('');
    expect(readdirSync(join(bench.folder, 'slots')).length).toBeLessThanOrEqual(1);
  });
});

describe('meters', () => {
  it('counts 2.0 CPU seconds within 5 %', async () => {
    const { end } = await bench.run('python', 'import time\nwhile time.process_time() < 2.0: pass', { resources: { memoryBytes: 64 * MIB } });
    expect(end.usage.estimated).toBeUndefined();
    expect(end.usage.cpuMicros).toBeGreaterThan(1_900_000);
    expect(end.usage.cpuMicros).toBeLessThan(2_100_000);
  });

  it('counts 50 ms too', async () => {
    const { end } = await bench.run('python', 'import time\nwhile time.process_time() < 0.05: pass');
    expect(end.usage.cpuMicros).toBeGreaterThan(50_000);
    expect(end.usage.cpuMicros).toBeLessThan(250_000);
  });

  it('counts memory over time', async () => {
    const { end } = await bench.run('python', `
import time
x = bytearray(40 * 1024 * 1024)
time.sleep(3)`);
    expect(end.usage.memoryMibSeconds).toBeGreaterThan(100);
    expect(end.usage.memoryMibSeconds).toBeLessThan(64 * 5);
  });
});
