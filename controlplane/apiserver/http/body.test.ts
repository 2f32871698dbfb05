import type { IncomingMessage } from 'node:http';

import { mediaType, patchType } from './body';

const asking = (type?: string): IncomingMessage => ({ headers: { 'content-type': type } }) as unknown as IncomingMessage;

test.each<[string | undefined, string]>([
  [undefined, ''],
  ['Application/JSON', 'application/json'],
  ['application/json; charset=utf-8', 'application/json'],
  ['application/json ;a="x;y\\"z" ; b=c;', 'application/json'],
  ['application/json;;', ';'],
  ['application/json; charset', ';'],
  ['application/json; =x', ';'],
  ['application/json;a=b;A=c', ';'],
  [';', ';'],
  ['; charset=utf-8', ';'],
])('the media type of %s is %s', (header, type) => {
  expect(mediaType(asking(header))).toBe(type);
});

test('types of patches are what stands before their parameters', () => {
  expect([undefined, 'A/B;c', 'a/b ; c', ';'].map((header) => patchType(asking(header)))).toEqual(['', 'A/B', 'a/b ', ';']);
});
