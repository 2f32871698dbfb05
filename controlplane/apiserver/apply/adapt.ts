/** Field sets seen through a type: named fields as members, and sets that were written under another schema. */
import { FieldSet, type Element } from './field-set';
import { visit, type Type } from './type';

/** The type below `element`, for elements that a type can lead through. */
function typeBelow(type: Type | undefined, element: Element): Type | undefined {
  if (element[0] === 'f') return (type?.map?.fields.get(element.slice(2))?.type ?? type?.map?.element)?.();
  return element[0] === 'k' ? type?.list?.element() : undefined;
}

/** `set` and every struct field on the way to its members: a struct goes when all that is in it goes. */
export function withNamedFields(set: FieldSet, type: Type | undefined): FieldSet {
  const out = new FieldSet();
  for (const element of set.members) out.members.add(element);
  for (const [element, child] of set.children) {
    if (element[0] === 'f' && type?.map?.fields.has(element.slice(2))) out.members.add(element);
    out.adopt(element, withNamedFields(child, typeBelow(type, element)));
  }
  return out;
}

/**
 * Ownership inside what has become atomic in the schema becomes ownership of the whole. The other direction needs nothing.
 * @returns `set` itself when nothing changes
 */
export function adaptToSchema(set: FieldSet, type: Type): FieldSet {
  const typeOf = visit<((element: Element) => Type | undefined) | undefined>(type, {
    scalar: () => undefined,
    list: (list) => (list.atomic ? undefined : () => list.element()),
    map: (map) => (map.atomic || map.deduced ? undefined : (element) => typeBelow(type, element)),
  });
  if (!typeOf) return set;
  let changed: FieldSet | undefined;
  for (const [element, below] of set.children) {
    const type = typeOf(element);
    if (!type) continue;
    const whole = isWhole(type);
    const adapted = whole ? new FieldSet() : adaptToSchema(below, type);
    if (adapted === below) continue;
    changed ??= set.copy();
    if (whole) changed.members.add(element);
    changed.children.delete(element);
    changed.adopt(element, adapted);
  }
  return changed ?? set;
}

const isWhole = (type: Type): boolean =>
  visit(type, { scalar: () => false, list: (list) => list.atomic, map: (map) => map.atomic && !map.deduced });
