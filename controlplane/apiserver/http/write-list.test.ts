import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

import type { KubeObject } from '../../../crds/meta';
import { asYaml, writeList } from './write-list';

const text = (size: number, at: number): string => JSON.stringify(`${at}:${'äx'.repeat(size)}`);
let items: (string | Buffer)[] = [];
let server: Server;

beforeAll(async () => {
  server = createServer((_req, res) => void writeList(res, items as unknown as KubeObject[], { head: '{"items":[', open: '<', item: (item) => item as unknown as string, tail: ']}' })).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function read(headers: Record<string, string> = {}, from: Server = server): Promise<{ res: IncomingMessage; body: Buffer }> {
  const [res] = (await once(get({ host: '127.0.0.1', port: (from.address() as AddressInfo).port, agent: false, headers }), 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  return { res, body: Buffer.concat(chunks) };
}

test.each([
  ['none', 0, () => 10],
  ['one small', 1, () => 10],
  ['a few that fill the first memory', 7, () => 1000],
  ['many small ones', 5000, (at: number) => at % 50],
  ['many of all sizes', 300, (at: number) => (at * 7919) % 9000],
  ['some larger than a piece', 5, (at: number) => (at % 2 === 0 ? 200_000 : 3)],
  ['one that is large', 1, () => 300_000],
] as const)('%s', async (_, count, size) => {
  // Every other one as bytes, as the store keeps them.
  items = Array.from({ length: count }, (__, at) => (at % 2 === 0 ? text(size(at), at) : Buffer.from(text(size(at), at))));
  const whole = `{"items":[${items.map((item) => `<${String(item)}`).join(',')}]}`;
  const plain = await read();
  expect(plain.body.toString() === whole).toBe(true);
  expect(plain.res.headers['content-length'] === undefined).toBe(Buffer.byteLength(whole) >= 256 * 1024 || count >= 1000);
  const zipped = await read({ 'Accept-Encoding': 'gzip' });
  const isZipped = zipped.res.headers['content-encoding'] === 'gzip';
  expect(isZipped).toBe(plain.res.headers['content-length'] === undefined || whole.length > 128 * 1024);
  expect((isZipped ? gunzipSync(zipped.body) : zipped.body).toString() === whole).toBe(true);
});

test.each([
  ['none', '{"kind":"L","apiVersion":"v1","metadata":{},"items":[', '{', [], 'apiVersion: v1\nitems: []\nkind: L\nmetadata: {}\n'],
  ['objects', '{"kind":"L","apiVersion":"v1","metadata":{},"items":[', '{', ['"b":1,"a":[]}', '}'], 'apiVersion: v1\nitems:\n- a: []\n  b: 1\n- {}\nkind: L\nmetadata: {}\n'],
  ['rows', '{"kind":"Table","columnDefinitions":[],"rows":[', '', ['{"cells":[1]}'], 'columnDefinitions: []\nkind: Table\nrows:\n- cells:\n  - 1\n'],
] as const)('as YAML: %s', async (_, head, open, texts, whole) => {
  const list = asYaml({ head, open, item: (item) => Buffer.from(item as unknown as string), tail: ']}\n' });
  const yaml = createServer((_req, res) => void writeList(res, texts as unknown as KubeObject[], list)).listen(0, '127.0.0.1');
  await once(yaml, 'listening');
  try {
    const { res, body } = await read({}, yaml);
    expect([res.headers['content-type'], body.toString()]).toEqual(['application/yaml', whole]);
  } finally {
    yaml.close();
  }
});
