/** Parts of kubernetes mode over a real kube-apiserver: shared keys, definitions, who may do what, the announced address. */
import type { IncomingMessage } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announce, GATEWAY_MAP } from '../../controlplane/kubernetes/announce';
import { installCrds, missingCrds } from '../../controlplane/kubernetes/install-crds';
import { PKI_SECRET, shareKeys } from '../../controlplane/kubernetes/pki-secret';
import { ClusterReviews } from '../../controlplane/kubernetes/reviews';
import { TestKube } from '../support/kube';
import { describeWithKube } from '../support/kube-apiserver';

const asking = (token?: string): IncomingMessage => ({ headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }) as IncomingMessage;

describeWithKube('parts of kubernetes mode', ['etcd', 'kube-apiserver'], () => {
  const kube = new TestKube();
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-parts-'));
  beforeAll(async () => {
    await kube.start({ crds: false, tokens: [{ token: 'of-alice', user: 'alice', groups: ['issuers'] }] });
    await kube.createNamespaces('ops', 'lab');
  }, 120_000);
  afterAll(async () => {
    await kube.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test('several first replicas at once end up with the same keys; a later one too; a damaged Secret is refused', async () => {
    const dirs = Array.from({ length: 6 }, (_, i) => join(folder, `r${i}`));
    await Promise.all(dirs.slice(0, 5).map((dir) => shareKeys(kube.admin, 'ops', dir)));
    await shareKeys(kube.admin, 'ops', dirs[5] as string);
    for (const file of ['ca.key', 'ca.crt', 'gateway.key']) {
      expect(new Set(dirs.map((dir) => readFileSync(join(dir, file)).toString('hex'))).size).toBe(1);
    }
    const path = `/api/v1/namespaces/ops/secrets/${PKI_SECRET}`;
    await kube.admin.json({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { data: { 'ca.key': null } } });
    await expect(shareKeys(kube.admin, 'ops', join(folder, 'late'))).rejects.toThrow(`the Secret ops/${PKI_SECRET} lacks ca.key: restore it from a backup`);
  });

  test('definitions: missing, installed, and installed again', async () => {
    expect((await missingCrds(kube.admin)).sort()).toEqual(['accounts', 'agents', 'jobs', 'ratetiers', 'runtimes', 'tasks'].map((each) => `${each}.gleaner.dev`));
    expect(await installCrds(kube.admin)).toHaveLength(6);
    expect(await missingCrds(kube.admin)).toEqual([]);
    await installCrds(kube.admin);
  }, 60_000);

  test('who asks, and what the roles of the cluster let them do; answers are kept for a while', async () => {
    let now = 0;
    let asked = 0;
    const reviews = new ClusterReviews({ json: (request) => { asked += 1; return kube.admin.json(request); } }, () => now);
    const alice = await reviews.authenticate(asking('of-alice'));
    expect(alice).toEqual({ user: 'alice', groups: expect.arrayContaining(['issuers', 'system:authenticated']) });
    await Promise.all([1, 2, 3].map(() => reviews.authenticate(asking('of-alice'))));
    expect([await reviews.authenticate(asking('of-nobody')), await reviews.authenticate(asking()), await reviews.authenticate(asking('x'.repeat(20_000)))]).toEqual([undefined, undefined, undefined]);
    expect(asked).toBe(2);
    const results = (namespace: string) => ({ verb: 'get', path: '/', resource: { group: 'gleaner.dev', plural: 'jobs', subresource: 'results', namespace, name: 'pi' } });
    const may = (namespace: string): ReturnType<typeof reviews.authorizer> => reviews.authorizer(alice!, results(namespace));
    expect(await may('lab')).toBe('User "alice" cannot get resource "jobs/results" in API group "gleaner.dev" in the namespace "lab"');
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/lab';
    await kube.admin.json({ method: 'POST', path: `${rbac}/roles`, body: { metadata: { name: 'r' }, rules: [{ apiGroups: ['gleaner.dev'], resources: ['jobs/results'], verbs: ['get'] }] } });
    await kube.admin.json({
      method: 'POST', path: `${rbac}/rolebindings`,
      body: { metadata: { name: 'r' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }] },
    });
    expect(await may('lab')).toMatch(/cannot get/);
    now += 3001;
    for (let wait = 0; wait < 100 && (await may('lab')) !== undefined; wait += 1) {
      now += 3001;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    const before = asked;
    expect([await may('lab'), await may('lab')]).toEqual([undefined, undefined]);
    expect(asked).toBe(before);
    expect(await may('ops')).toMatch(/cannot get/);
    expect(await reviews.authorizer(alice!, { verb: 'get', path: '/ledger/verify' })).toBe('User "alice" cannot get path "/ledger/verify"');
  }, 60_000);

  test('nobody is let in while the cluster cannot be asked, and it is asked again', async () => {
    let up = false;
    const reviews = new ClusterReviews({ json: (request) => (up ? kube.admin.json(request) : Promise.reject(new Error('no answer'))) });
    await expect(reviews.authenticate(asking('of-alice'))).rejects.toThrow('no answer');
    up = true;
    expect(await reviews.authenticate(asking('of-alice'))).toMatchObject({ user: 'alice' });
  });

  test('the address is announced once, changed when it changes, and what others put beside it stays', async () => {
    const store = kube.store();
    const read = async (): Promise<{ data?: Record<string, string>; metadata: { resourceVersion?: string } } | undefined> => store.get('configmaps', 'ops', GATEWAY_MAP);
    await announce(store, 'ops', { url: 'https://a:1', 'ca.crt': 'pem' });
    const first = await read();
    await announce(store, 'ops', { url: 'https://a:1', 'ca.crt': 'pem' });
    expect(await read()).toEqual(first);
    await store.update('configmaps', { ...(first as never as Parameters<typeof store.update>[1]), data: { ...first?.data, note: 'ours' } } as never);
    await announce(store, 'ops', { url: 'https://b:2', 'ca.crt': 'pem' });
    expect((await read())?.data).toEqual({ url: 'https://b:2', 'ca.crt': 'pem', note: 'ours' });
    store.close();
  });
});
