/** The order of merged lists: as the patch says where it says something, otherwise as it was. Pure. */
import { isObject } from '../schema/schema';

/** What an item is told from others by: its value of the merge key, or itself. */
export const identityOf = (item: unknown, mergeKey: string | undefined): unknown => (mergeKey === undefined ? item : isObject(item) ? item[mergeKey] : undefined);

/** Sorted by where each item is in `order`; those that are not there keep their places behind their neighbours. */
function sortedBy(items: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): unknown[] {
  const rank = new Map(order.map((each, index) => [identityOf(each, mergeKey), index]));
  const rankOf = (item: unknown): number => rank.get(identityOf(item, mergeKey)) ?? Number.MAX_SAFE_INTEGER;
  return [...items].sort((a, b) => rankOf(a) - rankOf(b));
}

/**
 * @param merged every item of the outcome
 * @param order what the patch speaks of, in its order
 * @param before the list as it was
 */
export function enforceOrder(merged: readonly unknown[], order: readonly unknown[], before: readonly unknown[], mergeKey: string | undefined): unknown[] {
  const spoken = new Set(order.map((each) => identityOf(each, mergeKey)));
  const isSpoken = (item: unknown): boolean => spoken.has(identityOf(item, mergeKey));
  const ours = sortedBy(merged.filter(isSpoken), order, mergeKey);
  const others = sortedBy(merged.filter((item) => !isSpoken(item)), before, mergeKey);
  const place = new Map(before.map((each, index) => [identityOf(each, mergeKey), index]));
  const out: unknown[] = [];
  let [our, other] = [0, 0];
  while (our < ours.length && other < others.length) {
    const left = place.get(identityOf(others[other], mergeKey));
    const right = place.get(identityOf(ours[our], mergeKey));
    out.push(left !== undefined && right !== undefined && left < right ? others[other++] : ours[our++]);
  }
  return [...out, ...others.slice(other), ...ours.slice(our)];
}
