import { health, healthRoot, type HealthChecks } from './health';

let well = true;
const ping = { name: 'ping', ok: () => true };
const other = { name: 'hook/other', ok: () => well };
const CHECKS: HealthChecks = { '/healthz': [ping], '/livez': [ping, other], '/readyz': [other] };
const ask = (path: string, query = ''): [number, string] => {
  const target = healthRoot(path);
  if (!target) throw new Error(`${path} is no health path`);
  const { code, text } = health(CHECKS, target.root, target.check, new URLSearchParams(query));
  return [code, text];
};

beforeEach(() => {
  well = true;
});

test.each([
  ['/livez', '', 'ok'],
  ['/livez/', '', 'ok'],
  ['/livez', 'verbose', '[+]ping ok\n[+]hook/other ok\nlivez check passed\n'],
  ['/livez', 'verbose=1&exclude=ping', '[+]ping excluded: ok\n[+]hook/other ok\nlivez check passed\n'],
  ['/readyz', 'verbose&exclude=b&exclude=a', '[+]hook/other ok\nwarn: some health checks cannot be excluded: no matches for "a","b"\nreadyz check passed\n'],
  ['/livez/hook/other', '', 'ok'],
])('%s?%s', (path, query, text) => {
  expect(ask(path, query)).toEqual([200, text]);
});

test('a check that fails is named, whatever was asked; those that are excluded do not count', () => {
  well = false;
  expect(ask('/livez')).toEqual([500, '[+]ping ok\n[-]hook/other failed: reason withheld\nlivez check failed\n']);
  expect(ask('/livez', 'exclude=hook/other')).toEqual([200, 'ok']);
  expect(ask('/healthz')).toEqual([200, 'ok']);
  expect(ask('/livez/hook/other')).toEqual([500, 'internal server error: hook/other is not well\n']);
});

test('checks and paths that are none', () => {
  expect(ask('/livez/nope')).toEqual([404, '404 page not found\n']);
  expect([healthRoot('/livezz'), healthRoot('/api')]).toEqual([undefined, undefined]);
});
