/**
 * What a document of YAML means in JSON: as Kubernetes converts it. Keys are what their scalar means, as text (`yes` is "true", `0x10` is "16");
 * `<<` merges, in the order of the text; an alias is read like what it stands for, as often as it is written, within bounds.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';

import { badRequest, type ApiError } from '../http/errors';
import { isInexact, MAX_INEXACT, type InexactInteger } from './exact-integers';
import { MAX_DEPTH, MAX_DUPLICATES } from './json';
import { fieldName, resolveScalar, type Resolved } from './yaml-scalars';

/** Of all that is made: aliases may multiply it. */
const MAX_NODES = 300_000;

type Fields = Record<string, unknown>;

export class YamlReader {
  /** In the words of a strict decoder. */
  readonly duplicates: string[] = [];
  readonly inexact: InexactInteger[] = [];
  readonly #anchors = new Map<string, Node>();
  /** Around what is being read. */
  readonly #around: Node[] = [];
  readonly #path: (string | number)[] = [];
  #nodes = 0;

  /** @param lineOf the line of an offset in the text */
  constructor(private readonly lineOf: (offset: number) => number) {}

  /** @throws ApiError 400 */
  read(node: unknown): unknown {
    if (++this.#nodes > MAX_NODES) throw badRequest('yaml: document contains excessive aliasing');
    if (isAlias(node)) return this.read(this.#standsFor(node.source));
    if (isScalar(node)) return this.#scalar(node);
    if (!isMap(node) && !isSeq(node)) return null;
    this.#note(node);
    if (this.#around.includes(node)) throw badRequest(`yaml: anchor '${node.anchor}' value contains itself`);
    if (this.#around.length >= MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
    this.#around.push(node);
    const value = isMap(node) ? this.#map(node, {}, new Set()) : this.#list(node);
    this.#around.pop();
    return value;
  }

  #note(node: Node & { anchor?: string }): void {
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
  }

  #standsFor(name: string): Node {
    const node = this.#anchors.get(name);
    if (!node) throw badRequest(`yaml: unknown anchor '${name}' referenced`);
    return node;
  }

  #scalar(node: Scalar): string | number | boolean | null {
    const { tag, value } = this.#resolve(node);
    if (tag === 'float' && !Number.isFinite(value)) throw badRequest(`json: unsupported value: ${value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'}`);
    if (typeof value !== 'bigint') return value;
    if (isInexact(value) && this.inexact.length < MAX_INEXACT) this.inexact.push({ field: pathText(this.#path), digits: node.source ?? '' });
    return Number(value);
  }

  #resolve(node: Scalar): Resolved {
    this.#note(node);
    return resolveScalar(String(node.value).replaceAll(HALVES, '\ufffd'), node.tag ?? '', node.type === 'PLAIN');
  }

  #list({ items }: YAMLSeq): unknown[] {
    return items.map((item, at) => this.#within(at, item));
  }

  #within(segment: string | number, node: unknown): unknown {
    this.#path.push(segment);
    const value = this.read(node);
    this.#path.pop();
    return value;
  }

  /** @param seen the keys that are there, as they are told apart */
  #map({ items }: YAMLMap, into: Fields, seen: Set<string>): Fields {
    for (const { key, value } of items) {
      if (isScalar(key) && isMerge(key)) {
        this.#merge(value, into, seen);
        continue;
      }
      const resolved = this.#key(key);
      const shown = goText(resolved);
      const identity = `${resolved.tag} ${shown}`;
      if (seen.has(identity) && this.duplicates.length < MAX_DUPLICATES) this.duplicates.push(`line ${this.lineOf(offsetOf(value ?? key))}: key ${shown} already set in map`);
      seen.add(identity);
      const name = fieldName(resolved);
      const read = this.#within(name ?? '', value);
      if (name === undefined) throw unsupportedKey(resolved, read);
      if (name === '__proto__') Object.defineProperty(into, name, { value: read, writable: true, enumerable: true, configurable: true });
      else into[name] = read;
    }
    return into;
  }

  #key(key: unknown): Resolved {
    if (isAlias(key)) return this.#key(this.#standsFor(key.source));
    if (isScalar(key)) return this.#resolve(key);
    throw badRequest('yaml: invalid map key: it is no scalar');
  }

  #merge(value: unknown, into: Fields, seen: Set<string>): void {
    const source = isAlias(value) ? this.#standsFor(value.source) : value;
    // The last one is merged first: earlier ones have the last word.
    const each: unknown[] = isSeq(source) && !isAlias(value) ? source.items.toReversed() : [source];
    for (const one of each) {
      const map = isAlias(one) ? this.#standsFor(one.source) : one;
      if (!isMap(map)) throw badRequest('yaml: map merge requires map or sequence of maps as the value');
      this.#note(map);
      if (this.#around.includes(map)) throw badRequest(`yaml: anchor '${map.anchor}' value contains itself`);
      if (++this.#nodes > MAX_NODES) throw badRequest('yaml: document contains excessive aliasing');
      this.#around.push(map);
      this.#map(map, into, seen);
      this.#around.pop();
    }
  }
}

/** Of characters: escapes that go-yaml does not know, and JSON takes for U+FFFD. */
const HALVES = /\p{Surrogate}/gu;

const isMerge = ({ value, type, tag }: Scalar): boolean => value === '<<' && (tag === 'tag:yaml.org,2002:merge' || (type === 'PLAIN' && tag === undefined));

const offsetOf = (node: unknown): number => (node as Partial<Node>).range?.[0] ?? 0;

function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, segment) => (typeof segment === 'number' ? `${text}[${segment}]` : text === '' ? segment : `${text}.${segment}`), '');
}

/** As Go shows a value to those who write programs. */
function goText({ tag, value }: Resolved): string {
  if (tag === 'str') return JSON.stringify(value);
  return typeof value === 'bigint' && value > 0n ? `0x${value.toString(16)}` : String(value);
}

function unsupportedKey(key: Resolved, value: unknown): ApiError {
  const [type, shown] = key.tag === 'null' ? ['%!s(<nil>)', '<nil>'] : ['uint64', goText(key)];
  return badRequest(`unsupported map key of type: ${type}, key: ${shown}, value: ${JSON.stringify(value)}`);
}
