/**
 * spec.parameters: which values an index has.
 *
 * The names count in alphabetical order, because a map has no order of its own (kubectl sorts it on the way); the last name
 * varies fastest. Index 0 has the first value of every name. Values of a range are exact decimals: {from: 0, to: 0.3,
 * step: 0.1} gives 0, 0.1, 0.2, 0.3.
 */
import { FormatError, shown } from './format-error';
import type { ParameterRange, Parameters } from './job';

export const MAX_COMBINATIONS = 10_000_000;
/** Places after the point that a range's numbers may have. */
export const MAX_RANGE_PLACES = 9;
export const MAX_RANGE_MAGNITUDE = 1_000_000_000_000;

const SCALE = 10n ** BigInt(MAX_RANGE_PLACES);

/** Number of indexes; throws FormatError when a range is impossible or there are more than MAX_COMBINATIONS or none. */
export function countCombinations(parameters: Parameters): number {
  let count = 1;
  for (const [name, values] of axes(parameters)) {
    const length = axisLength(values);
    if (length < 1) throw new FormatError(`parameter ${shown(name)} has no value; give a list with at least one value or a range`);
    count *= length;
    if (count > MAX_COMBINATIONS) {
      throw new FormatError(`the parameters have more than ${MAX_COMBINATIONS} combinations; shorten a list or raise a range's step`);
    }
  }
  return count;
}

/** The value of every name at `index`; throws RangeError when there is no such index. */
export function combinationAt(parameters: Parameters, index: number): Record<string, string> {
  let entries: [string, string][] = [];
  let rest = index;
  const all = axes(parameters);
  for (let at = all.length - 1; at >= 0; at--) {
    const [name, values] = all[at] as [string, string[] | ParameterRange];
    const length = axisLength(values);
    entries = [[name, axisValue(values, rest % length)], ...entries];
    rest = Math.floor(rest / length);
  }
  if (!Number.isSafeInteger(index) || index < 0 || rest !== 0) throw new RangeError(`index ${index} is not one of the parameters' combinations`);
  return Object.fromEntries(entries);
}

const axes = (parameters: Parameters): [string, string[] | ParameterRange][] =>
  Object.entries(parameters.matrix).sort(([a], [b]) => (a < b ? -1 : 1));

function axisLength(values: string[] | ParameterRange): number {
  if (Array.isArray(values)) return values.length;
  const from = scaled(values.from);
  const to = scaled(values.to);
  const step = scaled(values.step ?? 1);
  if (step <= 0n) throw new FormatError(`step ${values.step} is not above 0; leave it out for 1`);
  if (from > to) throw new FormatError(`the range from ${values.from} to ${values.to} is empty; from must not be above to`);
  return Number((to - from) / step + 1n);
}

function axisValue(values: string[] | ParameterRange, position: number): string {
  if (Array.isArray(values)) return values[position] as string;
  return unscaled(scaled(values.from) + BigInt(position) * scaled(values.step ?? 1));
}

/** A decimal number in units of 10^-MAX_RANGE_PLACES. */
function scaled(value: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e-(\d+))?$/.exec(String(value));
  const exponent = Number(match?.[4] ?? 0);
  const fraction = match?.[3] ?? '';
  if (!match || Math.abs(value) > MAX_RANGE_MAGNITUDE || fraction.length + exponent > MAX_RANGE_PLACES) {
    throw new FormatError(
      `${shown(value)} cannot be part of a range; use numbers up to ${MAX_RANGE_MAGNITUDE} with at most ${MAX_RANGE_PLACES} places`);
  }
  const magnitude = BigInt(match[2] + fraction) * SCALE / 10n ** BigInt(fraction.length + exponent);
  return match[1] ? -magnitude : magnitude;
}

function unscaled(amount: bigint): string {
  const magnitude = amount < 0n ? -amount : amount;
  const fraction = String(magnitude % SCALE).padStart(MAX_RANGE_PLACES, '0').replace(/0+$/, '');
  return `${amount < 0n ? '-' : ''}${magnitude / SCALE}${fraction && `.${fraction}`}`;
}
