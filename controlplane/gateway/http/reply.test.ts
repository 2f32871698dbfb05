import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommitError } from '../../db/writer';
import { HttpError, sendError } from './reply';

async function answerTo(error: unknown): Promise<{ code?: number; retryAfter?: string; reason: string; logged: unknown[] }> {
  const logged: unknown[] = [];
  const server = createServer((_req, res) => sendError(res, error, (cause) => logged.push(cause)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise((resolve, reject) => {
      get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }, (res) => {
        let text = '';
        res.on('data', (part) => { text += String(part); });
        res.on('end', () => resolve({ code: res.statusCode, retryAfter: res.headers['retry-after'], reason: (JSON.parse(text) as { reason: string }).reason, logged }));
      }).on('error', reject);
    });
  } finally {
    server.close();
  }
}

test('what could not be written is to be tried again; a defect is not', async () => {
  const full = new CommitError('write not saved', 'SQLITE_FULL');
  expect(await answerTo(full)).toEqual({ code: 503, retryAfter: '1', reason: 'ServiceUnavailable', logged: [full] });
  const defect = new TypeError('x');
  expect(await answerTo(defect)).toEqual({ code: 500, retryAfter: undefined, reason: 'InternalError', logged: [defect] });
  expect(await answerTo(new HttpError(404, 'NotFound', 'nothing'))).toEqual({ code: 404, retryAfter: undefined, reason: 'NotFound', logged: [] });
});
