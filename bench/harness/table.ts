/** The table of a run, for the terminal and for docs/performance.md. */
import Table from 'cli-table3';
import type { Row } from './row';

const HEAD = ['what', 'unit', 'ours', 'beside', 'ratio', 'target', 'met'];

const number = (value: number | null): string => (value === null ? '—' : value.toLocaleString('en-US', { maximumFractionDigits: 3 }));

const verdict = (met: boolean | null): string => (met === null ? '—' : met ? 'yes' : 'NO');

function cells(row: Row): string[] {
  const beside = row.beside === null ? row.besideName : `${number(row.beside)} ${row.besideName}`;
  return [row.name, row.unit, number(row.ours), beside, row.ratio === null ? '—' : `${number(row.ratio)}×`, row.target, verdict(row.met)];
}

export function terminalTable(rows: readonly Row[]): string {
  const table = new Table({ head: HEAD, style: { head: [], border: [] }, wordWrap: true, colWidths: [44, 14, 11, 40, 11, 22, 6] });
  for (const row of rows) table.push(cells(row));
  return table.toString();
}

export function markdownTable(rows: readonly Row[]): string {
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`;
  return [line(HEAD), line(HEAD.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('\n');
}
