/** Field types of this API with a grammar of their own. The same rule is checked by admission and, as CEL, by a cluster. */
import { CREDITS_MAX_LENGTH, CREDITS_PATTERN, parseCredits, SHARE_PATTERN } from '../credits';
import { DURATION_MAX_LENGTH, DURATION_PATTERN, formatDuration, parseDuration } from '../duration';
import { FormatError } from '../format-error';
import { parseBytes, parseCpuMillis, QUANTITY_MAX_LENGTH, QUANTITY_PATTERN, type Quantity } from '../quantity';
import { EachText, format } from './fields';

/** True when `read` accepts the value and `within` the outcome. */
function reads<T>(read: () => T, within: (outcome: T) => boolean): boolean {
  try {
    return within(read());
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

const matches = (pattern: string, max: number) => (value: unknown): boolean =>
  typeof value === 'string' && value.length <= max && new RegExp(pattern).test(value);

/** A duration from `min` to `max`, both durations as well. */
export function DurationText(min: string, max: string): PropertyDecorator {
  const [least, most] = [parseDuration(min), parseDuration(max)];
  return format({ type: 'string', maxLength: DURATION_MAX_LENGTH }, {
    cel: `self.matches('${DURATION_PATTERN}') && duration(self) >= duration('${formatDuration(least)}') && duration(self) <= duration('${formatDuration(most)}')`,
    message: `must be a duration from ${min} to ${max}, such as "90s" or "1h30m"`,
    holds: (value) => reads(() => parseDuration(value as string), (ms) => ms >= least && ms <= most),
  });
}

function quantity(parse: (value: Quantity) => number, min: string, max: string, example: string): PropertyDecorator {
  const [least, most] = [parse(min), parse(max)];
  const anyOf = [{ type: 'integer' }, { type: 'string' }];
  return format({ 'x-kubernetes-int-or-string': true, anyOf, maxLength: QUANTITY_MAX_LENGTH }, {
    cel: `string(self).matches('${QUANTITY_PATTERN}') && isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('${min}')) >= 0`
      + ` && quantity(string(self)).compareTo(quantity('${max}')) <= 0`,
    message: `must be a quantity from ${min} to ${max}, such as ${example}`,
    holds: (value) => (typeof value === 'string' || Number.isSafeInteger(value)) && reads(() => parse(value as Quantity), (amount) => amount >= least && amount <= most),
  });
}

export const CpuQuantity = (min: string, max: string): PropertyDecorator => quantity(parseCpuMillis, min, max, '"500m" or "2"');
export const BytesQuantity = (min: string, max: string): PropertyDecorator => quantity(parseBytes, min, max, '"256Mi" or "1Gi"');

/** Credits, 0 or more; `positive`: more than 0. */
export const Credits = (positive = false): PropertyDecorator => format({ type: 'string', maxLength: CREDITS_MAX_LENGTH }, {
  cel: `self.matches('${CREDITS_PATTERN}')${positive ? " && self.matches('[1-9]')" : ''}`,
  message: `must be an amount of credits ${positive ? 'above 0' : 'of 0 or more'} with at most 12 digits before and 6 after the point, quoted, such as "5.00"`,
  holds: (value) => reads(() => parseCredits(value as string), (micro) => micro > 0n || !positive),
});

/** A share 0 … 1. */
export const Share = (): PropertyDecorator => format({ type: 'string', maxLength: 8 }, {
  cel: `self.matches('${SHARE_PATTERN}')`,
  message: 'must be a share from "0" to "1" with at most 6 places, quoted, such as "0.8"',
  holds: matches(SHARE_PATTERN, 8),
});

const DIGEST = '^sha256:[0-9a-f]{64}$';
/** `sha256:<64 hex>` */
export const Digest = (): PropertyDecorator => format({ type: 'string', maxLength: 71 }, {
  cel: `self.matches('${DIGEST}')`,
  message: 'must be sha256: and 64 hexadecimal digits, as `gleaner elements put` prints it',
  holds: matches(DIGEST, 71),
});

const DIGEST_OR_REFERENCE = '^(sha256:[0-9a-f]{64}|[$][(][A-Za-z_][A-Za-z0-9_]{0,127}[)])$';
/** A digest, or `$(NAME)` for the index's value of a parameter. */
export const DigestOrReference = (): PropertyDecorator => format({ type: 'string', maxLength: 131 }, {
  cel: `self.matches('${DIGEST_OR_REFERENCE}')`,
  message: 'must be sha256: and 64 hexadecimal digits, as `gleaner elements put` prints it, or $(NAME) with the name of a parameter',
  holds: matches(DIGEST_OR_REFERENCE, 131),
});

export const LABEL_PATTERN = '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$';
const SUBDOMAIN_PATTERN = '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$';
/** The name of another object. */
export const ObjectName = (): PropertyDecorator => format({ type: 'string', maxLength: 253 }, {
  cel: `self.matches('${SUBDOMAIN_PATTERN}')`,
  message: 'must be the name of an object: lower-case letters, digits, - and . only, such as "python"',
  holds: matches(SUBDOMAIN_PATTERN, 253),
});

export const ENV_NAME_MESSAGE = 'must be letters, digits and _ not starting with a digit, at most 128; names that start with GLEANER_, and JOB_COMPLETION_INDEX, are reserved';
const ENV_NAME = '^[A-Za-z_][A-Za-z0-9_]{0,127}$';
/** Whether a program's environment may have a variable of this name. `__proto__` is refused because readers in JavaScript stumble over it. */
export const isEnvName = (name: string): boolean =>
  new RegExp(ENV_NAME).test(name) && !name.startsWith('GLEANER_') && name !== 'JOB_COMPLETION_INDEX' && name !== '__proto__';
export const EnvName = (): PropertyDecorator => format({ type: 'string', maxLength: 128 }, {
  cel: `self.matches('${ENV_NAME}') && !self.startsWith('GLEANER_') && !(self in ['JOB_COMPLETION_INDEX', '__proto__'])`,
  message: ENV_NAME_MESSAGE,
  holds: (value) => typeof value === 'string' && isEnvName(value),
});

// Not "." or "..", no "/" and no control character.
const FILE_NAME = '^[^/\\x00-\\x1f\\x7f]{1,255}$';
/** One file's name, no path. */
export const FileName = (): PropertyDecorator => format({ type: 'string', maxLength: 255 }, {
  cel: `self.matches(r'${FILE_NAME}') && !(self in ['.', '..'])`,
  message: 'must be one file name without /, control characters, and not . or .., at most 255 bytes, such as "table.csv"',
  holds: (value) => matches(FILE_NAME, 255)(value) && value !== '.' && value !== '..' && Buffer.byteLength(value as string) <= 255,
});

const PLATFORM = '^[a-z0-9]{1,32}/[a-z0-9]{1,32}$';
/** Each item `os/arch`. */
export const Platforms = (): PropertyDecorator => EachText({
  cel: `self.matches('${PLATFORM}')`,
  message: 'must be os/arch, such as "linux/amd64"',
  holds: matches(PLATFORM, 65),
});
