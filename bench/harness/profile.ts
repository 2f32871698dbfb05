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
  return ranked(profile, (id) => names.get(id) ?? '?', top);
}

function ranked(profile: CpuProfile, nameOf: (id: number) => string, top: number): SelfTime[] {
  const micros = new Map<string, number>();
  let busy = 0;
  for (const [i, id] of profile.samples.entries()) {
    const name = nameOf(id);
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

/**
 * The same time by file of ours: what libraries and Node itself spend counts for the function of ours that called them, the nearest one.
 * What nobody of ours called (event loop, TLS, garbage collector) keeps its own name.
 */
export function timesByCaller(profile: CpuProfile, top: number): SelfTime[] {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id);
  const owner = new Map<number, string>();
  const ownerOf = (id: number): string => {
    const known = owner.get(id);
    if (known !== undefined) return known;
    const node = byId.get(id);
    const file = node && ownFile(node.callFrame.url);
    const parent = parents.get(id);
    let name = file;
    for (let at = parent; name === undefined && at !== undefined; at = parents.get(at)) name = ownFile(byId.get(at)?.callFrame.url ?? '');
    name ??= node === undefined ? '?' : outside(node.callFrame);
    owner.set(id, name);
    return name;
  };
  return ranked(profile, ownerOf, top);
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

const ownFile = (url: string): string | undefined => (url.includes('/node_modules/') ? undefined : /\/build\/js\/((?:controlplane|crds)\/.*)\.js$/.exec(url)?.[1]);

function outside(frame: { functionName: string; url: string }): string {
  const library = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(frame.url)?.[1];
  if (library !== undefined) return `library ${library}`;
  return frame.functionName.startsWith('(') ? frame.functionName : 'Node: sockets, TLS, timers';
}

function label(frame: { functionName: string; url: string; lineNumber: number }): string {
  const name = frame.functionName === '' ? '(anonymous)' : frame.functionName;
  if (frame.url === '') return name;
  const file = frame.url.replace(/^file:\/\//, '').replace(/^.*\/build\/js\//, '').replace(/^.*\/node_modules\//, '');
  return `${name} ${file}:${frame.lineNumber + 1}`;
}
