import { connectionOf } from './target';

test.each([
  ['postgres://gleaner@db.example/ledger', { host: 'db.example', port: 5432, user: 'gleaner', database: 'ledger', ssl: { rejectUnauthorized: true } }],
  ['postgresql://a%40b@10.0.0.1:6000/x?sslmode=disable', { host: '10.0.0.1', port: 6000, user: 'a@b', database: 'x', ssl: false }],
  ['postgres://gleaner@[::1]:7/x?sslmode=disable', { host: '::1', port: 7, user: 'gleaner', database: 'x', ssl: false }],
  ['postgres:///ledger?host=/run/postgresql&user=me', { host: '/run/postgresql', port: 5432, user: 'me', database: 'ledger', ssl: false }],
])('%s', (url, expected) => expect(connectionOf({ url })).toEqual(expected));

test('the password goes beside the url', () => {
  expect(connectionOf({ url: 'postgres://me@db/x', password: 'p:@/' })).toMatchObject({ user: 'me', password: 'p:@/' });
});

test.each([
  ['db.example', 'is no URL; write postgres://'],
  ['mysql://me@db/x', 'its scheme is mysql://, must be postgres://'],
  ['postgres://me:secret@db/x', 'give it by file or by environment variable'],
  ['postgres://me@db/x?password=secret', 'give it by file or by environment variable'],
  ['postgres://db/x', 'has no user'],
  ['postgres:///x?user=me', 'has no host'],
  ['postgres://me@db', 'its path must be the name of the database'],
  ['postgres://me@db/x?sslmode=require', 'sslmode "require" does not prove whom we talk to; take verify-full'],
  ['postgres://me@db/x?sslrootcert=/nowhere/ca.crt', 'sslrootcert /nowhere/ca.crt cannot be read'],
  ['postgres://me@db/x?application_name=x', 'parameter "application_name" is unknown'],
])('%s is refused', (url, words) => {
  const refused = (): unknown => connectionOf({ url, password: 'hidden' });
  expect(refused).toThrow(words);
  expect(refused).not.toThrow(/secret|hidden/);
});
