import { splitUrl } from './database-target';

test.each([
  ['postgres://u@h/d', undefined, { url: 'postgres://u@h/d' }],
  ['postgres://u:p%40ss@h:5433/d?sslmode=verify-full', undefined, { url: 'postgres://u@h:5433/d?sslmode=verify-full', password: 'p@ss' }],
  ['postgres://u@h/d', '/etc/ca.crt', { url: 'postgres://u@h/d?sslrootcert=%2Fetc%2Fca.crt' }],
  ['no url', undefined, { url: 'no url' }],
])('%s', (text, caFile, expected) => {
  expect(splitUrl(text, caFile)).toEqual(expected);
});
