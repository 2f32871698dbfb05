/** Sizes of which only bounds are known: of texts, lists, maps. */

export interface Size {
  min: number;
  max: number;
}

/** Nothing is larger, no cost is higher. */
export const MAX = 2 ** 64;

export const capped = (value: number): number => (Number.isNaN(value) ? 0 : Math.min(MAX, value));
