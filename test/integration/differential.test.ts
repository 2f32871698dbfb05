/**
 * One corpus of requests against a real kube-apiserver and ours: their answers are equal, but for the differences that are listed with a
 * reason. A listed one that no longer occurs is a failure too.
 */
import { compare, show } from '../differential/compare';
import { CORPUS } from '../differential/corpus';
import { KNOWN_DIFFERENCES, type KnownDifference } from '../differential/known-differences';
import { prepare } from '../differential/prepare';
import type { Target } from '../differential/replay';
import { startApiServer, type TestApiServer } from '../support/api-server';
import { describeWithKube, startKubeApiServer, type KubeApiServer } from '../support/kube-apiserver';

const MIN_REQUESTS = 300;

test(`the corpus has at least ${MIN_REQUESTS} requests, each with a name of its own`, () => {
  const names = CORPUS.flatMap(({ name, steps }) => steps.map(({ label }) => `${name} › ${label}`));
  expect(names.length).toBeGreaterThanOrEqual(MIN_REQUESTS);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describeWithKube('beside a real kube-apiserver', ['etcd', 'kube-apiserver'], () => {
  let kube: KubeApiServer;
  let embedded: TestApiServer;
  let real: Target;
  let ours: Target;
  const occurred = new Set<KnownDifference>();

  beforeAll(async () => {
    [kube, embedded] = await Promise.all([startKubeApiServer(), startApiServer()]);
    real = kube;
    ours = { url: embedded.url, caCertificate: embedded.caCertificate, adminToken: embedded.token };
    await Promise.all([real, ours].map(prepare));
  }, 120_000);
  afterAll(() => Promise.all([kube?.stop(), embedded?.stop()]), 60_000);

  test.each(CORPUS.map((sequence) => [sequence.name, sequence] as const))('%s', async (_, sequence) => {
    const found = await compare(real, ours, sequence);
    for (const known of found.occurred) occurred.add(known);
    expect(found.unknown.map(show)).toEqual([]);
  }, 120_000);

  test('every difference that is listed as known occurs', () => {
    expect(KNOWN_DIFFERENCES.filter((known) => !occurred.has(known)).map(({ sequence, step, at, reason }) => ({ sequence: String(sequence), step: String(step), at: String(at), reason }))).toEqual([]);
  });
});
