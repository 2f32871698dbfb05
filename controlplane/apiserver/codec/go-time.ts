/** Times in RFC 3339 as Go's time.Parse reads them, which takes more than `Date.parse` does: an hour of one digit, a comma for the point, offsets of 24 hours. Pure. */

export interface Instant {
  /** Since 1970. */
  seconds: number;
  nanos: number;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))$/;

/** @returns undefined when it does not have the form; its numbers may be out of range */
export function parseGoTime(text: string): Instant | undefined {
  const found = RFC_3339.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHours = 0, zoneMinutes = 0] = found;
  // Date.UTC takes years below 100 for others.
  const seconds = new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(day)) / 1000 + (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60;
  return { seconds: seconds - (sign === '-' ? -offset : offset), nanos: Number(fraction.padEnd(9, '0')) };
}

/** The first second of the year 1, which is no time to Go. */
const ZERO_SECONDS = -62_135_596_800;
const LAST_SECONDS = 253_402_300_799;
const FIRST_SECONDS = -62_167_219_200;
const CANONICAL = /^(?!0001-01-01)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/;

/** As Go writes what it read: in UTC, in whole seconds or in microseconds; null of the zero time. What falls into no year of four digits stays as it is. */
export function canonicalTime(text: string, micro: boolean): string | null {
  const written = CANONICAL.exec(text);
  if (written && (written[1] !== undefined) === micro) return text;
  const instant = parseGoTime(text);
  if (!instant || instant.seconds < FIRST_SECONDS || instant.seconds > LAST_SECONDS) return text;
  if (instant.seconds === ZERO_SECONDS && instant.nanos === 0) return null;
  const base = new Date(instant.seconds * 1000).toISOString().slice(0, '2006-01-02T15:04:05'.length);
  return micro ? `${base}.${String(Math.floor(instant.nanos / 1000)).padStart(6, '0')}Z` : `${base}Z`;
}
