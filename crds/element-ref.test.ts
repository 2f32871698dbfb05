import { referencedParameter, resolveElement } from './element-ref';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  [digest, {}, digest],
  ['$(PART)', { PART: digest }, digest],
  ['$(PART)', {}, undefined],
  ['$(PART)', { PART: 'x' }, undefined],
  ['$(toString)', {}, undefined],
  ['$(PART)x', { PART: digest }, undefined],
])('resolveElement(%s, %j)', (element, values, expected) => {
  expect(resolveElement(element, values as Record<string, string>)).toBe(expected);
});

test('referencedParameter', () => {
  expect(referencedParameter('$(PART)')).toBe('PART');
  expect(referencedParameter(digest)).toBeUndefined();
});
