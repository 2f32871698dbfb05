/** What the aliases of a document of YAML stand for: the last node of that anchor that stands before them, wherever they are read. Pure. */
import { isAlias, isMap, isScalar, isSeq, type Alias, type Node } from 'yaml';

import { badRequest } from '../http/errors';

/** @throws ApiError 400: there is no such anchor yet */
export function targetsOf(contents: unknown): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  /** The next one is the last: a list may be too deep, and too long, for calls. */
  const ahead = [contents];
  while (ahead.length > 0) {
    const node = ahead.pop();
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (!target) throw badRequest(`yaml: unknown anchor '${node.source}' referenced`);
      targets.set(node, target);
      continue;
    }
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isMap(node)) for (const { key, value } of node.items.toReversed()) ahead.push(value, key);
    else if (isSeq(node)) for (const item of node.items.toReversed()) ahead.push(item);
  }
  return targets;
}
