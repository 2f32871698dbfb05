/**
 * What a document of YAML means in JSON: as Kubernetes converts it. Keys are what their scalar means, as text (`yes` is "true", `0x10` is "16");
 * `<<` merges, in the order of the text; an alias is read like what it stands for, as often as it is written, within bounds.
 */
import { isAlias, isMap, isScalar, isSeq, type Alias, type Node, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';

import { badRequest, type ApiError } from '../http/errors';
import { isInexact, MAX_INEXACT, type InexactInteger } from './exact-integers';
import { MAX_DEPTH, MAX_DUPLICATES, MAX_PATH_CHARS } from './json';
import { targetsOf } from './yaml-aliases';
import { fieldName, resolveScalar, type Resolved } from './yaml-scalars';

/** Of all that is made: aliases may multiply it. */
const MAX_NODES = 300_000;
/** Characters of all scalars and keys that are made: twice what a body may have. */
const MAX_TEXT = 6 * 1024 * 1024;

type Fields = Record<string, unknown>;

export class YamlReader {
  /** In the words of a strict decoder. */
  readonly duplicates: string[] = [];
  readonly inexact: InexactInteger[] = [];
  #targets: ReadonlyMap<Alias, Node> = new Map();
  /** Around what is being read. */
  readonly #around: Node[] = [];
  readonly #path: (string | number)[] = [];
  #nodes = 0;
  #text = 0;

  /** @param lineOf the line of an offset in the text */
  constructor(private readonly lineOf: (offset: number) => number) {}

  /** Of a whole document. @throws ApiError 400 */
  read(contents: unknown): unknown {
    this.#targets = targetsOf(contents);
    return this.#read(contents);
  }

  #read(node: unknown): unknown {
    if (++this.#nodes > MAX_NODES) throw excessiveAliasing();
    if (isAlias(node)) return this.#read(this.#targets.get(node));
    if (isScalar(node)) return this.#scalar(node);
    if (!isMap(node) && !isSeq(node)) return null;
    if (this.#around.includes(node)) throw badRequest(`yaml: anchor '${node.anchor}' value contains itself`);
    if (this.#around.length >= MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
    this.#around.push(node);
    const value = isMap(node) ? this.#map(node, {}, new Set()) : this.#list(node);
    this.#around.pop();
    return value;
  }

  #scalar(node: Scalar): string | number | boolean | null {
    const { tag, value } = this.#resolve(node);
    if (tag === 'float' && !Number.isFinite(value)) throw badRequest(`json: unsupported value: ${value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'}`);
    if (typeof value !== 'bigint') return value;
    if (isInexact(value) && this.inexact.length < MAX_INEXACT) this.inexact.push({ field: pathText(this.#path), digits: node.source ?? '' });
    return Number(value);
  }

  #resolve(node: Scalar): Resolved {
    const text = String(node.value);
    this.#text += text.length;
    if (this.#text > MAX_TEXT) throw excessiveAliasing();
    return resolveScalar(text.replaceAll(HALVES, '\ufffd'), node.tag ?? '', node.type === 'PLAIN');
  }

  #list({ items }: YAMLSeq): unknown[] {
    return items.map((item, at) => this.#within(at, item));
  }

  #within(segment: string | number, node: unknown): unknown {
    this.#path.push(segment);
    const value = this.#read(node);
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
    if (isAlias(key)) return this.#key(this.#targets.get(key));
    if (isScalar(key)) return this.#resolve(key);
    throw badRequest('yaml: invalid map key: it is no scalar');
  }

  #merge(value: unknown, into: Fields, seen: Set<string>): void {
    const source = isAlias(value) ? this.#targets.get(value) : value;
    // The last one is merged first: earlier ones have the last word.
    const each: unknown[] = isSeq(source) && !isAlias(value) ? source.items.toReversed() : [source];
    for (const one of each) {
      const map = isAlias(one) ? this.#targets.get(one) : one;
      if (!isMap(map)) throw badRequest('yaml: map merge requires map or sequence of maps as the value');
      if (this.#around.includes(map)) throw badRequest(`yaml: anchor '${map.anchor}' value contains itself`);
      if (++this.#nodes > MAX_NODES) throw excessiveAliasing();
      this.#around.push(map);
      this.#map(map, into, seen);
      this.#around.pop();
    }
  }
}

const excessiveAliasing = (): ApiError => badRequest('yaml: document contains excessive aliasing');

/** Of characters: escapes that go-yaml does not know, and JSON takes for U+FFFD. */
const HALVES = /\p{Surrogate}/gu;

const isMerge = ({ value, type, tag }: Scalar): boolean => value === '<<' && (tag === 'tag:yaml.org,2002:merge' || (type === 'PLAIN' && tag === undefined));

const offsetOf = (node: unknown): number => (node as Partial<Node>).range?.[0] ?? 0;

function pathText(path: readonly (string | number)[]): string {
  const whole = path.reduce<string>((text, segment) => (typeof segment === 'number' ? `${text}[${segment}]` : text === '' ? segment : `${text}.${segment}`), '');
  return whole.length > MAX_PATH_CHARS ? `${whole.slice(0, MAX_PATH_CHARS)}…` : whole;
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
