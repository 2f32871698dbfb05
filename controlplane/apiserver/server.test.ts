import 'reflect-metadata';

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { MASTERS } from '../auth/authorizer';
import { ensureNamespace } from '../controllers/namespace/namespace-controller';
import { CommitError } from '../db/writer';
import { StoreFolder } from '../store/sqlite/test-support';
import { CORE_KINDS } from './resources/core-kinds';
import { ResourceRegistry } from './resources/registry';
import { ApiServer } from './server';

test('a database that cannot write: clients learn that it is so, and the log learns why', async () => {
  const folder = await StoreFolder.open();
  const logged: unknown[] = [];
  const api = new ApiServer({
    store: folder.store, registry: new ResourceRegistry(CORE_KINDS),
    authenticator: { authenticate: () => Promise.resolve({ user: 'admin', groups: [MASTERS] }) },
    logger: { error: (...fields: unknown[]) => void logged.push(...fields) },
  });
  const server = createServer((req, res) => void api.handle(req, res)).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    await ensureNamespace(folder.store, 'default');
    const { raw } = folder.database;
    raw.pragma(`max_page_count = ${String(raw.pragma('page_count', { simple: true }))}`);
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/namespaces/default/configmaps`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data: { filler: 'x'.repeat(300_000) } }),
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.json()).toMatchObject({ reason: 'ServiceUnavailable', message: 'the server cannot write now; its log says why; try again later' });
    expect(logged).toEqual([{ err: expect.any(CommitError) as unknown }, 'request failed']);
    expect((logged[0] as { err: Error }).err.message).toContain(raw.name);
  } finally {
    server.closeAllConnections();
    server.close();
    await folder.remove();
  }
});
