/**
 * What one attempt uses, from two sets of the slot's counters: at its begin, and now. Every figure is cumulative and never falls.
 * Memory is integrated over time: trapezoids between samples; an attempt too short for two samples is taken to have held half its
 * peak all along, since it went from nothing to its peak.
 */
import type { Usage } from '../../../crds/task';
import type { Counters } from './cgroups';

export interface MeterSource {
  /** Undefined: cannot be read at this moment. */
  counters(): Counters | undefined;
  memoryBytes(): number | undefined;
  memoryPeakBytes(): number | undefined;
}

export interface MeterStart extends Counters {
  /** Epoch milliseconds at which the program was started. */
  atMs: number;
  /** What the slot held before. */
  memoryBytes: number;
}

const MIB = 2 ** 20;

export class Meter {
  private cpuNanos = 0;
  private ioBytes = 0;
  private byteMillis = 0;
  private samples = 0;
  private last: { atMs: number; bytes: number };
  private wallMillis = 0;

  constructor(private readonly source: MeterSource, private readonly start: MeterStart, private readonly estimated = false) {
    this.last = { atMs: start.atMs, bytes: 0 };
  }

  /** Reads the counters; `nowMs` is epoch milliseconds. Cheap: a few reads of open files. */
  sample(nowMs: number): void {
    this.readCounters(nowMs);
    const bytes = this.source.memoryBytes();
    if (bytes === undefined) return;
    this.advance(nowMs, bytes);
    this.samples += 1;
  }

  /** The last reading, after the container ended at `endMs`. */
  finish(endMs: number): Usage {
    this.readCounters(endMs);
    if (this.samples === 0) {
      const peak = this.source.memoryPeakBytes();
      if (peak !== undefined) this.byteMillis = (Math.max(0, peak - this.start.memoryBytes) / 2) * this.wallMillis;
    } else {
      this.advance(endMs, this.last.bytes);
    }
    return this.usage();
  }

  usage(): Usage {
    return {
      cpuMicros: Math.round(this.cpuNanos / 1000),
      memoryMibSeconds: Math.round(this.byteMillis / MIB / 1000),
      wallMillis: Math.round(this.wallMillis),
      ioBytes: this.ioBytes,
      egressBytes: 0,
      ...(this.estimated ? { estimated: true } : {}),
    };
  }

  private readCounters(nowMs: number): void {
    this.wallMillis = Math.max(this.wallMillis, nowMs - this.start.atMs);
    const now = this.source.counters();
    if (!now) return;
    this.cpuNanos = Math.max(this.cpuNanos, now.cpuNanos - this.start.cpuNanos);
    this.ioBytes = Math.max(this.ioBytes, now.ioBytes - this.start.ioBytes);
  }

  private advance(nowMs: number, bytes: number): void {
    const elapsed = nowMs - this.last.atMs;
    if (elapsed <= 0) return;
    this.byteMillis += ((this.last.bytes + bytes) / 2) * elapsed;
    this.last = { atMs: nowMs, bytes };
  }
}
