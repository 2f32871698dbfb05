import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo } from 'node:net';

import { letOthersIn } from './turns';

test('what came in before is read', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [[typeof client], unknown];
  let received = '';
  socket.on('data', (data: Buffer) => (received += data.toString()));
  await letOthersIn();
  client.write('a');
  await letOthersIn();
  expect(received).toBe('a');
  client.destroy();
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
