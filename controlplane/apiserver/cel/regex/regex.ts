/**
 * Regular expressions in Go's syntax, matched in time linear in text times expression: all ways are followed side by side
 * (Thompson, Pike), none is tried again, so that no rule can hang the server. Texts and expressions are bounded by the cost of a call.
 */
import { CelError } from '../values';
import { normalize } from './classes';
import { Dfa, includes, isDeterminable, type Instruction } from './dfa';
import { parseRegexp, type Assertion, type Node } from './parse';

/** Instructions of one expression. */
const MAX_PROGRAM = 10_000;
const MAX_CACHED = 500;

const cache = new Map<string, Regexp | CelError>();

export function compileRegexp(pattern: string): Regexp | CelError {
  let found = cache.get(pattern);
  if (!found) {
    const node = parseRegexp(pattern);
    found = node instanceof CelError ? node : build(node, pattern);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(pattern, found);
  }
  return found;
}

export function isRegexp(pattern: string): boolean {
  return compileRegexp(pattern) instanceof Regexp;
}

/** Whether it can match without a character. */
function matchesNothing(node: Node): boolean {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return true;
    case 'set':
      return false;
    case 'sequence':
      return node.parts.every(matchesNothing);
    case 'choice':
      return node.options.some(matchesNothing);
    case 'group':
      return matchesNothing(node.node);
    case 'repeat':
      return node.min === 0 || matchesNothing(node.node);
    default:
      return node satisfies never;
  }
}

class TooLarge extends Error {}

function build(node: Node, pattern: string): Regexp | CelError {
  const program: Instruction[] = [];
  const push = (instruction: Instruction): number => {
    if (program.length >= MAX_PROGRAM) throw new TooLarge();
    return program.push(instruction) - 1;
  };
  const optional = (greedy: boolean, body: () => void): void => {
    const split = push({ op: 'split', first: 0, second: 0 });
    body();
    const [inside, after] = [split + 1, program.length];
    program[split] = greedy ? { op: 'split', first: inside, second: after } : { op: 'split', first: after, second: inside };
  };
  /** Once or more. */
  const rounds = ({ node: inner, greedy }: Node & { kind: 'repeat' }): void => {
    const start = program.length;
    emit(inner);
    const after = program.length + 1;
    push(greedy ? { op: 'split', first: start, second: after } : { op: 'split', first: after, second: start });
  };
  const emit = (part: Node): void => {
    switch (part.kind) {
      case 'empty':
        break;
      case 'set': {
        const ranges = normalize(part.ranges);
        push({ op: 'set', ranges, ascii: Uint8Array.from({ length: 128 }, (_, code) => Number(includes(ranges, code))) });
        break;
      }
      case 'assert':
        push({ op: 'assert', assertion: part.assertion });
        break;
      case 'sequence':
        part.parts.forEach(emit);
        break;
      case 'group':
        emit(part.node);
        break;
      case 'choice': {
        const ends: number[] = [];
        part.options.forEach((option, index) => {
          if (index === part.options.length - 1) return emit(option);
          const split = push({ op: 'split', first: 0, second: 0 });
          emit(option);
          ends.push(push({ op: 'jump', to: 0 }));
          program[split] = { op: 'split', first: split + 1, second: program.length };
        });
        for (const end of ends) program[end] = { op: 'jump', to: program.length };
        break;
      }
      case 'repeat':
        for (let i = 0; i < (part.max === Infinity ? part.min - 1 : part.min); i++) emit(part.node);
        if (part.max === Infinity) {
          // As Go: what can match nothing is one round that may be left out, so that a round of nothing ends the loop.
          if (part.min > 0) rounds(part);
          else if (matchesNothing(part.node)) optional(part.greedy, () => rounds(part));
          else {
            const start = program.length;
            optional(part.greedy, () => {
              emit(part.node);
              push({ op: 'jump', to: start });
            });
          }
        } else {
          const pending: number[] = [];
          for (let i = part.min; i < part.max; i++) {
            pending.push(push({ op: 'split', first: 0, second: 0 }));
            emit(part.node);
          }
          for (const split of pending) {
            program[split] = part.greedy ? { op: 'split', first: split + 1, second: program.length } : { op: 'split', first: program.length, second: split + 1 };
          }
        }
        break;
      default:
        part satisfies never;
    }
  };
  try {
    emit(node);
    push({ op: 'match' });
  } catch (error) {
    if (error instanceof TooLarge) return new CelError(`error parsing regexp: expression too large: \`${pattern.slice(0, 100)}\``);
    throw error;
  }
  return new Regexp(program);
}

export class Regexp {
  readonly #seen: Uint32Array;
  #generation = 0;

  readonly #dfa: Dfa | undefined;

  constructor(private readonly program: readonly Instruction[]) {
    this.#seen = new Uint32Array(program.length);
    if (isDeterminable(program)) this.#dfa = new Dfa(program);
  }

  /** Whether any part of `text` matches. */
  test(text: string): boolean {
    return this.#dfa ? this.#dfa.test(text) : this.#searches(text);
  }

  /** As `test`, without tables. */
  #searches(text: string): boolean {
    return this.#search([...text], 0, false) !== undefined;
  }

  /** The leftmost match, as Go's FindString chooses it; '' when there is none. */
  find(text: string): string {
    const chars = [...text];
    const found = this.#search(chars, 0, true);
    return found ? chars.slice(found[0], found[1]).join('') : '';
  }

  /** Up to `limit` matches that do not overlap; below 0: all. */
  findAll(text: string, limit: number): string[] {
    const chars = [...text];
    const results: string[] = [];
    let from = 0;
    let previousEnd = -1;
    const most = limit < 0 ? Infinity : limit;
    while (from <= chars.length && results.length < most) {
      const found = this.#search(chars, from, true);
      if (!found) break;
      const [start, end] = found;
      // An empty match right after another does not count.
      if (end > start || start !== previousEnd) results.push(chars.slice(start, end).join(''));
      previousEnd = end;
      from = end > start ? end : end + 1;
    }
    return results;
  }

  /** Threads are kept in order of preference; each knows where its match began. */
  #search(chars: readonly string[], from: number, longest: boolean): [number, number] | undefined {
    let threads: { pc: number; start: number }[] = [];
    let found: [number, number] | undefined;
    for (let at = from; ; at++) {
      this.#generation++;
      const current: { pc: number; start: number }[] = [];
      let matched = false;
      for (const { pc, start } of threads) {
        if (this.#add(current, pc, start, chars, at)) {
          found = [start, at];
          matched = true;
          break; // Threads of lower preference are given up.
        }
      }
      if (!matched && found === undefined && this.#add(current, 0, at, chars, at)) found = [at, at];
      if (found && !longest) return found;
      if (at >= chars.length || (current.length === 0 && found)) return found;
      const code = chars[at].codePointAt(0)!;
      threads = [];
      for (const { pc, start } of current) {
        const instruction = this.program[pc];
        if (instruction.op === 'set' && (code < 128 ? instruction.ascii[code] === 1 : includes(instruction.ranges, code))) threads.push({ pc: pc + 1, start });
      }
    }
  }

  /** Follows everything that needs no character; true when a match is reached (what is less preferred is then not followed). */
  #add(list: { pc: number; start: number }[], first: number, start: number, chars: readonly string[], at: number): boolean {
    const stack = [first];
    for (let pc = stack.pop(); pc !== undefined; pc = stack.pop()) {
      if (this.#seen[pc] === this.#generation) continue;
      this.#seen[pc] = this.#generation;
      const instruction = this.program[pc];
      switch (instruction.op) {
        case 'match':
          return true;
        case 'set':
          list.push({ pc, start });
          break;
        case 'jump':
          stack.push(instruction.to);
          break;
        case 'split':
          stack.push(instruction.second, instruction.first);
          break;
        case 'assert':
          if (holds(instruction.assertion, chars, at)) stack.push(pc + 1);
          break;
        default:
          instruction satisfies never;
      }
    }
    return false;
  }
}

const isWord = (char: string | undefined): boolean => char !== undefined && /^[0-9A-Za-z_]$/.test(char);

function holds(assertion: Assertion, chars: readonly string[], at: number): boolean {
  switch (assertion) {
    case 'begin-text':
      return at === 0;
    case 'end-text':
      return at === chars.length;
    case 'begin-line':
      return at === 0 || chars[at - 1] === '\n';
    case 'end-line':
      return at === chars.length || chars[at] === '\n';
    case 'word-boundary':
      return isWord(chars[at - 1]) !== isWord(chars[at]);
    case 'no-word-boundary':
      return isWord(chars[at - 1]) === isWord(chars[at]);
    default:
      return assertion satisfies never;
  }
}
