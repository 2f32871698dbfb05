/** JSON and text that no server expects. */
import fc from 'fast-check';

/** Texts that mean something to parsers, paths, regular expressions, file systems or prototypes. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '', ' ', '.', '..', '/', '//', '\\', '\0', 'a\0b', '\n', '\r\nX-Injected: 1', '%00', '%2e%2e', '%', '%zz', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty',
    '$(NAME)', '${x}', '{{.}}', '<script>', "'; DROP TABLE objects; --", '\ud800', '\udfff\ud800', '😀'.repeat(50), 'ﬀ', 'İ', '\u202e', 'null', 'true', 'NaN', '-0', '1e999', '0x10',
    '9007199254740993', '-9223372036854775809', 'a'.repeat(254), 'A', 'a.', '-a', 'a..b', 'x/y/z', '*', '(a+)+$', '[', '(?=', '2024-13-45T99:99:99Z', '1h1', 'sha256:zz', '=', '!=', ' in ()', 'a in (b', '!', 'a=b=c',
  ),
  fc.string({ maxLength: 40 }),
  fc.string({ maxLength: 20, unit: 'binary' }),
  fc.integer({ min: 300, max: 5_000 }).map((length) => 'x'.repeat(length)),
);

const oddNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, -1, 1.5, 2 ** 31, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 2 ** 64, 1e21, 1e308, 5e-324, 0.1),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);

const nest = (depth: number, leaf: unknown, list: boolean): unknown => {
  let value = leaf;
  for (let i = 0; i < depth; i++) value = list ? [value] : { a: value };
  return value;
};

/** Own fields of these names, which `{…}` would not make. */
const trap = (name: string, value: unknown): object => Object.defineProperty({}, name, { value, enumerable: true, configurable: true, writable: true });

export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], [{}], { '': '' }, { a: null }),
  oddText,
  oddNumber,
  fc.tuple(fc.constantFrom(5, 40, 63, 64, 65, 200, 1000), fc.boolean()).map(([depth, list]) => nest(depth, 'x', list)),
  fc.tuple(fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'then', 'length'), fc.constantFrom<unknown>(null, 1, { polluted: true }, { prototype: { polluted: true } }, []))
    .map(([name, value]) => trap(name, value)),
  fc.array(oddNumber, { maxLength: 50 }),
  fc.dictionary(oddText, fc.oneof(oddNumber, oddText), { maxKeys: 6 }),
  fc.integer({ min: 100, max: 1000 }).map((count) => Array.from({ length: count }, (_, i) => i % 7)),
  fc.integer({ min: 100, max: 1000 }).map((count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))),
);

/** A place in a value, and what is done there. */
const mutation = fc.record({ path: fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), how: fc.constantFrom('replace', 'remove', 'add', 'wrap', 'double'), value: oddValue, key: oddText });

/** `base` with up to two changes somewhere in it. */
export function damaged(base: fc.Arbitrary<object>): fc.Arbitrary<unknown> {
  return fc.tuple(base, fc.array(mutation, { maxLength: 2 })).map(([value, changes]) => {
    let result: unknown = structuredClone(value);
    for (const { path, how, value: odd, key } of changes) result = change(result, path, (at, name) => apply(at, name, how, odd, key), odd);
    return result;
  });
}

type Container = Record<string, unknown>;

function change(root: unknown, path: readonly number[], act: (at: Container, name: string) => void, otherwise: unknown): unknown {
  let at: unknown = root;
  for (const [index, step] of path.entries()) {
    if (typeof at !== 'object' || at === null) return root;
    const names = Object.keys(at);
    if (names.length === 0) return index === 0 ? otherwise : root;
    const name = names[step % names.length];
    const next = (at as Container)[name];
    if (index === path.length - 1 || typeof next !== 'object' || next === null) {
      act(at as Container, name);
      return root;
    }
    at = next;
  }
  return root;
}

function apply(at: Container, name: string, how: string, odd: unknown, key: string): void {
  const set = (field: string, value: unknown): void => void Object.defineProperty(at, field, { value, enumerable: true, configurable: true, writable: true });
  if (how === 'remove') delete at[name];
  else if (how === 'add' && !Array.isArray(at)) set(key, odd);
  else if (how === 'wrap') set(name, [at[name]]);
  else if (how === 'double') set(name, Array.from({ length: 30 }, () => at[name]));
  else set(name, odd);
}
