/**
 * One corpus of requests against a real kube-apiserver and ours: their answers are equal, but for the differences that are listed with a
 * reason. A listed one that no longer occurs is a failure too.
 */
import { compare, show } from '../differential/compare';
import { CORPUS } from '../differential/corpus';
import { KNOWN_DIFFERENCES, type KnownDifference } from '../differential/known-differences';
import { differences, Normaliser } from '../differential/normalise';
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

describe('what counts as equal', () => {
  const uids = ['aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002'];
  const object = (uid: string, owner: string, resourceVersion: string): object => ({ metadata: { uid, resourceVersion, ownerReferences: [{ uid: owner }] } });
  const normal = (...bodies: object[]): unknown[] => {
    const normaliser = new Normaliser(new Map([['10.0.0.1:6443', '<server>']]), () => Date.parse('2026-01-01T12:00:00Z'));
    return bodies.map((body) => normaliser.answer({ code: 200, headers: {}, text: JSON.stringify(body) }));
  };
  const differ = (real: object[], ours: object[]): string[] => differences(normal(...real), normal(...ours)).map(({ at }) => at);

  test.each<[string, object[], object[], string[]]>([
    ['other uids and revisions', [object(uids[0], uids[1], '5')], [object(uids[1], uids[0], '9')], []],
    ['a uid where another was meant', [object(uids[0], uids[1], '5')], [object(uids[0], uids[0], '5')], ['.0.body.metadata.uid']],
    ['a revision that moved', [object(uids[0], uids[1], '5'), object(uids[0], uids[1], '5')], [object(uids[0], uids[1], '5'), object(uids[0], uids[1], '6')], ['.1.body.metadata.resourceVersion']],
    ['times of now, in their form', [{ at: '2026-01-01T12:00:05Z' }], [{ at: '2026-01-01T11:59:00Z' }], []],
    ['a time with a fraction', [{ at: '2026-01-01T12:00:05Z' }], [{ at: '2026-01-01T12:00:05.000000Z' }], ['.0.body.at']],
    ['a time of the corpus', [{ at: '2020-01-01T00:00:00Z' }], [{ at: '2020-01-02T00:00:00Z' }], ['.0.body.at']],
    ['generated names', [{ metadata: { generateName: 'a-', name: 'a-bcdfg' } }], [{ metadata: { generateName: 'a-', name: 'a-xz245' } }], []],
    ['a name that was not generated', [{ metadata: { generateName: 'a-', name: 'a-bcdfg' } }], [{ metadata: { generateName: 'a-', name: 'a-none' } }], ['.0.body.metadata.name']],
    ['ages', [{ kind: 'Table', rows: [{ cells: ['x', '5s'] }] }], [{ kind: 'Table', rows: [{ cells: ['x', '7m2s'] }] }], []],
    ['other cells', [{ kind: 'Table', rows: [{ cells: ['x', 5] }] }], [{ kind: 'Table', rows: [{ cells: ['x', '5'] }] }], ['.0.body.rows.0.cells.1']],
    ['what is absent', [{ a: 1, b: null }], [{ a: 1 }], ['.0.body.b']],
  ])('%s', (_, real, ours, expected) => {
    expect(differ(real, ours)).toEqual(expected);
  });
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
