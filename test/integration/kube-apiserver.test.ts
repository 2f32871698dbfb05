/** The real kube-apiserver that other tests compare with: it is what it says it is. */
import { kubectl } from '../support/kubectl';
import { describeWithKube, startKubeApiServer, type KubeApiServer } from '../support/kube-apiserver';

describeWithKube('a real kube-apiserver', ['etcd', 'kube-apiserver', 'kube-controller-manager'], () => {
  let server: KubeApiServer;
  beforeAll(async () => {
    server = await startKubeApiServer({ controllerManager: true, tokens: [{ token: 'of-alice', user: 'alice', groups: ['lab'] }] });
  }, 120_000);
  afterAll(() => server?.stop());

  test('authenticates by token and authorises by RBAC', async () => {
    const kube = kubectl(server.kubeconfig, server.dir);
    expect(await kube.ok(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'])).toBe('admin');
    expect(await kube.fails(['get', 'secrets', '--as=alice'])).toContain('User "alice" cannot list resource "secrets"');
    expect(await kube.fails(['get', 'secrets', '--server', server.url, '--token=of-alice', '--user=nobody'])).toMatch(/alice|does not exist/);
  });

  test('its controllers make accounts, collect garbage and end namespaces', async () => {
    const kube = kubectl(server.kubeconfig, server.dir);
    await kube.ok(['create', 'namespace', 'lab']);
    await kube.ok(['wait', '--for=create', 'serviceaccount/default', '-n', 'lab', '--timeout=20s']);
    await kube.ok(['wait', '--for=create', 'configmap/kube-root-ca.crt', '-n', 'lab', '--timeout=20s']);
    expect(await kube.ok(['delete', 'namespace', 'lab', '--timeout=20s'])).toBe('namespace "lab" deleted\n');
  }, 60_000);

  test('keeps its data over a crash', async () => {
    const kube = kubectl(server.kubeconfig, server.dir);
    await kube.ok(['create', 'configmap', 'kept', '--from-literal=a=b']);
    await server.restart();
    expect(await kube.ok(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}'])).toBe('b');
  }, 120_000);
});
