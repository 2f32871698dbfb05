/** Replays a sequence on both servers and says where they differ beyond what is known. */
import { isObject } from '../../controlplane/apiserver/schema/schema';
import { KNOWN_DIFFERENCES, type KnownDifference } from './known-differences';
import { differences, type Difference, type Normal } from './normalise';
import { replay, type Target } from './replay';
import type { Sequence } from './step';

export interface Found extends Difference {
  sequence: string;
  step: string;
}

export interface Comparison {
  /** Nothing in the list covers these. */
  unknown: Found[];
  /** What of the list occurred. */
  occurred: Set<KnownDifference>;
}

export async function compare(real: Target, ours: Target, sequence: Sequence): Promise<Comparison> {
  const [left, right] = await Promise.all([replay(real, sequence), replay(ours, sequence, false)]);
  const unknown: Found[] = [];
  const occurred = new Set<KnownDifference>();
  for (const [step, answer] of left) {
    for (const difference of differencesOf(answer, right.get(step))) {
      const known = KNOWN_DIFFERENCES.filter((one) => covers(one, sequence.like ?? sequence.name, step, difference.at) && saysCodes(one, answer.code, right.get(step)?.code) && isAlike(one, difference));
      for (const one of known) occurred.add(one);
      if (known.length === 0) unknown.push({ sequence: sequence.name, step, ...difference });
    }
  }
  return { unknown, occurred };
}

/** Of answers of different codes, headers and (of two refusals) messages are compared as well. */
function differencesOf(real: Normal, ours: Normal | undefined): Difference[] {
  if (ours === undefined) return [{ at: 'code', real: summary(real), ours }];
  if (real.code === ours.code) return differences(real, ours);
  const rest = [real, ours].map(({ headers, body }) => ({ headers, ...(isStatus(real.body) && isStatus(ours.body) && { body: { message: (body as { message?: unknown }).message } }) }));
  return [{ at: 'code', real: summary(real), ours: summary(ours) }, ...differences(rest[0], rest[1])];
}

const isStatus = (body: unknown): boolean => isObject(body) && body.kind === 'Status';

function summary({ code, body }: Normal): string {
  return `${code} ${typeof body === 'string' ? body : JSON.stringify(isObject(body) && body.kind === 'Status' ? { message: body.message, details: body.details } : body)}`;
}

function covers({ sequence, step, at }: KnownDifference, inSequence: string, inStep: string, where: string): boolean {
  return (typeof sequence === 'string' ? sequence === inSequence : sequence.test(inSequence)) && (typeof step === 'string' ? step === inStep : step.test(inStep)) && at.test(where);
}

/** Where codes differ, both must be the listed ones; an entry without codes is about what answers of one code hold. */
function saysCodes({ real, ours }: KnownDifference, realCode: number, ourCode: number | undefined): boolean {
  return realCode === ourCode ? real === undefined && ours === undefined : real === realCode && ours === ourCode;
}

function isAlike({ alike }: KnownDifference, { real, ours }: Difference): boolean {
  return !alike || (typeof real === 'string' && typeof ours === 'string' && alike(real, ours));
}

export function show({ sequence, step, at, real, ours }: Found): string {
  return `${sequence} › ${step} › ${at}\n    real: ${brief(real)}\n    ours: ${brief(ours)}`;
}

const MAX_CHARS = 700;
function brief(value: unknown): string {
  const text = value === undefined ? '(absent)' : JSON.stringify(value);
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}… (${text.length} characters)` : text;
}
