import { createServer, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type KeyPair, selfSigned } from './certificate';
import { HttpConnection } from './http-connection';

describe('HttpConnection', () => {
  let server: Server;
  let pair: KeyPair;
  let connection: HttpConnection;

  beforeAll(async () => {
    pair = await selfSigned();
    server = createServer(pair, (req: IncomingMessage, res) => {
      let body = '';
      req.setEncoding('utf8').on('data', (part: string) => (body += part));
      req.on('end', () => {
        if (req.url === '/chunked') {
          res.write('{"a":"ü');
          setImmediate(() => res.end('b"}'));
        } else if (req.url === '/empty') res.writeHead(204).end();
        else res.writeHead(201, { 'content-length': Buffer.byteLength(body) }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(async () => {
    connection = await HttpConnection.open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca: pair.cert, token: 't' });
  });
  afterEach(() => connection.close());
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('keeps the connection over replies with a length, in chunks, and without a body', async () => {
    expect(await connection.request('POST', '/', 'grüße')).toEqual({ status: 201, body: 'grüße' });
    expect(await connection.request('GET', '/chunked')).toEqual({ status: 200, body: '{"a":"üb"}' });
    expect(await connection.request('GET', '/empty')).toEqual({ status: 204, body: '' });
    const large = 'x'.repeat(300_000);
    expect(await connection.request('POST', '/', large)).toEqual({ status: 201, body: large });
  });

  it('passes a stream on as it comes', async () => {
    let text = '';
    await connection.stream('/chunked', (part) => (text += part));
    expect(text).toBe('{"a":"üb"}');
  });

  it('refuses a second request while one is under way, and all after the connection is cut', async () => {
    const first = connection.request('POST', '/', 'one');
    await expect(connection.request('GET', '/')).rejects.toThrow('one request at a time');
    await first;
    connection.close();
    await expect(connection.request('GET', '/')).rejects.toThrow('connection closed');
  });
});
