import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupVersion, parseIoBytes, SlotCgroup } from './cgroups';
import { Meter } from './meter';

const MIB = 2 ** 20;

describe('Meter', () => {
  const source = { cpu: 0, io: 0, memory: undefined as number | undefined, peak: undefined as number | undefined };
  const reads = {
    counters: () => ({ cpuNanos: source.cpu, ioBytes: source.io }),
    memoryBytes: () => source.memory,
    memoryPeakBytes: () => source.peak,
  };
  beforeEach(() => Object.assign(source, { cpu: 5e9, io: 100, memory: undefined, peak: undefined }));
  const begin = { cpuNanos: 5e9, ioBytes: 100, atMs: 1000, memoryBytes: 2 * MIB };

  it('is the difference to the start, and never falls', () => {
    const meter = new Meter(reads, begin);
    Object.assign(source, { cpu: 7e9, io: 300 });
    meter.sample(3000);
    expect(meter.usage()).toMatchObject({ cpuMicros: 2_000_000, ioBytes: 200, wallMillis: 2000 });
    Object.assign(source, { cpu: 1, io: 0 });
    meter.sample(2500);
    expect(meter.usage()).toMatchObject({ cpuMicros: 2_000_000, ioBytes: 200, wallMillis: 2000 });
  });

  it('integrates memory over time, holding the last value to the end', () => {
    const meter = new Meter(reads, begin);
    source.memory = 100 * MIB;
    meter.sample(2000); // 0 → 100 in 1 s: 50
    meter.sample(4000); // 100 for 2 s: 200
    expect(meter.finish(5000).memoryMibSeconds).toBe(350);
  });

  it('takes half the peak of an attempt that was never sampled', () => {
    source.peak = 402 * MIB;
    expect(new Meter(reads, begin).finish(1100).memoryMibSeconds).toBe(20);
  });

  it('says when its source is an estimate', () => {
    expect(new Meter(reads, begin, true).finish(1100).estimated).toBe(true);
  });
});

describe('SlotCgroup', () => {
  let root: string;
  beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'gleaner-cgroup-')); });
  afterEach(() => rmSync(root, { recursive: true }));
  const put = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };

  it('reads version 1', () => {
    put('cpuacct/cpuacct.usage', '1');
    expect(cgroupVersion(root)).toBe(1);
    const slot = new SlotCgroup(1, 'cgroupfs', 'abc', 2, root);
    expect([slot.parent, slot.counters()]).toEqual(['/gleaner/abc/slot-2', { cpuNanos: 0, ioBytes: 0 }]);
    put('cpuacct/gleaner/abc/slot-2/cpuacct.usage', '123456789\n');
    put('blkio/gleaner/abc/slot-2/blkio.throttle.io_service_bytes_recursive', '7:0 Read 1\n7:0 Write 9\n7:0 Total 10\nTotal 10\n');
    put('memory/gleaner/abc/slot-2/c1/memory.usage_in_bytes', '4096\n');
    put('pids/gleaner/abc/slot-2/pids.peak', '12\n');
    slot.attach('c1');
    expect([slot.counters(), slot.memoryBytes(), slot.pidsPeak(), slot.memoryPeakBytes()]).toEqual([{ cpuNanos: 123456789, ioBytes: 10 }, 4096, 12, undefined]);
    slot.close();
  });

  it('reads version 2 below systemd slices', () => {
    put('cgroup.controllers', 'cpu memory');
    expect(cgroupVersion(root)).toBe(2);
    const slot = new SlotCgroup(2, 'systemd', 'abc', 0, root);
    put('gleaner.slice/gleaner-abc.slice/gleaner-abc-slot0.slice/cpu.stat', 'usage_usec 2000\nuser_usec 1500\n');
    put('gleaner.slice/gleaner-abc.slice/gleaner-abc-slot0.slice/io.stat', '7:0 rbytes=10 wbytes=20 rios=1 wios=1\n8:0 rbytes=1 wbytes=0 rios=1 wios=1\n');
    expect([slot.parent, slot.counters()]).toEqual(['gleaner-abc-slot0.slice', { cpuNanos: 2_000_000, ioBytes: 31 }]);
    slot.close();
  });

  it('knows a host without readable cgroups', () => {
    expect(cgroupVersion(root)).toBeUndefined();
    expect(parseIoBytes(1, '')).toBe(0);
  });
});
