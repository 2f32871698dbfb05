/**
 * Kubernetes quantities: "500m", "256Mi", "1Gi", "1e3", and plain numbers as YAML gives them for `cpu: 1`.
 *
 * Computed in integers of any size. What lies between two units is rounded up, as Kubernetes does it (`cpu: 0.5m` is 1m).
 * Negative amounts, amounts beyond 2^53 and everything else throw FormatError.
 */
import { FormatError, shown } from './format-error';
import { memoize } from './memoize';

/** As in a manifest: a text with a unit, or a plain number. */
export type Quantity = string | number;

/** The whole grammar; also the pattern in the CRDs' rules. */
export const QUANTITY_PATTERN = '^[+]?([0-9]+([.][0-9]*)?|[.][0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][-+]?[0-9]{1,2}))?$';
export const QUANTITY_MAX_LENGTH = 32;

const GRAMMAR = /^\+?(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:([KMGTPE]i)|([numkMGTPE])|[eE]([-+]?\d{1,2}))?$/;
const BINARY: Record<string, bigint> = {
  Ki: 1n << 10n, Mi: 1n << 20n, Gi: 1n << 30n, Ti: 1n << 40n, Pi: 1n << 50n, Ei: 1n << 60n,
};
const POWER_OF_TEN: Record<string, number> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/** `text` in units of 10^-decimals, rounded up. */
function inUnits(quantity: Quantity, decimals: number, example: string): number {
  const refuse = (why: string): never => {
    throw new FormatError(`${shown(quantity)} ${why}; write an amount such as ${example}`);
  };
  const text = typeof quantity === 'number' ? String(quantity) : quantity;
  if (typeof text !== 'string' || text.length > QUANTITY_MAX_LENGTH) return refuse('is not a quantity');
  if (text.startsWith('-')) return refuse('is negative');
  const match = GRAMMAR.exec(text);
  if (!match) return refuse('is not a quantity');
  const [, whole = '', fractionAfterWhole = '', bareFraction = '', binary, decimal, exponent] = match;
  const fraction = fractionAfterWhole || bareFraction;
  const power = decimals - fraction.length + (decimal ? (POWER_OF_TEN[decimal] ?? 0) : Number(exponent ?? 0));
  let amount = BigInt(whole + fraction) * (binary ? (BINARY[binary] ?? 1n) : 1n);
  if (power >= 0) {
    amount *= 10n ** BigInt(power);
  } else {
    const divisor = 10n ** BigInt(-power);
    amount = (amount + divisor - 1n) / divisor;
  }
  return amount <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(amount) : refuse('is too large');
}

/** Thousandths of a core: "500m" → 500, "2" → 2000. */
export const parseCpuMillis = (quantity: Quantity): number => (typeof quantity === 'string' ? knownCpuMillis(quantity) : cpuMillis(quantity));

const cpuMillis = (quantity: Quantity): number => inUnits(quantity, 3, '"500m" or "2"');
const knownCpuMillis = memoize(cpuMillis);

/** Cores: "500m" → 0.5. */
export const parseCpu = (quantity: Quantity): number => parseCpuMillis(quantity) / 1000;

/** Bytes: "1Ki" → 1024, "1k" → 1000. */
export const parseBytes = (quantity: Quantity): number => (typeof quantity === 'string' ? knownBytes(quantity) : bytes(quantity));

const bytes = (quantity: Quantity): number => inUnits(quantity, 0, '"256Mi" or "1Gi"');
const knownBytes = memoize(bytes);

/** Cores as a quantity: 0.5 → "500m", 4 → "4". Finer than a thousandth is rounded to the nearest. */
export function formatCpu(cores: number): string {
  const millis = Math.round(cores * 1000);
  if (!Number.isSafeInteger(millis) || millis < 0) throw new FormatError(`${cores} is not a number of cores`);
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

/** Bytes as a quantity without loss, in the largest binary unit that divides them: 268435456 → "256Mi". */
export function formatBytes(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new FormatError(`${bytes} is not a number of bytes`);
  if (bytes === 0) return '0';
  for (const unit of ['Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
    const size = Number(BINARY[unit]);
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
