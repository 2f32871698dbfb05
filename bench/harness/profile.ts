/** Reads a V8 `.cpuprofile` and says where the time went. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[];
  samples: number[];
  /** Microseconds since the sample before. */
  timeDeltas: number[];
}

export interface SelfTime {
  where: string;
  ms: number;
  /** Of the time that was not idle. */
  share: number;
}

/** Functions by the time spent in themselves, most first; idle time is left out. */
export function selfTimes(profile: CpuProfile, top: number): SelfTime[] {
  const names = new Map(profile.nodes.map((node) => [node.id, label(node.callFrame)]));
  const micros = new Map<string, number>();
  let busy = 0;
  for (const [i, id] of profile.samples.entries()) {
    const name = names.get(id) ?? '?';
    if (name === '(idle)') continue;
    const delta = profile.timeDeltas[i] ?? 0;
    busy += delta;
    micros.set(name, (micros.get(name) ?? 0) + delta);
  }
  return [...micros]
    .sort((a, b) => b[1] - a[1])
    .slice(0, top)
    .map(([where, us]) => ({ where, ms: us / 1000, share: busy === 0 ? 0 : us / busy }));
}

/** The newest profile in a folder. @throws Error when there is none */
export function readProfile(dir: string): CpuProfile {
  const file = readdirSync(dir)
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort()
    .at(-1);
  if (file === undefined) throw new Error(`no .cpuprofile in ${dir}: the server did not end cleanly`);
  return JSON.parse(readFileSync(join(dir, file), 'utf8')) as CpuProfile;
}

function label(frame: { functionName: string; url: string; lineNumber: number }): string {
  const name = frame.functionName === '' ? '(anonymous)' : frame.functionName;
  if (frame.url === '') return name;
  const file = frame.url.replace(/^file:\/\//, '').replace(/^.*\/build\/js\//, '').replace(/^.*\/node_modules\//, '');
  return `${name} ${file}:${frame.lineNumber + 1}`;
}
