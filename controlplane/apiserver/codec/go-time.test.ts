import { canonicalTime } from './go-time';

// As kube-apiserver answers what it was sent; the corpus of test/differential/corpus/times.ts has more of them.
test.each<[string, string | null, string | null]>([
  ['2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z', '2020-01-01T00:00:00.000000Z'],
  ['2020-01-01T00:00:00.123456Z', '2020-01-01T00:00:00Z', '2020-01-01T00:00:00.123456Z'],
  ['2020-01-01T1:02:03,5+02:00', '2019-12-31T23:02:03Z', '2019-12-31T23:02:03.500000Z'],
  ['2020-01-01T00:00:00.123456+24:60', '2019-12-30T23:00:00Z', '2019-12-30T23:00:00.123456Z'],
  ['0000-01-01T00:00:00.000000Z', '0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000000Z'],
  ['0001-01-01T00:00:00.000000Z', null, null],
  ['0001-01-01T01:00:00+01:00', null, null],
  ['9999-12-31T23:59:59.999999-10:00', '9999-12-31T23:59:59.999999-10:00', '9999-12-31T23:59:59.999999-10:00'],
  ['yesterday', 'yesterday', 'yesterday'],
])('%s is kept as %s, or %s', (text, time, microTime) => {
  expect([canonicalTime(text, false), canonicalTime(text, true)]).toEqual([time, microTime]);
});
