/** What the kernel counts for a process: CPU time and memory. Linux only; elsewhere undefined. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8', timeout: 5000 }).trim()) || 100;

/** User and system time of all threads so far, seconds (in steps of 10 ms). @throws when the process is gone */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the command in parentheses, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export interface Memory {
  rssBytes: number;
  peakBytes: number;
}

export function memory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { rssBytes: kib('VmRSS'), peakBytes: kib('VmHWM') };
}

export interface CpuShare {
  /** 1 is one core, busy all the time. */
  share: number;
  seconds: number;
}

/** Call it once to begin, and the function it returns to end. */
export function startCpuMeter(pid: number): () => CpuShare {
  const cpu = cpuSeconds(pid);
  const start = performance.now();
  return () => {
    const seconds = (performance.now() - start) / 1000;
    return { share: (cpuSeconds(pid) - cpu) / seconds, seconds };
  };
}
