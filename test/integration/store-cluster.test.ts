/** The conformance suite of the ObjectStore, over a real kube-apiserver. */
import { describeObjectStore } from '../../controlplane/store/conformance';
import { TestKube } from '../support/kube';
import { describeWithKube } from '../support/kube-apiserver';

describeWithKube('on a real kube-apiserver', ['etcd', 'kube-apiserver'], () => {
  const kube = new TestKube();
  beforeAll(async () => {
    await kube.start();
    await kube.createNamespaces('lab-a', 'lab-b');
  }, 120_000);
  afterAll(() => kube.stop(), 60_000);

  describeObjectStore('Kubernetes', async () => {
    await kube.empty('lab-a', 'lab-b');
    const store = kube.store();
    return { store, cleanup: async () => store.close() };
  });
});
