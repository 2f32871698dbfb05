/** Whether two JSON values are equal; the order of an object's keys means nothing. Absent and undefined fields are alike. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  }
  const entriesA = Object.entries(a).filter(([, value]) => value !== undefined);
  const entriesB = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
  return entriesA.length === entriesB.size && entriesA.every(([key, value]) => entriesB.has(key) && sameJson(value, entriesB.get(key)));
}
