/** One line of the benchmark's table: a figure of ours, a figure of a peer or floor from the same run, and whether the target holds. */

export interface Row {
  name: string;
  unit: string;
  /** null: could not be measured, or what was measured is void (a ledger that does not add up). */
  ours: number | null;
  /** The peer's or floor's figure; null when there is none, or it could not be had (`besideName` says why). */
  beside: number | null;
  besideName: string;
  /**
   * What the target speaks of: ours / beside, or beside / ours where it says "faster"; null without both figures.
   */
  ratio: number | null;
  target: string;
  /** From measured figures only; null when one that the target needs is missing, or nothing was asked. */
  met: boolean | null;
}

export type Bound = { atLeast: number } | { atMost: number };

const text = (bound: Bound, suffix: string): string =>
  'atLeast' in bound ? `≥ ${bound.atLeast.toLocaleString('en-US')}${suffix}` : `≤ ${bound.atMost.toLocaleString('en-US')}${suffix}`;

const holds = (bound: Bound, value: number): boolean => ('atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost);

/** Four significant digits: more would claim a precision that no run has. */
export const rounded = (value: number): number => (Number.isFinite(value) && value !== 0 ? Number(value.toPrecision(4)) : value);

/** A target on the figure itself. */
export function absoluteRow(row: { name: string; unit: string; ours: number | null; bound: Bound; failed?: boolean }): Row {
  const { name, unit, ours, bound } = row;
  const met = row.failed === true ? false : ours === null ? null : holds(bound, ours);
  return { name, unit, ours: ours === null ? null : rounded(ours), beside: null, besideName: '—', ratio: null, target: text(bound, ` ${unit}`), met };
}

export interface Beside {
  name: string;
  unit: string;
  ours: number | null;
  beside: Peer;
  bound?: Bound;
  /** The target says how many times faster ours is: the ratio is beside / ours. */
  faster?: boolean;
  failed?: boolean;
}

/** A figure of a peer, or why there is none. */
export type Peer = { name: string; value: number } | { name: string; missing: string };

/** A target on the ratio to a peer; without `bound` the row is for information. */
export function besideRow(row: Beside): Row {
  const { name, unit, ours, beside, bound } = row;
  const value = 'value' in beside ? beside.value : null;
  const ratio = ours === null || value === null || ours === 0 || value === 0 ? null : row.faster === true ? value / ours : ours / value;
  const met = bound === undefined ? null : row.failed === true ? false : ratio === null ? null : holds(bound, ratio);
  return {
    name,
    unit,
    ours: ours === null ? null : rounded(ours),
    beside: value === null ? null : rounded(value),
    besideName: 'missing' in beside ? `${beside.name} (${beside.missing})` : beside.name,
    ratio: ratio === null ? null : rounded(ratio),
    target: bound === undefined ? 'for information' : text(bound, row.faster === true ? '× faster' : '×'),
    met,
  };
}
