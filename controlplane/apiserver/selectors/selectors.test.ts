import { ApiError } from '../http/errors';
import { parseFieldSelector } from './field';
import { parseLabelSelector } from './label';

describe('label selectors', () => {
  test.each([
    ['', []],
    ['a=b', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a==b', [{ key: 'a', operator: 'In', values: ['b'] }]],
    ['a!=b', [{ key: 'a', operator: 'NotIn', values: ['b'] }]],
    ['a=', [{ key: 'a', operator: 'In', values: [''] }]],
    ['a', [{ key: 'a', operator: 'Exists', values: [] }]],
    ['!a', [{ key: 'a', operator: 'DoesNotExist', values: [] }]],
    ['a in (x, y)', [{ key: 'a', operator: 'In', values: ['x', 'y'] }]],
    ['a in (x,)', [{ key: 'a', operator: 'In', values: ['', 'x'] }]],
    ['a notin (x),example.com/b', [{ key: 'a', operator: 'NotIn', values: ['x'] }, { key: 'example.com/b', operator: 'Exists', values: [] }]],
    [' a = b , !c ', [{ key: 'a', operator: 'In', values: ['b'] }, { key: 'c', operator: 'DoesNotExist', values: [] }]],
    ['a>1,b<2', [{ key: 'a', operator: 'GreaterThan', values: ['1'] }, { key: 'b', operator: 'LessThan', values: ['2'] }]],
    ['in in (in)', [{ key: 'in', operator: 'In', values: ['in'] }]],
  ])('%j', (text, expected) => {
    expect(parseLabelSelector(text)).toEqual(expected);
  });

  test.each([
    ['a=b,', "found '', expected: identifier after ','"],
    ['a in x', "found 'x' expected: '('"],
    ['a in (x', "found '', expected: ',' or ')'"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a b', "found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a>b', "for 'Gt', 'Lt' operators, the value must be an integer"],
    ['-a', 'name part must consist of'],
    ['a=-', 'a valid label must be'],
    [Array.from({ length: 101 }, (_, index) => `a${index}`).join(','), 'at most 100 requirements'],
  ])('refuses %j', (text, words) => {
    expect(() => parseLabelSelector(text)).toThrow(words);
    expect(() => parseLabelSelector(text)).toThrow(ApiError);
  });
});

describe('field selectors', () => {
  test.each([
    ['', []],
    ['metadata.name=x', [{ path: 'metadata.name', operator: '=', value: 'x' }]],
    ['metadata.name==x,status.phase!=Running', [{ path: 'metadata.name', operator: '=', value: 'x' }, { path: 'status.phase', operator: '!=', value: 'Running' }]],
    ['metadata.namespace=', [{ path: 'metadata.namespace', operator: '=', value: '' }]],
    ['status.phase=a\\,b\\=c\\\\', [{ path: 'status.phase', operator: '=', value: 'a,b=c\\' }]],
  ])('%j', (text, expected) => {
    expect(parseFieldSelector(text, { selectableFields: ['status.phase'], core: true })).toEqual(expected);
  });

  test.each([
    ['spec.x=1', 'field label not supported: spec.x'],
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
    ['metadata.name=a\\n', 'invalid field selector: invalid escape sequence: \\n'],
  ])('refuses %j', (text, words) => {
    expect(() => parseFieldSelector(text, { selectableFields: ['status.phase'], core: true })).toThrow(words);
  });
});
