/** Money: decimal strings of credits in objects ("5.00"), whole micro-credits (bigint) in computations. */
import { FormatError, shown } from './format-error';

export const MICRO_PER_CREDIT = 1_000_000n;
/** 999,999,999,999.999999 credits: sums of many still fit 64 bits. */
export const MAX_CREDITS_MICRO = 10n ** 18n - 1n;

/** Amounts ≥ 0; also the pattern in the CRDs' rules. */
export const CREDITS_PATTERN = '^[0-9]{1,12}([.][0-9]{1,6})?$';
export const CREDITS_MAX_LENGTH = 20;
/** 0 … 1, six places; also the pattern in the CRDs' rules. */
export const SHARE_PATTERN = '^(0([.][0-9]{1,6})?|1([.]0{1,6})?)$';

const CREDITS = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/;

function parse(text: string, sign: boolean): bigint {
  const match = typeof text === 'string' ? CREDITS.exec(text) : null;
  if (!match || (match[1] && !sign)) {
    throw new FormatError(
      `${shown(text)} is not an amount of credits; write a decimal string ${sign ? '' : 'of 0 or more '}with at most 12 digits before`
      + ' and 6 after the point, such as "5.00"');
  }
  const micro = BigInt((match[2] ?? '0') + (match[3] ?? '').padEnd(6, '0'));
  return match[1] ? -micro : micro;
}

/** "5.00" → 5_000_000n. Throws FormatError on negative amounts and everything else. */
export const parseCredits = (text: string): bigint => parse(text, false);

/** As parseCredits, and "-1.50" → -1_500_000n: balances may lie below zero. */
export const parseSignedCredits = (text: string): bigint => parse(text, true);

/** The shortest exact text with at least two places: 5_000_000n → "5.00", 12_300n → "0.0123". */
export function formatCredits(micro: bigint): string {
  const magnitude = micro < 0n ? -micro : micro;
  const fraction = String(magnitude % MICRO_PER_CREDIT).padStart(6, '0').replace(/0{1,4}$/, '');
  return `${micro < 0n ? '-' : ''}${magnitude / MICRO_PER_CREDIT}.${fraction}`;
}

/** A share 0 … 1 in millionths: "0.8" → 800_000n. Throws FormatError. */
export function parseShare(text: string): bigint {
  if (typeof text !== 'string' || !new RegExp(SHARE_PATTERN).test(text)) {
    throw new FormatError(`${shown(text)} is not a share; write a decimal string from "0" to "1" with at most 6 places, such as "0.8"`);
  }
  return parse(text, false);
}
