/**
 * Whether a text matches, one table look-up a character: states are sets of places in the program, made when they are first reached.
 *
 * Only for programs whose assertions are about the beginning and the end of the text. At most MAX_STATES are kept; when there are more all
 * are forgotten, so that memory is bounded and the time stays linear in text times program.
 */
import type { Ranges } from './classes';
import type { Assertion } from './parse';

export type Instruction =
  | { op: 'set'; ranges: Ranges; ascii: Uint8Array }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'assert'; assertion: Assertion }
  | { op: 'match' };

const MAX_STATES = 128;
const UNKNOWN = -1;

interface State {
  /** Places that wait for a character, or for the end of the text. */
  places: readonly number[];
  /** What was read matches already. */
  matched: boolean;
  /** By class of character: the next state. */
  next: Int32Array;
  /** Whether it matches when the text ends here. */
  endsWell: boolean;
}

export function isDeterminable(program: readonly Instruction[]): boolean {
  return program.every((each) => each.op !== 'assert' || each.assertion === 'begin-text' || each.assertion === 'end-text');
}

export class Dfa {
  /** First code point of each class but the first, which begins at 0. */
  readonly #bounds: readonly number[];
  readonly #asciiClass: Uint16Array;
  readonly #states: State[] = [];
  readonly #byPlaces = new Map<string, number>();
  readonly #seen: Uint32Array;
  #generation = 0;

  constructor(private readonly program: readonly Instruction[]) {
    const bounds = new Set<number>();
    for (const each of program) if (each.op === 'set') for (const [low, high] of each.ranges) bounds.add(low).add(high + 1);
    bounds.delete(0);
    this.#bounds = [...bounds].sort((a, b) => a - b);
    this.#asciiClass = Uint16Array.from({ length: 128 }, (_, code) => this.#classOf(code));
    this.#seen = new Uint32Array(program.length);
  }

  test(text: string): boolean {
    let current = this.#start();
    for (let at = 0; at < text.length; at++) {
      const state = this.#states[current];
      if (state.matched) return true;
      let code = text.charCodeAt(at);
      if (code >= 0xd800 && code < 0xdc00) {
        code = text.codePointAt(at)!;
        if (code > 0xffff) at++;
      }
      const kind = code < 128 ? this.#asciiClass[code] : this.#classOf(code);
      const next = state.next[kind];
      current = next === UNKNOWN ? this.#step(current, kind, code) : next;
    }
    const { matched, endsWell } = this.#states[current];
    return matched || endsWell;
  }

  #classOf(code: number): number {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#bounds[middle] <= code) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first state is kept at the beginning; it alone is at the beginning of the text. */
  #start(): number {
    if (this.#states.length === 0) this.#keep('start', this.#close([0], true));
    return 0;
  }

  #step(from: number, kind: number, code: number): number {
    const places: number[] = [];
    for (const place of this.#states[from].places) {
      const each = this.program[place];
      if (each.op === 'set' && includes(each.ranges, code)) places.push(place + 1);
    }
    // A match may begin anywhere.
    places.push(0);
    const closed = this.#close(places, false);
    const key = `${closed.matched}${closed.places.join()}`;
    const known = this.#byPlaces.get(key);
    if (known === undefined && this.#states.length >= MAX_STATES) {
      this.#states.length = 0;
      this.#byPlaces.clear();
      this.#start();
      return this.#keep(key, closed);
    }
    const next = known ?? this.#keep(key, closed);
    this.#states[from].next[kind] = next;
    return next;
  }

  #keep(key: string, { places, matched }: { places: number[]; matched: boolean }): number {
    const atStart = key === 'start';
    const endsWell = matched || this.#close(places.filter((place) => this.program[place].op === 'assert'), atStart, true).matched;
    this.#byPlaces.set(key, this.#states.length);
    return this.#states.push({ places, matched, endsWell, next: new Int32Array(this.#bounds.length + 1).fill(UNKNOWN) }) - 1;
  }

  /** Everything that is reached without a character. */
  #close(from: readonly number[], atStart: boolean, atEnd = false): { places: number[]; matched: boolean } {
    this.#generation++;
    const places: number[] = [];
    let matched = false;
    const stack = [...from];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (this.#seen[place] === this.#generation) continue;
      this.#seen[place] = this.#generation;
      const each = this.program[place];
      switch (each.op) {
        case 'match':
          matched = true;
          break;
        case 'set':
          places.push(place);
          break;
        case 'jump':
          stack.push(each.to);
          break;
        case 'split':
          stack.push(each.first, each.second);
          break;
        case 'assert':
          if (each.assertion === 'end-text') {
            if (atEnd) stack.push(place + 1);
            else places.push(place);
          } else if (atStart) stack.push(place + 1);
          break;
        default:
          each satisfies never;
      }
    }
    return { places: places.sort((a, b) => a - b), matched };
  }
}

export function includes(ranges: Ranges, code: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (code < ranges[middle][0]) high = middle - 1;
    else if (code > ranges[middle][1]) low = middle + 1;
    else return true;
  }
  return false;
}
