/** The formats that kube-apiserver checks in custom resources; all others are only documentation. */
import { isIPv4, isIPv6 } from 'node:net';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2}):(\d{2})(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const UNITS = /\d+\s*([A-Za-zµ]+)/g;
const UNIT_NAMES = new Set(['ns', 'us', 'µs', 'ms', 's', 'm', 'h', 'hr', 'd', 'w', 'wk']);
const UNIT_PREFIXES = ['nano', 'micro', 'milli', 'sec', 'min', 'hour', 'day', 'week'];
const HOSTNAME =
  /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u;
const ATOM = "[^\\s()<>\\[\\]:;@\\\\,\".]+";
const ADDRESS = new RegExp(`^(?:${ATOM}(?:\\.${ATOM})*|"(?:[^"\\\\]|\\\\.)*")@(?:${ATOM}(?:\\.${ATOM})*|\\[[^\\]]+\\])$`, 'u');
const NAMED_ADDRESS = /^[^<>@]*<([^<>]+)>$/;
const URI = /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)(?:[^%\p{Cc}]|%[0-9a-fA-F]{2})*$/u;
const URI_AUTHORITY = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([^/?#]*)/;
const CARD = /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;
const RGB = /^rgb\(\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/;
const uuid = (third: string, fourth: string): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}-?${fourth}-?[0-9a-f]{12}$`, 'i');
const matching = (pattern: RegExp) => (text: string): boolean => pattern.test(text);

/** By name without hyphens. */
const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', matching(/^[0-9a-f]{24}$/i)],
  ['uri', isUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', isSloppyIPv4],
  ['ipv6', (text: string) => isIPv6(text) && !text.includes('%')],
  ['cidr', isCidr],
  ['mac', isMac],
  ['uuid', matching(uuid('[0-9a-f]{4}', '[0-9a-f]{4}'))],
  ['uuid3', matching(uuid('3[0-9a-f]{3}', '[0-9a-f]{4}'))],
  ['uuid4', matching(uuid('4[0-9a-f]{3}', '[89ab][0-9a-f]{3}'))],
  ['uuid5', matching(uuid('5[0-9a-f]{3}', '[89ab][0-9a-f]{3}'))],
  ['isbn', (text: string) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCard],
  ['ssn', matching(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/)],
  ['hexcolor', matching(/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i)],
  ['rgbcolor', matching(RGB)],
  ['byte', matching(BASE64)],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
]);

/** Those that Kubernetes checks. */
export const isFormat = (format: string): boolean => FORMATS.has(format.replaceAll('-', ''));

/** Whether a text is of a format; it is of any that is not known. */
export function checkFormat(text: string, format: string): boolean {
  return FORMATS.get(format.replaceAll('-', ''))?.(text) ?? true;
}

function isDate(text: string): boolean {
  const parts = DATE.exec(text);
  if (!parts) return false;
  const [year, month, day] = parts.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isDateTime(text: string): boolean {
  const [date, time] = text.toLowerCase().split('t');
  const parts = time === undefined || !isDate(date) ? null : TIME.exec(time);
  return parts !== null && parts[1] <= '23' && parts[2] <= '59' && parts[3] <= '59';
}

/** As Go's time.ParseDuration, or with units in words. */
function isDuration(text: string): boolean {
  if (GO_DURATION.test(text)) return true;
  return [...text.matchAll(UNITS)].some(([, unit]) => {
    const name = unit.toLowerCase();
    return UNIT_NAMES.has(name) || UNIT_PREFIXES.some((prefix) => name.startsWith(prefix));
  });
}

function isEmail(text: string): boolean {
  const named = NAMED_ADDRESS.exec(text.trim());
  return ADDRESS.test(named ? named[1].trim() : text.trim());
}

function isHostname(text: string): boolean {
  return HOSTNAME.test(text) && Buffer.byteLength(text) <= 255 && text.split('.').every((label) => Buffer.byteLength(label) <= 63);
}

/** Leading zeros are allowed, as they were in Go before 1.17; so are IPv4 addresses written as IPv6. */
function isSloppyIPv4(text: string): boolean {
  const plain = text.replace(/(^|\.)0+(?=\d)/g, '$1');
  return isIPv4(plain) || (text.includes('.') && isIPv6(text) && !text.includes('%'));
}

function isCidr(text: string): boolean {
  const [address, bits, more] = text.split('/');
  if (more !== undefined || bits === undefined || !/^\d{1,3}$/.test(bits)) return false;
  if (!address.includes(':')) return isSloppyIPv4(address) && Number(bits) <= 32;
  return isIPv6(address) && Number(bits) <= 128;
}

/** 6, 8 or 20 bytes with `:` or `-` between them, or with `.` between pairs. */
function isMac(text: string): boolean {
  const bytes = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2})*)$/i.test(text) ? text.split(/[:-]/).length : 0;
  const pairs = /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(text) ? text.split('.').length * 2 : 0;
  return [6, 8, 20].includes(Math.max(bytes, pairs));
}

function isUri(text: string): boolean {
  const authority = URI_AUTHORITY.exec(text)?.[1];
  return URI.test(text) && (authority === undefined || !/[\s<>"{}|\\^`]/.test(authority));
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce((total, digit, at) => total + (at + 1) * (digit === 'X' ? 10 : Number(digit)), 0);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  const sum = [...digits].reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0);
  return sum % 10 === 0;
}

function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (!CARD.test(digits)) return false;
  const sum = [...digits].reduceRight((total, digit, at) => {
    const value = Number(digit) * ((digits.length - 1 - at) % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
