import fc from 'fast-check';

import { CelError } from '../values';
import { compileRegexp, Regexp } from './regex';

function compiled(pattern: string): Regexp {
  const regexp = compileRegexp(pattern);
  if (regexp instanceof CelError) throw new Error(`${pattern}: ${regexp.message}`);
  return regexp;
}

/** Patterns of what Go and JavaScript have in common, with the same meaning. */
const atom = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', '\\w', 'é', '😀');
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc.constantFrom('^', '$', '\\b', '\\B'),
    fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '*?', '+?', '??')).map(([inner, times]) => `(?:${inner})${times}`),
    fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map((options) => `(?:${options.join('|')})`),
  ),
}));
/** V8 also finds an empty match within a pair of surrogates: there are none. */
const plain = fc.array(fc.constantFrom('a', 'b', 'c', '1', ' ', 'é', 'ü', '\n'), { maxLength: 12 }).map((chars) => chars.join(''));

test('matches what JavaScript matches, with tables and without', () => {
  fc.assert(fc.property(pattern, plain, (source, input) => expect(compiled(source).test(input)).toBe(new RegExp(source, 'u').test(input))), { numRuns: 3000 });
});

/** Without loops over what can match nothing: those JavaScript leaves after an empty round, and Go does not. */
const { simple } = fc.letrec<{ simple: string }>((tie) => ({
  simple: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc.constantFrom('^', '$', '\\b', '\\B'),
    fc.tuple(fc.array(atom, { minLength: 1, maxLength: 3 }), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '*?', '+?', '??')).map(([inner, times]) => `(?:${inner.join('')})${times}`),
    fc.tuple(tie('simple'), tie('simple')).map((parts) => parts.join('')),
    fc.tuple(tie('simple'), tie('simple')).map((options) => `(?:${options.join('|')})`),
  ),
}));

test('finds the match that JavaScript finds: the leftmost, and of those the preferred', () => {
  fc.assert(fc.property(simple, plain, (source, input) => expect(compiled(source).find(input)).toBe(new RegExp(source, 'u').exec(input)?.[0] ?? '')), { numRuns: 2000 });
});

test.each([
  ['(?i)straße', 'STRAßE', true], ['(?s)a.b', 'a\nb', true], ['a.b', 'a\nb', false], ['(?m)^b$', 'a\nb\nc', true], ['\\Ab', 'a\nb', false], ['(?U)a+', 'aa', true],
  ['^\\pL+$', 'äß', true], ['^\\p{Greek}+$', 'αβγ', true], ['^\\PL$', 'a', false], ['[[:^digit:]]', '1', false], ['[[:digit:]a-c]{3}', '1b2', true], ['\\Qa.b\\E', 'a.b', true], ['\\Qa.b\\E', 'axb', false],
  ['(?P<name>a)b', 'ab', true], ['(?<name>a)b', 'ab', true], ['\\x{1F600}', '😀', true], ['\\x41\\101', 'AA', true], ['(?i:a)b', 'Ab', true], ['(?i:a)b', 'AB', false], ['', '', true], ['^$', '', true], ['^$', 'a', false], ['$^', '', true], ['a||b', '', true], ['[]a]', ']', true], ['[^]a]', 'b', true], ['a{,2}', 'a{,2}', true], ['k', 'K', false], ['(?i)k', 'K', true],
])('%s on %j: %s', (source, input, expected) => expect(compiled(source).test(input)).toBe(expected));

test.each([
  ['a**', 'invalid nested repetition operator: `**`'], ['(a', 'missing closing ): `(a`'], ['a)', 'unexpected ): `a)`'], ['[a', 'missing closing ]: `[a`'], ['[b-a]', 'invalid character class range: `b-a`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'], ['*a', 'missing argument to repetition operator: `*`'], ['\\1', 'invalid escape sequence: `\\1`'], ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'], ['\\p{Nothing}', 'invalid character class range: `\\p{Nothing}`'],
])('%s is refused', (source, message) => {
  expect(compileRegexp(source)).toEqual(new CelError(`error parsing regexp: ${message}`));
});

// One that is tried way by way would not end.
test.each<[string, boolean]>([
  ['^(a|a)*$', false], ['^(a+)+$', false], ['^(a*)*b', false], ['(x+x+)+y', false], ['^(([a-z])+.)+[A-Z]([a-z])+$', false], ['^(?:a?){30}a{30}$', false], ['(.*)*(.*)*(.*)*=', false], ['\\b(a+)+!', true],
])('%s ends', (source, matches) => {
  expect(compiled(source).test(`${'a'.repeat(3000)}!`)).toBe(matches);
});

test('many states are forgotten, not kept', () => {
  const source = '^.*a.{12}$';
  const words = Array.from({ length: 3000 }, (_, i) => i.toString(2).replaceAll('0', 'a').replaceAll('1', 'b').padStart(13, 'b'));
  expect(words.filter((word) => compiled(source).test(word))).toEqual(words.filter((word) => new RegExp(source).test(word)));
});
