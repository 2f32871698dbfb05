/** Puts the figures of a run into a document, between two markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Machine } from './machine';
import type { Row } from './row';
import { markdownTable } from './table';

export const BEGIN = '<!-- figures: begin (written by `make bench ARGS=--publish`) -->';
export const END = '<!-- figures: end -->';

/** By scenario. */
export type Details = Record<string, { seconds: number; notes: string[]; error?: string }>;

/** @throws Error when the markers are missing */
export function withFigures(text: string, rows: readonly Row[], machine: Machine, details: Details): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`no figures are published: the document lacks the lines "${BEGIN}" and "${END}"`);
  const { diskSyncMs: sync, diskSyncPausedMs: paused } = machine;
  const about = [
    `Measured ${machine.measuredAt.slice(0, 16).replace('T', ' ')} UTC on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB of memory, ${machine.system},`,
    `Node ${machine.node}, SQLite ${machine.sqlite}. One \`fdatasync\` of 4 KiB took ${sync.p50} ms (p50), ${sync.p99} ms (p99) in a row,`,
    `and ${paused.p50} ms (p50), ${paused.p99} ms (p99) after a pause of 3 ms.`,
    `Load average of the minute before: ${machine.loadBefore}.`,
  ].join(' ');
  const notes = Object.entries(details).flatMap(([scenario, { notes: lines, error }]) => [
    ...lines.map((line) => `- ${scenario}: ${line}`),
    ...(error === undefined ? [] : [`- ${scenario}: **not measured**: ${error}`]),
  ]);
  return `${text.slice(0, begin)}${BEGIN}\n\n${about}\n\n${markdownTable(rows)}\n\nNotes of that run:\n\n${notes.join('\n')}\n\n${text.slice(end)}`;
}

export function publish(file: string, rows: readonly Row[], machine: Machine, details: Details): void {
  writeFileSync(file, withFigures(readFileSync(file, 'utf8'), rows, machine, details));
}
