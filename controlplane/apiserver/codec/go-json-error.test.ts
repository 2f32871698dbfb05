import { goJsonError } from './go-json-error';

test.each([
  ['', 'unexpected end of JSON input'],
  ['{', 'unexpected end of JSON input'],
  ['{"a":1,', 'unexpected end of JSON input'],
  ['{"a":1} x', "invalid character 'x' after top-level value"],
  ['x', "invalid character 'x' looking for beginning of value"],
  ['{a', "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1', "invalid character '1' after object key"],
  ['{"a":1 2', "invalid character '2' after object key:value pair"],
  ['[1 2', "invalid character '2' after array element"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['trux', "invalid character 'x' in literal true (expecting 'e')"],
  ['01', "invalid character '1' after top-level value"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['1ex', "invalid character 'x' in exponent of numeric literal"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u12x"', "invalid character 'x' in \\u hexadecimal character escape"],
])('%j: %s', (text, words) => {
  expect(goJsonError(text)).toBe(words);
});

test.each(['{}', '[]', ' {"a":[1,-2.5e+3,"x\\u00e9\\n",true,false,null,{"b":{}}]} ', '0', '"x"'])('%j is JSON', (text) => {
  expect(goJsonError(text)).toBeUndefined();
});

test('deep nesting ends in words, not in a full stack', () => {
  expect(goJsonError('['.repeat(200_000))).toBe('unexpected end of JSON input');
});
