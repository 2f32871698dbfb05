import { StoreError } from '../store';
import { decodeToken, encodeToken, LATEST } from './continue-token';
import { keyOf } from './table';

const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const v = 'meta.k8s.io/v1';

test.each([
  ['one namespace', keyOf('lab', 'a'), 'lab', 'a\0'],
  ['all namespaces', keyOf('lab', 'a'), '', 'lab/a\0'],
  ['no namespaces', keyOf('', 'a'), '', 'a\0'],
])('a list of %s goes on after its last key', (_, key, namespace, start) => {
  const text = encodeToken(7, key, namespace);
  expect(JSON.parse(Buffer.from(text, 'base64url').toString())).toEqual({ v, rv: 7, start });
  expect(decodeToken(text, namespace)).toEqual({ revision: 7, start: { key, exclusive: true } });
});

test('a token of another client: with the key, over what is there now', () => {
  expect(decodeToken(token({ v, rv: LATEST, start: '/a' }), 'lab')).toEqual({ revision: LATEST, start: { key: keyOf('lab', 'a'), exclusive: false } });
});

test.each([
  ['not base64', 'a b', 'illegal base64 data at input byte 1'],
  ['no JSON', 'xx', 'continue key is not valid: '],
  ['no object', token([]), 'it holds no object'],
  ['version', token({ v: 'v9', rv: 1, start: 'a' }), 'server does not recognize this encoded version v9'],
  ['no revision', token({ v, start: 'a' }), 'rv is not a revision'],
  ['revision 0', token({ v, rv: 0, start: 'a' }), 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
  ['no start', token({ v, rv: 1, start: '' }), 'encoded start key empty (version meta.k8s.io/v1)'],
  ['another namespace', token({ v, rv: 1, start: 'secret/a' }), 'continue key is not valid: "secret/a"'],
  ['up', token({ v, rv: 1, start: '..' }), 'continue key is not valid: ".."'],
])('refuses a token with %s', (_, text, words) => {
  expect(() => decodeToken(text, 'lab')).toThrow(words);
  expect(() => decodeToken(text, 'lab')).toThrow(StoreError);
});
