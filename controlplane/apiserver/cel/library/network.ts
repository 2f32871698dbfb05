/** Kubernetes' ip() and cidr(): addresses without zones, no IPv4-mapped IPv6. */
import { isIPv4, isIPv6 } from 'node:net';
import { traversal, type FunctionSpec, type Run } from '../functions';
import { CelError, costSize, NO_OVERLOAD, Opaque, type Result, type Value } from '../values';

export class Ip extends Opaque {
  readonly typeName = 'net.IP';
  constructor(
    readonly bits: 32 | 128,
    readonly value: bigint,
  ) {
    super();
  }
  equals(other: Opaque): boolean {
    return other instanceof Ip && other.bits === this.bits && other.value === this.value;
  }
  override toString(): string {
    return this.bits === 32 ? octets(this.value).join('.') : shortest(this.value);
  }
}

export class Cidr extends Opaque {
  readonly typeName = 'net.CIDR';
  constructor(
    readonly ip: Ip,
    readonly prefix: number,
  ) {
    super();
  }
  equals(other: Opaque): boolean {
    return other instanceof Cidr && other.prefix === this.prefix && other.ip.equals(this.ip);
  }
  contains(ip: Ip): boolean {
    const shift = BigInt(this.ip.bits - this.prefix);
    return ip.bits === this.ip.bits && ip.value >> shift === this.ip.value >> shift;
  }
  masked(): Cidr {
    const shift = BigInt(this.ip.bits - this.prefix);
    return new Cidr(new Ip(this.ip.bits, (this.ip.value >> shift) << shift), this.prefix);
  }
  override toString(): string {
    return `${this.ip}/${this.prefix}`;
  }
}

const octets = (value: bigint): number[] => [24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 255n));

/** The longest run of two or more zero groups as `::`. */
function shortest(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (from: number, to: number): string => groups.slice(from, to).map((group) => group.toString(16)).join(':');
  return best.start < 0 ? text(0, 8) : `${text(0, best.start)}::${text(best.start + best.length, 8)}`;
}

function parseAddress(text: string): Ip | undefined {
  if (isIPv4(text)) return new Ip(32, text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n));
  if (!isIPv6(text)) return undefined;
  const [address] = text.split('%');
  const tail = /:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const parts = tail ? tail[1].split('.').map(Number) : [];
  const hex = tail ? address.slice(0, -tail[1].length) + [parts[0] * 256 + parts[1], parts[2] * 256 + parts[3]].map((part) => part.toString(16)).join(':') : address;
  const [before, after] = hex.split('::');
  const list = (side: string | undefined): string[] => (side ? side.split(':') : []);
  const missing = 8 - list(before).length - list(after).length;
  const groups = hex.includes('::') ? [...list(before), ...Array.from({ length: missing }, () => '0'), ...list(after)] : list(before);
  return new Ip(128, groups.reduce((sum, group) => (sum << 16n) | BigInt(Number.parseInt(group, 16)), 0n));
}

const isMapped = (ip: Ip): boolean => ip.bits === 128 && ip.value >> 32n === 0xffffn;

/** In the words of Go's netip. */
function addressProblem(text: string): string {
  if (text.includes(':')) return 'unexpected character';
  if (!text.includes('.')) return 'unable to parse IP';
  const parts = text.split('.');
  if (parts.some((part) => /[^0-9]/.test(part))) return `unexpected character (at ${JSON.stringify(text.slice(/[^0-9.]/.exec(text)?.index))})`;
  if (parts.includes('')) return `IPv4 field must have at least one digit (at ${JSON.stringify(text.slice(parts.indexOf('') === 0 ? 0 : parts.slice(0, parts.indexOf('')).join('.').length))})`;
  if (parts.some((part) => Number(part) > 255)) return 'IPv4 field has value >255';
  if (parts.some((part) => /^0./.test(part))) return 'IPv4 field has octet with leading zero';
  return parts.length < 4 ? 'IPv4 address too short' : 'IPv4 address too long';
}

function parseIp(text: string): Ip | CelError {
  const ip = text.length > 100 ? undefined : parseAddress(text);
  const shown = JSON.stringify(text);
  if (!ip) return new CelError(`IP Address ${shown} parse error during conversion from string: ParseAddr(${shown}): ${addressProblem(text)}`);
  if (text.includes('%')) return new CelError(`IP address ${shown} with zone value is not allowed`);
  return isMapped(ip) ? new CelError(`IPv4-mapped IPv6 address ${shown} is not allowed`) : ip;
}

function parseCidr(text: string): Cidr | CelError {
  const slash = text.lastIndexOf('/');
  const length = slash < 0 || text.length > 100 ? undefined : /^(0|[1-9]\d{0,2})$/.exec(text.slice(slash + 1))?.[1];
  const ip = length === undefined || text.includes('%') ? undefined : parseAddress(text.slice(0, slash));
  const shown = JSON.stringify(text);
  const failed = (detail: string): CelError => new CelError(`network address parse error during conversion from string: ${detail}`);
  if (!ip || Number(length) > ip.bits) return failed(`network address parse error during conversion from string: netip.ParsePrefix(${shown}): ${slash < 0 ? "no '/'" : 'unable to parse IP'}`);
  return isMapped(ip) ? failed(`IPv4-mapped IPv6 address ${shown} is not allowed`) : new Cidr(ip, Number(length));
}

const ofIp = (run: (ip: Ip) => Result): Run => (ip) => (ip instanceof Ip ? run(ip) : NO_OVERLOAD);
const ofCidr = (run: (cidr: Cidr) => Result): Run => (cidr) => (cidr instanceof Cidr ? run(cidr) : NO_OVERLOAD);
const ofText = (run: (text: string) => Result): Run => (text) => (typeof text === 'string' ? run(text) : NO_OVERLOAD);
const reading = (args: readonly Value[]): number => Math.max(1, traversal(costSize(args[0])));

/** Whether the first `bits` of an address are those of `value`, by family. */
const within = (ip: Ip, v4: readonly [bigint, number], v6: readonly [bigint, number]): boolean => {
  const [value, bits] = ip.bits === 32 ? v4 : v6;
  return ip.value >> BigInt(ip.bits - bits) === value;
};
const isUnspecified = (ip: Ip): boolean => ip.value === 0n;
const isLoopback = (ip: Ip): boolean => within(ip, [127n, 8], [1n, 128]);
const isLinkLocal = (ip: Ip): boolean => within(ip, [0xa9fen, 16], [0x3fan, 10]);
const isMulticast = (ip: Ip): boolean => within(ip, [0xen, 4], [0xffn, 8]);
/** An IPv6 scope 2 address, whatever its flags. */
const isLinkLocalMulticast = (ip: Ip): boolean => (ip.bits === 32 ? ip.value >> 8n === 0xe00000n : ip.value >> 120n === 0xffn && ((ip.value >> 112n) & 0xfn) === 2n);
const isGlobal = (ip: Ip): boolean => !isUnspecified(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocal(ip) && !(ip.bits === 32 && ip.value === 0xffffffffn);

export const NETWORK: Readonly<Record<string, FunctionSpec>> = {
  ip: {
    global: ['string -> net.IP'],
    member: ['net.CIDR -> net.IP'],
    run: (value) => (typeof value === 'string' ? parseIp(value) : value instanceof Cidr ? value.ip : NO_OVERLOAD),
    cost: reading,
  },
  isIP: { global: ['string -> bool'], run: ofText((text) => parseIp(text) instanceof Ip), cost: reading },
  'ip.isCanonical': {
    global: ['string -> bool'],
    run: ofText((text) => {
      const ip = parseIp(text);
      return ip instanceof CelError ? ip : String(ip) === text;
    }),
    cost: (args) => 2 * reading(args),
  },
  family: { member: ['net.IP -> int'], run: ofIp((ip) => (ip.bits === 32 ? 4n : 6n)) },
  isUnspecified: { member: ['net.IP -> bool'], run: ofIp(isUnspecified) },
  isLoopback: { member: ['net.IP -> bool'], run: ofIp(isLoopback) },
  isLinkLocalMulticast: { member: ['net.IP -> bool'], run: ofIp(isLinkLocalMulticast) },
  isLinkLocalUnicast: { member: ['net.IP -> bool'], run: ofIp(isLinkLocal) },
  isGlobalUnicast: { member: ['net.IP -> bool'], run: ofIp(isGlobal) },
  cidr: { global: ['string -> net.CIDR'], run: ofText(parseCidr), cost: reading },
  isCIDR: { global: ['string -> bool'], run: ofText((text) => parseCidr(text) instanceof Cidr), cost: reading },
  containsIP: {
    member: ['net.CIDR, string -> bool', 'net.CIDR, net.IP -> bool'],
    run: (cidr, other) => {
      const ip = typeof other === 'string' ? parseIp(other) : other;
      // As there, a text that is no address is no argument.
      return cidr instanceof Cidr && ip instanceof Ip ? cidr.contains(ip) : NO_OVERLOAD;
    },
    cost: (args) => 4 + traversal(costSize(args[1])),
  },
  containsCIDR: {
    member: ['net.CIDR, string -> bool', 'net.CIDR, net.CIDR -> bool'],
    run: (cidr, other) => {
      const inner = typeof other === 'string' ? parseCidr(other) : other;
      return cidr instanceof Cidr && inner instanceof Cidr ? cidr.prefix <= inner.prefix && cidr.contains(inner.ip) : NO_OVERLOAD;
    },
    cost: (args) => 7 + traversal(costSize(args[1])),
  },
  prefixLength: { member: ['net.CIDR -> int'], run: ofCidr((cidr) => BigInt(cidr.prefix)) },
  masked: { member: ['net.CIDR -> net.CIDR'], run: ofCidr((cidr) => cidr.masked()) },
};
