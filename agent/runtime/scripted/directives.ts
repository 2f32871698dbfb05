/**
 * What a task's text tells the scripted runtime, as JSON; `$NAME` in its strings and `"$NAME"` for a number are replaced from the
 * environment (so also by the task's index). Anything that is no JSON object ends at once with the result `{"index": i}`.
 */
import { ATTEMPT_REASONS, type AttemptReason } from '../../../crds/attempt-reasons';

export interface Directives {
  sleepMs: number;
  /** Metered as so much CPU time; none is burnt. */
  cpuMs: number;
  memoryBytes: number;
  scratchBytes: number;
  exit: number;
  /** Ends so, whatever else. */
  reason?: AttemptReason;
  result: unknown;
  stdout?: string;
  stderr?: string;
  /** Reported at equal distances while it sleeps. */
  progress: number[];
}

const substitute = (text: string, env: Record<string, string>): string => text.replace(/\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?/g, (all, name: string) => env[name] ?? all);

function number(value: unknown, fallback: number): number {
  const parsed = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof parsed === 'number' && Number.isFinite(parsed) && parsed >= 0 ? parsed : fallback;
}

/** Never throws. */
export function parseDirectives(text: string, env: Record<string, string>, index: number): Directives {
  const plain: Directives = { sleepMs: 0, cpuMs: 0, memoryBytes: 0, scratchBytes: 0, exit: 0, result: { index }, progress: [] };
  if (!text.trimStart().startsWith('{')) return plain;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text, (_, part: unknown) => (typeof part === 'string' ? substitute(part, env) : part)) as Record<string, unknown>;
  } catch {
    return plain;
  }
  const { reason, result, stdout, stderr, progress } = value;
  return {
    sleepMs: number(value.sleepMs, 0),
    cpuMs: number(value.cpuMs, 0),
    memoryBytes: number(value.memoryBytes, 0),
    scratchBytes: number(value.scratchBytes, 0),
    exit: Math.trunc(number(value.exit, 0)) & 255,
    ...(typeof reason === 'string' && Object.hasOwn(ATTEMPT_REASONS, reason) ? { reason: reason as AttemptReason } : {}),
    result: result === undefined ? plain.result : result,
    ...(typeof stdout === 'string' ? { stdout } : {}),
    ...(typeof stderr === 'string' ? { stderr } : {}),
    progress: Array.isArray(progress) ? progress.filter((p): p is number => typeof p === 'number' && p >= 0 && p <= 1).slice(0, 1000) : [],
  };
}
