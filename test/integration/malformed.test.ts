/**
 * 10,000 generated requests in each of which something is wrong, against the real server in a process of its own: none may break it, none
 * may be answered with an error of the server, none may leave memory behind. The seed is fixed, and said when something is found.
 */
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { parse } from 'yaml';

import { TestCluster } from '../support/gleaner';
import { malformedRequest, NAMESPACE, type Malformed } from '../support/malformed/requests';
import { complaint, inParallel, Sender } from '../support/malformed/send';
import { targetsOf } from '../support/malformed/targets';

const SEED = Number(process.env.MALFORMED_SEED ?? 20_261_127);
const REQUESTS = Number(process.env.MALFORMED_REQUESTS ?? 10_000);
/** After these, what the server keeps for good (compiled code, caches, the few objects) is there. */
const WARM_UP = Math.floor(REQUESTS * 0.3);
const MAX_GROWTH_BYTES = 8 * 1024 * 1024;
/** What the process holds of the machine: more loosely, as V8 gives back what it does not need when it likes, and SQLite keeps its pages. */
const MAX_RSS_GROWTH_BYTES = 48 * 1024 * 1024;
const MAX_RSS_BYTES = 384 * 1024 * 1024;

const cluster = new TestCluster();
let server: ChildProcess;
let sender: Sender;

beforeAll(async () => {
  const hook = join(__dirname, '..', 'support', 'heap-on-signal.cjs');
  server = await cluster.start('server', ['server', '--data', cluster.dataDir, '--port', '0', '--log-level', 'warn'], { NODE_OPTIONS: `--require ${hook}` });
  const issuerFile = join(cluster.dir, 'issuer.kubeconfig');
  await cluster.ok(['issuer', 'create', NAMESPACE, '--kubeconfig', issuerFile]);
  const { clusters, users } = configIn(cluster.kubeconfig);
  const url = new URL(clusters[0].cluster.server);
  const ca = Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64').toString('utf8');
  const tokens = { administrator: users[0].user.token, issuer: configIn(issuerFile).users[0].user.token };
  sender = new Sender({ host: url.hostname, port: Number(url.port), ca, tokens });
}, 90_000);

afterAll(async () => {
  sender?.close();
  await cluster.close();
});

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

const configIn = (file: string): Kubeconfig => parse(readFileSync(file, 'utf8')) as Kubeconfig;

async function send(method: string, path: string, body?: object, accept = 'application/json'): Promise<{ code: number; json: never }> {
  const { code, text } = await sender.send({ method, path, headers: { Accept: accept }, ...(body && { body: { type: 'application/json', bytes: Buffer.from(JSON.stringify(body)) } }) });
  return { code, json: JSON.parse(text) as never };
}

/** After a garbage collection. */
async function memory(): Promise<{ heap: number; rss: number }> {
  const printed = once(server.stdout!, 'data') as Promise<[Buffer]>;
  server.kill('SIGUSR2');
  const [chunk] = await printed;
  const [, heap, rss] = /heap (\d+) rss (\d+)/.exec(chunk.toString()) ?? [];
  return { heap: Number(heap), rss: Number(rss) };
}

const shown = ({ method, path, headers, body, as }: Malformed): string => `${method} ${path} as ${as} ${JSON.stringify(headers)} ${body?.type} ${body?.bytes.toString('latin1').slice(0, 1500)}`;

test(`${REQUESTS} malformed requests`, async () => {
  const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const targets = targetsOf([(await send('GET', '/api', undefined, aggregated)).json, (await send('GET', '/apis', undefined, aggregated)).json]);
  expect(targets.length).toBeGreaterThan(15);

  const requests = fc.sample(malformedRequest(targets), { seed: SEED, numRuns: REQUESTS });
  const found: string[] = [];
  /** By whom they were sent. */
  const codes = { administrator: new Map<number, number>(), issuer: new Map<number, number>(), anonymous: new Map<number, number>() };
  const run = (from: number, to: number): Promise<void> =>
    inParallel(requests.slice(from, to), 16, async (each, index) => {
      const reply = await sender.send(each).catch((error: Error) => ({ code: 599, type: '', text: String(error) }));
      const told = codes[each.as ?? 'administrator'];
      told.set(reply.code, (told.get(reply.code) ?? 0) + 1);
      const wrong = complaint(each, reply);
      if (wrong !== undefined && found.length < 20) found.push(`seed ${SEED}, request ${from + index}: ${shown(each)}\n  ${wrong}`);
    });
  await run(0, WARM_UP);
  const before = await memory();
  await run(WARM_UP, REQUESTS);
  const after = await memory();

  expect(found).toEqual([]);
  expect(server.exitCode).toBeNull();
  const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  process.stdout.write(`malformed requests: heap ${mib(before.heap)} → ${mib(after.heap)}, RSS ${mib(before.rss)} → ${mib(after.rss)}\n`);
  // Also false for what is no number.
  expect({ before, after, bounded: after.heap - before.heap <= MAX_GROWTH_BYTES }).toMatchObject({ bounded: true });
  expect({ before, after, bounded: after.rss - before.rss <= MAX_RSS_GROWTH_BYTES && after.rss <= MAX_RSS_BYTES }).toMatchObject({ bounded: true });
  // It was malformed in many ways, and some of it was harmless.
  expect([...codes.administrator.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 404, 405, 409, 415, 422]));
  expect([...codes.issuer.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 403, 404, 422]));
  expect([...codes.anonymous.keys()]).toEqual(expect.arrayContaining([401, 403]));

  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'afterwards' }, data: { a: 'b' } };
  expect(await send('POST', `/api/v1/namespaces/${NAMESPACE}/configmaps`, map)).toMatchObject({ code: 201, json: { data: { a: 'b' } } });
  expect(await send('GET', `/api/v1/namespaces/${NAMESPACE}/configmaps/afterwards`)).toMatchObject({ code: 200, json: { data: { a: 'b' } } });
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
}, 300_000);
