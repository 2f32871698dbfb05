/** A text that should hold an amount, a duration or the like and does not. The message names the value and the way out. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** A value as it is shown in a message: quoted and cut. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' || (typeof value === 'object' && value !== null) ? JSON.stringify(value) : String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
