/** Durations as Go writes them: "90s", "1h30m", "250ms". Held as whole milliseconds. */
import { FormatError, shown } from './format-error';
import { memoize } from './memoize';

/** The whole grammar; also the pattern in the CRDs' rules. */
export const DURATION_PATTERN = '^([0-9]{1,9}([.][0-9]{1,3})?(ms|s|m|h))+$';
export const DURATION_MAX_LENGTH = 32;

const WHOLE = new RegExp(DURATION_PATTERN);
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds. Throws FormatError on anything else than a duration in h, m, s and ms, or one finer than a millisecond. */
export const parseDuration = (text: string): number => (typeof text === 'string' ? known(text) : parse(text));

function parse(text: string): number {
  const refuse = (why: string): never => {
    throw new FormatError(`${shown(text)} ${why}; write hours, minutes, seconds or milliseconds such as "1h30m", "90s" or "250ms"`);
  };
  if (typeof text !== 'string' || text.length > DURATION_MAX_LENGTH || !WHOLE.test(text)) return refuse('is not a duration');
  let thousandths = 0n;
  for (const [, whole = '0', fraction = '', unit] of text.matchAll(/(\d+)(?:\.(\d+))?(ms|s|m|h)/g)) {
    thousandths += BigInt(whole + fraction.padEnd(3, '0')) * BigInt(UNIT_MS[unit as keyof typeof UNIT_MS]);
  }
  if (thousandths % 1000n !== 0n) return refuse('is finer than a millisecond');
  return Number(thousandths / 1000n);
}

const known = memoize(parse);

/** The shortest text that parseDuration reads back as `ms`: 5400000 → "1h30m", 0 → "0s". `ms` is a whole number ≥ 0. */
export function formatDuration(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < 0) throw new FormatError(`${ms} is not a whole number of milliseconds`);
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / UNIT_MS[unit]);
    rest -= count * UNIT_MS[unit];
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

/** Two significant parts for people, as in kubectl's AGE column: "73s", "5m10s", "3h20m", "4d". Negative counts as 0. */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const years = Math.floor(days / 365);
  const pair = (high: string, low: number, unit: string): string => (low === 0 ? high : `${high}${low}${unit}`);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return pair(`${minutes}m`, seconds % 60, 's');
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return pair(`${hours}h`, minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return pair(`${days}d`, hours % 24, 'h');
  if (years < 2) return `${days}d`;
  return years < 8 ? pair(`${years}y`, days % 365, 'd') : `${years}y`;
}
