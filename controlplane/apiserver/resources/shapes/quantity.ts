/** Quantities (`500m`, `1.5Gi`, `1e3`) in their canonical form: no fraction, the largest suffix that loses nothing. Pure. */

const FORM = /^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,3})?$/;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** From 10^-9 on. */
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const NANO_DIGITS = 9;
const MAX_EXPONENT = 30;

/** In 10^-9, rounded up. */
function nanos(digits: string, multiplier: bigint, exponent: number): bigint {
  const [whole, fraction = ''] = digits.split('.');
  const mantissa = BigInt(`${whole}${fraction}` || '0') * multiplier;
  const shift = NANO_DIGITS + exponent - fraction.length;
  if (shift >= 0) return mantissa * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (mantissa + divisor - 1n) / divisor;
}

function decimal(value: bigint, exponential: boolean): string {
  let rest = value;
  let index = 0;
  while (index < DECIMAL.length - 1 && rest % 1000n === 0n) {
    rest /= 1000n;
    index++;
  }
  const exponent = index * 3 - NANO_DIGITS;
  return exponential ? `${rest}${exponent === 0 ? '' : `e${exponent}`}` : `${rest}${DECIMAL[index]}`;
}

function binary(value: bigint): string {
  const one = 10n ** BigInt(NANO_DIGITS);
  if (value < 1024n * one) return decimal(value, false);
  let rest = (value + one - 1n) / one;
  let index = 0;
  while (index < BINARY.length - 1 && rest % 1024n === 0n) {
    rest /= 1024n;
    index++;
  }
  return `${rest}${BINARY[index]}`;
}

/** @returns undefined when `text` is no quantity */
export function canonicalQuantity(text: string): string | undefined {
  const match = FORM.exec(text);
  if (!match || text.length > 64) return undefined;
  const [, sign, digits, suffix = ''] = match;
  const power = BINARY.indexOf(suffix);
  const exponential = /^[eE]./.test(suffix);
  const exponent = exponential ? Number(suffix.slice(1)) : suffix === '' || power > 0 ? 0 : DECIMAL.indexOf(suffix) * 3 - NANO_DIGITS;
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined;
  const value = nanos(digits, 1024n ** BigInt(Math.max(power, 0)), exponent);
  if (value === 0n) return '0';
  return `${sign === '-' ? '-' : ''}${power > 0 ? binary(value) : decimal(value, exponential)}`;
}
