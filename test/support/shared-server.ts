/**
 * What the tests of one file (or of one `describe`) share: an API server, its kubectl, and a namespace of its own for each test.
 * What these give is empty until the first `beforeAll`: pass it on, read its fields in tests and hooks.
 */
import { makeNamespace, startApiServer, type TestApiServer, type TestApiServerOptions } from './api-server';
import { kubectl, type Kubectl } from './kubectl';

/** A server that runs from the first test to the last. */
export function sharedServer(options: TestApiServerOptions = {}): TestApiServer {
  const server: Partial<TestApiServer> = {};
  beforeAll(async () => {
    Object.assign(server, await startApiServer(options));
  });
  afterAll(() => server.stop?.());
  return server as TestApiServer;
}

/** The same, and the administrator's kubectl. */
export function sharedKubectl(options: TestApiServerOptions = {}, binary?: string): { server: TestApiServer; k: Kubectl } {
  const server = sharedServer(options);
  const k = {} as Kubectl;
  beforeAll(() => {
    Object.assign(k, kubectl(server.kubeconfig, server.dir, binary));
  });
  return { server, k };
}

export interface TestNamespace {
  ns: string;
  /** The path of its Jobs. */
  jobs: string;
  /** The path of its ConfigMaps. */
  maps: string;
}

let namespaces = 0;

/** Makes a namespace that no other test of the file has. */
export async function nextNamespace(server: TestApiServer): Promise<TestNamespace> {
  const ns = await makeNamespace(server, `test-${++namespaces}`);
  return { ns, jobs: `/apis/gleaner.dev/v1alpha1/namespaces/${ns}/jobs`, maps: `/api/v1/namespaces/${ns}/configmaps` };
}
