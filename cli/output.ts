/** Printing: `-o table|json|yaml`. */
import Table from 'cli-table3';
import { stringify } from 'yaml';
import { CliError, EXIT } from './errors';

export const FORMATS = ['table', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

export function parseFormat(value: string): Format {
  if ((FORMATS as readonly string[]).includes(value)) return value as Format;
  throw new CliError(`-o ${value}: must be one of ${FORMATS.join(', ')}`, EXIT.usage);
}

/** Rows below a header, without lines, as kubectl prints them. */
export function table(head: string[], rows: (string | number)[][]): string {
  const none = '';
  const t = new Table({
    head,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 3 },
    chars: {
      top: none, 'top-mid': none, 'top-left': none, 'top-right': none, bottom: none, 'bottom-mid': none, 'bottom-left': none,
      'bottom-right': none, left: none, 'left-mid': none, mid: none, 'mid-mid': none, right: none, 'right-mid': none, middle: none,
    },
  });
  t.push(...rows.map((row) => row.map(String)));
  return t.toString().split('\n').map((line) => line.trimEnd()).join('\n');
}

/** Prints `value` as JSON or YAML, or what `asTable` makes of it. */
export function print(format: Format, value: unknown, asTable: () => string): void {
  const text = format === 'json' ? JSON.stringify(value, undefined, 2) : format === 'yaml' ? stringify(value).trimEnd() : asTable();
  process.stdout.write(`${text}\n`);
}

/** A line for people, on stderr: progress and hints never mix with output that a program reads. */
export const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
