/** Durations and times as texts: Go's syntax for durations, RFC 3339 for times, both to the nanosecond. */
import { CelError, isInt, timestamp, type Result, type Timestamp } from './values';

const UNITS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1_000n, 'µs': 1_000n, 'μs': 1_000n, ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n };
const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g;
const MAX_TEXT = 256;

/** `1h30m`, `1.5s`, `-2ms`, `0`; undefined: no duration. */
export function parseDuration(text: string): bigint | undefined {
  if (text.length > MAX_TEXT || !DURATION.test(text)) return undefined;
  let nanos = 0n;
  for (const [, whole, fraction, unit] of text.matchAll(PART)) {
    nanos += BigInt(whole || '0') * UNITS[unit];
    if (fraction) nanos += (BigInt(fraction) * UNITS[unit]) / 10n ** BigInt(fraction.length);
  }
  const signed = text.startsWith('-') ? -nanos : nanos;
  return isInt(signed) ? signed : undefined;
}

const LONG = /^(\d+(?:\.\d+)?)\s*(ns|nano|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week)s?$/i;
const LONG_UNITS: Readonly<Record<string, number>> = {
  ns: 1, nano: 1, us: 1e3, 'µs': 1e3, micro: 1e3, ms: 1e6, milli: 1e6, s: 1e9, sec: 1e9, m: 6e10, min: 6e10,
  h: 36e11, hr: 36e11, hour: 36e11, d: 864e11, day: 864e11, w: 6048e11, wk: 6048e11, week: 6048e11,
};

/** What the format `duration` of a schema takes: Go's syntax, or one number with a unit up to weeks (`2 days`). */
export function parseFormatDuration(text: string): bigint | undefined {
  const go = parseDuration(text);
  if (go !== undefined) return go;
  const match = text.length <= MAX_TEXT ? LONG.exec(text) : null;
  if (!match) return undefined;
  const nanos = BigInt(Math.round(Number(match[1]) * LONG_UNITS[match[2].toLowerCase()]));
  return isInt(nanos) ? nanos : undefined;
}

const TIME = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** An RFC 3339 time with zone. */
export function parseTimestamp(text: string): Result {
  const match = text.length <= MAX_TEXT ? TIME.exec(text) : null;
  const wrong = new CelError("type conversion error from 'string' to 'google.protobuf.Timestamp'");
  if (!match) return wrong;
  const [, year, month, day, hour, minute, second, fraction, sign, zoneHour, zoneMinute] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const inRange = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 && Number(zoneHour ?? 0) < 24 && Number(zoneMinute ?? 0) < 60;
  if (!inRange || date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return wrong;
  let seconds = BigInt(date.getTime() / 1000) + BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second);
  const offset = sign === undefined ? 0 : (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1);
  seconds -= BigInt(offset) * 60n;
  return timestamp(seconds * 1_000_000_000n + BigInt((fraction ?? '').padEnd(9, '0')), offset);
}

/** `2024-01-01` */
export function parseDate(text: string): Result {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseTimestamp(`${text}T00:00:00Z`) : new CelError(`Invalid date formatted string ${text}`);
}

/** With the fraction's trailing zeros left out. */
export function formatTimestamp({ nanos, offsetMinutes }: Timestamp): string {
  const [seconds, rest] = floorDivide(nanos, 1_000_000_000n);
  const text = new Date(Number(seconds) * 1000 + offsetMinutes * 60_000).toISOString().slice(0, 19);
  const two = (value: number): string => String(Math.trunc(Math.abs(value))).padStart(2, '0');
  const zone = offsetMinutes === 0 ? 'Z' : `${offsetMinutes < 0 ? '-' : '+'}${two(offsetMinutes / 60)}:${two(offsetMinutes % 60)}`;
  return `${text}${rest === 0n ? '' : `.${rest.toString().padStart(9, '0').replace(/0+$/, '')}`}${zone}`;
}

/** As `string(duration)` gives it: in seconds. */
export function formatDuration(nanos: bigint): string {
  const positive = nanos < 0n ? -nanos : nanos;
  const rest = (positive % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${positive / 1_000_000_000n}${rest === '' ? '' : `.${rest}`}s`;
}

export function floorDivide(value: bigint, by: bigint): [bigint, bigint] {
  const rest = ((value % by) + by) % by;
  return [(value - rest) / by, rest];
}

export type TimePart = 'year' | 'month' | 'date' | 'dayOfMonth' | 'dayOfWeek' | 'dayOfYear' | 'hours' | 'minutes' | 'seconds' | 'milliseconds';

/** A part of a time in a zone (`UTC`, `+05:30`, `Europe/Berlin`). */
export function timePart(nanos: bigint, part: TimePart, zone: string): Result {
  const offset = zoneOffset(nanos, zone);
  if (offset instanceof CelError) return offset;
  const [millis] = floorDivide(nanos, 1_000_000n);
  const date = new Date(Number(millis) + offset);
  switch (part) {
    case 'year':
      return BigInt(date.getUTCFullYear());
    case 'month':
      return BigInt(date.getUTCMonth());
    case 'date':
      return BigInt(date.getUTCDate());
    case 'dayOfMonth':
      return BigInt(date.getUTCDate() - 1);
    case 'dayOfWeek':
      return BigInt(date.getUTCDay());
    case 'dayOfYear':
      return BigInt(Math.floor((Date.UTC(2000, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(2000, 0, 1)) / 86_400_000) - (isLeap(date.getUTCFullYear()) || date.getUTCMonth() < 2 ? 0 : 1));
    case 'hours':
      return BigInt(date.getUTCHours());
    case 'minutes':
      return BigInt(date.getUTCMinutes());
    case 'seconds':
      return BigInt(date.getUTCSeconds());
    case 'milliseconds':
      return BigInt(date.getUTCMilliseconds());
    default:
      return part satisfies never;
  }
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

function zoneOffset(nanos: bigint, zone: string): number | CelError {
  if (zone === '' || zone === 'UTC') return 0;
  const fixed = /^([+-]?)(\d{1,2}):(\d{2})$/.exec(zone);
  if (fixed) return (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000 * (fixed[1] === '-' ? -1 : 1);
  try {
    const date = new Date(Number(floorDivide(nanos, 1_000_000n)[0]));
    const text = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value;
    const match = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(text ?? '');
    if (match) return (Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)) * 60_000 * (match[1] === '-' ? -1 : 1);
  } catch {
    // Not a zone that Intl knows: said below.
  }
  return new CelError(`unknown time zone ${zone}`);
}
