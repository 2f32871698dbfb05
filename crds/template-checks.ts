/** Sizes in bytes and characters that a schema cannot bound. Pure; they return the problems below the checked value. */
import type { FieldError } from './schema/registry';

export const MAX_ENVIRONMENT_BYTES = 128 * 1024;
export const MAX_ARGUMENTS_BYTES = 128 * 1024;

const bytes = (text: string): number => Buffer.byteLength(text);

/** A script is at most `max` bytes of UTF-8. */
export function scriptFits(script: string | undefined, max: number): FieldError[] {
  const size = bytes(script ?? '');
  if (size <= max) return [];
  const message = `has ${size} bytes, may have ${max}; upload it with \`gleaner elements put\` and name it in program.element`;
  return [{ field: 'script', type: 'TooLong', message }];
}

/** All variables together are bounded, and a value holds no NUL. */
export function environmentFits(env: readonly { name: string; value: string }[] | undefined): FieldError[] {
  const problems = (env ?? []).flatMap(({ value }, i) => noNul(value, `env[${i}].value`));
  const size = (env ?? []).reduce((sum, { name, value }) => sum + bytes(name) + bytes(value) + 2, 0);
  if (size > MAX_ENVIRONMENT_BYTES) {
    const message = `has ${size} bytes in all, may have ${MAX_ENVIRONMENT_BYTES}; upload large values with \`gleaner elements put\` and use inputs`;
    problems.push({ field: 'env', type: 'TooLong', message });
  }
  return problems;
}

/** Command and arguments together are bounded, and none holds a NUL. */
export function argumentsFit(command: readonly string[] | undefined, args: readonly string[] | undefined): FieldError[] {
  const problems = [
    ...(command ?? []).flatMap((text, i) => noNul(text, `command[${i}]`)),
    ...(args ?? []).flatMap((text, i) => noNul(text, `args[${i}]`)),
  ];
  const size = [...(command ?? []), ...(args ?? [])].reduce((sum, text) => sum + bytes(text) + 1, 0);
  if (size > MAX_ARGUMENTS_BYTES) {
    const message = `has ${size} bytes with command, may have ${MAX_ARGUMENTS_BYTES}; upload long lists with \`gleaner elements put\` and use inputs`;
    problems.push({ field: 'args', type: 'TooLong', message });
  }
  return problems;
}

function noNul(text: string, field: string): FieldError[] {
  return text.includes('\0') ? [{ field, type: 'Invalid', value: text, message: 'must not hold the character U+0000' }] : [];
}
