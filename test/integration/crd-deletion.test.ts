/**
 * What becomes of the objects of a definition that goes: whoever deletes them in one go with it finds them, they are deleted afterwards,
 * and a kill -9 in the middle changes nothing of it.
 */
import { Agent } from 'node:https';

import { findTarget } from '../../cli/client';
import type { Json, TestApiServer } from '../support/api-server';
import { conditions, CRDS_PATH, define, definition, hasCondition, version } from '../support/definitions';
import { TestCluster } from '../support/gleaner';
import { exchange } from '../support/https';
import { describeWithKube } from '../support/kube-apiserver';
import { eventually, kubectl } from '../support/kubectl';
import { sharedServer } from '../support/shared-server';

type Target = Pick<TestApiServer, 'url' | 'caCertificate' | 'token'>;

/** A client with one connection. */
class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly target: Target) {}

  call(method: string, path: string, body?: object): Promise<{ code: number; json: Json }> {
    const { url, caCertificate: ca, token } = this.target;
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    return exchange(`${url}${path}`, { method, ca, agent: this.#agent, headers: { Authorization: `Bearer ${token}`, 'Content-Type': type } }, body);
  }

  close(): void {
    this.#agent.destroy();
  }
}

const CRD = `${CRDS_PATH}/bolts.example.com`;
const BOLTS = '/apis/example.com/v1/namespaces/default/bolts';
const BOLT = definition({ plural: 'bolts', kind: 'Bolt', versions: [version('v1', {})] });
const bolt = (name: string, metadata: object = {}): object => ({ apiVersion: 'example.com/v1', kind: 'Bolt', metadata: { name, ...metadata } });
const PENDING = 'True InstanceDeletionPending: CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
const IN_PROGRESS = 'True InstanceDeletionInProgress: CustomResource deletion is in progress';

const terminating = async (on: Connection): Promise<string | undefined> => {
  const { code, json } = await on.call('GET', CRD);
  return code === 404 ? undefined : conditions(json as never).Terminating;
};
const goes = (on: Connection): Promise<void> => eventually(() => 'the definition is gone', async () => (await terminating(on)) === undefined);

describe('a run of deletions on one connection', () => {
  const server = sharedServer();
  let client: Connection;
  let other: Connection;
  beforeEach(async () => {
    [client, other] = [new Connection(server), new Connection(server)];
    await define(server, BOLT);
    await hasCondition(server, 'bolts.example.com', 'Established', 'True');
    for (const name of ['a', 'b']) expect((await client.call('POST', BOLTS, bolt(name))).code).toBe(201);
  });
  afterEach(async () => {
    client.close();
    await goes(other);
    other.close();
  });

  test('finds the objects of a definition that was deleted before them; they go with the first request that deletes nothing', async () => {
    expect((await client.call('DELETE', CRD)).code).toBe(200);
    expect(await terminating(other)).toBe(PENDING);
    // Discovery is looked up between two deletions.
    expect((await client.call('GET', '/apis/example.com/v1')).code).toBe(200);
    expect((await client.call('DELETE', `${BOLTS}/b`)).code).toBe(200);
    expect((await client.call('DELETE', `${BOLTS}/nope`)).code).toBe(404);
    expect((await other.call('GET', `${BOLTS}/a`)).code).toBe(200);
    expect((await other.call('POST', BOLTS, bolt('late'))).json).toMatchObject({ code: 405, message: 'create not allowed while custom resource definition is terminating' });
    await client.call('GET', CRD);
    await goes(other);
  });

  test('is over when no further deletion comes, also of a client that asks discovery until the kind is gone', async () => {
    expect((await client.call('DELETE', CRD)).code).toBe(200);
    await eventually(() => 'the kind is gone from discovery', async () => (await client.call('GET', '/apis/example.com/v1')).code === 404);
    expect((await client.call('GET', CRD)).code).toBe(404);
  });

  test('ends with the connection', async () => {
    expect((await client.call('DELETE', CRD)).code).toBe(200);
    expect(await terminating(other)).toBe(PENDING);
    client.close();
    await goes(other);
  });

  test('is another one for another client, and a second deletion of the definition changes nothing', async () => {
    expect((await client.call('DELETE', CRD)).code).toBe(200);
    const again = await other.call('DELETE', CRD);
    expect([again.code, conditions(again.json as never).Terminating]).toEqual([200, PENDING]);
    await client.call('GET', CRD);
    await eventually(() => 'the definition is gone', async () => (await server.store.get('customresourcedefinitions.apiextensions.k8s.io', '', 'bolts.example.com')) === undefined);
  });
});

describeWithKube('kubectl delete -f of a definition and its objects', ['kubectl', 'kubectl-current', 'kubectl-old'], (paths) => {
  const ROUNDS = 20;
  const server = sharedServer();

  test.each(['kubectl', 'kubectl-current', 'kubectl-old'] as const)('%s: finds all of them, every time', async (program) => {
    const k = kubectl(server.kubeconfig, server.dir, paths[program]);
    const input = [BOLT, bolt('a', { namespace: 'default' }), bolt('b', { namespace: 'default' })].map((each) => `---\n${JSON.stringify(each)}\n`).join('');
    for (let round = 0; round < ROUNDS; round++) {
      await define(server, BOLT);
      await hasCondition(server, 'bolts.example.com', 'Established', 'True');
      for (const name of ['a', 'b']) expect((await server.request('POST', BOLTS, { body: bolt(name) })).code).toBe(201);
      const { code, stdout, stderr } = await k.run(['delete', '-f', '-'], { input });
      expect({ code, stderr, lines: stdout.split('\n').filter(Boolean).map((line) => line.replace(/ from .*/, '')) }).toEqual({
        code: 0, stderr: '', lines: ['customresourcedefinition.apiextensions.k8s.io "bolts.example.com" deleted', 'bolt.example.com "a" deleted', 'bolt.example.com "b" deleted'],
      });
      expect((await server.request('GET', CRD)).code).toBe(404);
    }
  }, 120_000);
});

test('kill -9: a definition that was going goes on after a start, also one whose deleter was not through, and waits for finalizers', async () => {
  const cluster = new TestCluster();
  try {
    const start = async (): Promise<Target> => {
      await cluster.startServer(['--images', '/nowhere']);
      const { server: url, ca: caCertificate = '', token = '' } = findTarget({ data: cluster.dataDir });
      return { url, caCertificate, token };
    };
    let client = new Connection(await start());
    expect((await client.call('POST', CRDS_PATH, BOLT)).code).toBe(201);
    await eventually(() => 'the definition is served', async () => (await client.call('GET', BOLTS)).code === 200);
    await client.call('POST', BOLTS, bolt('free'));
    await client.call('POST', BOLTS, bolt('held', { finalizers: ['example.com/hold'] }));
    expect(conditions((await client.call('DELETE', CRD)).json as never).Terminating).toBe(PENDING);
    await cluster.kill('server', 'SIGKILL');
    client.close();

    client = new Connection(await start());
    await eventually(() => 'what nothing holds is gone', async () => (await client.call('GET', `${BOLTS}/free`)).code === 404);
    expect(await terminating(client)).toBe(IN_PROGRESS);
    expect((await client.call('GET', `${BOLTS}/held`)).json.metadata.deletionTimestamp).toBeDefined();
    await cluster.kill('server', 'SIGKILL');
    client.close();

    client = new Connection(await start());
    expect(await terminating(client)).toBe(IN_PROGRESS);
    expect((await client.call('POST', BOLTS, bolt('late'))).code).toBe(405);
    expect((await client.call('PATCH', `${BOLTS}/held`, { metadata: { finalizers: null } })).code).toBe(200);
    await goes(client);
    expect((await client.call('GET', BOLTS)).code).toBe(404);
    client.close();
  } finally {
    await cluster.close();
  }
}, 120_000);
