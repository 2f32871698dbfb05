import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Engine, reasonOf } from './engine';

describe('the stream of events', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-engine-'));
  const socket = join(dir, 'docker.sock');
  const open = new Set<ServerResponse>();
  let opened = 0;
  let server: Server;
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => { setImmediate(resolve); });
  };

  beforeAll(async () => {
    server = createServer((req, res) => {
      if (!req.url?.includes('/events')) return void res.end('OK');
      opened++;
      open.add(res);
      res.once('close', () => open.delete(res));
      res.writeHead(200, { 'Content-Type': 'application/json' });
      res.flushHeaders();
    });
    await new Promise<void>((resolve) => { server.listen(socket, resolve); });
  });
  afterAll(async () => {
    await new Promise((resolve) => { server.close(resolve); });
    rmSync(dir, { recursive: true, force: true });
  });

  it('is one, also after losses that were none, and none when it is closed', async () => {
    const engine = new Engine({ socket, delay: () => Promise.resolve() });
    expect(await engine.start()).toBe(true);
    await until(() => open.size === 1);
    for (let loss = 1; loss <= 3; loss++) {
      engine.lost();
      await engine.whenUp();
      await until(() => opened === loss + 1 && open.size === 1);
    }
    // Before its answer has come.
    engine.lost();
    await engine.whenUp();
    engine.lost();
    await engine.whenUp();
    await until(() => opened === 6 && open.size === 1);
    expect(engine.available).toBe(true);
    engine.close();
    await until(() => open.size === 0);
    expect(opened).toBe(6);
  });
});

describe('reasonOf', () => {
  it.each([
    ["ENOSPC: no space left on device, open '/home/ann smith/.gleaner/agent/scratch/5f/scratch.img'", "ENOSPC: no space left on device, open '…'"],
    ['Command failed: mkfs.ext4 -q /home/ann/agent/scratch/5f/scratch.img\nno space', 'Command failed: mkfs.ext4 -q …\nno space'],
    ['invalid mount config for type "bind": bind source path does not exist: /srv/ann/app', 'invalid mount config for type "bind": bind source path does not exist: …'],
    ['exec: "/task/app/run": permission denied', 'exec: "/task/app/run": permission denied'],
    ['exec /usr/bin/python3: no such file or directory', 'exec /usr/bin/python3: no such file or directory'],
    ['50/100 parts', '50/100 parts'],
  ])('tells nothing of the host: %s', (text, told) => {
    expect(reasonOf(new Error(text))).toBe(told);
    expect(reasonOf({ json: { message: text } })).toBe(told);
  });
});
