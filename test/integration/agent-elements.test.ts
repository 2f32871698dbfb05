/** The agent's element store over real TLS, with a server that breaks off, lies, refuses, and counts. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElementStore } from '../../agent/elements';
import { Transfer } from '../../agent/transfer';
import { CertificateAuthority } from '../../controlplane/tls/ca';

const digestOf = (data: string | Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;
const never = new AbortController().signal;

describe('data elements on the agent', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-elements-'));
  const blobs = new Map<string, Buffer>();
  const asked: string[] = [];
  /** Takes a request over; true: it is answered. */
  let hook: (req: IncomingMessage, res: ServerResponse, blob: Buffer | undefined) => boolean = () => false;
  let server: Server;
  let transfer: Transfer;
  let count = 0;

  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    const digest = (req.url ?? '').split('/')[2] ?? '';
    const blob = blobs.get(digest);
    asked.push(`${req.method} ${req.headers.range ?? ''}`.trim());
    if (hook(req, res, blob)) return;
    if (req.headers.authorization !== 'Ticket good') {
      res.writeHead(401).end('{"message":"the attempt has ended"}');
    } else if (req.method === 'PUT') {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        blobs.set(digest, Buffer.concat(chunks));
        res.writeHead(201).end('{}');
      });
    } else if (!blob) res.writeHead(404).end('{"message":"there is no such element"}');
    else {
      const from = Number(/^bytes=(\d+)-$/.exec(req.headers.range ?? '')?.[1] ?? 0);
      res.writeHead(from > 0 ? 206 : 200, { 'content-length': blob.length - from }).end(req.method === 'HEAD' ? undefined : blob.subarray(from));
    }
  };

  beforeAll(async () => {
    const ca = await CertificateAuthority.open(join(dir, 'pki'));
    const pair = await ca.serverKeyPair();
    server = createServer({ key: pair.key, cert: pair.certificate }, serve);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    transfer = new Transfer({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: ca.caCertificate, maxFailures: 4, random: () => 0 });
  });
  beforeEach(() => {
    hook = () => false;
    asked.length = 0;
  });
  afterAll(async () => {
    transfer.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });

  const newStore = async (maxBytes = 1_000_000): Promise<{ store: ElementStore; at: string }> => {
    const at = join(dir, `store-${count++}`);
    const store = new ElementStore({ dir: at, maxBytes, transfer });
    await store.start([]);
    return { store, at };
  };
  const blob = (text: string, times = 1): string => {
    const bytes = Buffer.from(text.repeat(times));
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return digest;
  };
  const putFile = async (store: ElementStore, text: string): Promise<{ element: string; bytes: number }> => {
    const path = join(dir, `file-${count++}`);
    writeFileSync(path, text);
    const file = await open(path);
    try {
      return await store.open('good').io.put(file, never);
    } finally {
      await file.close();
    }
  };

  it('fetches once what several want at once, and again from its cache', async () => {
    const { store } = await newStore();
    const digest = blob('shared', 1000);
    const handles = [store.open('good'), store.open('good'), store.open('good')];
    const paths = await Promise.all(handles.map(({ io }) => io.fetch(digest, never)));
    expect(readFileSync(paths[0] as string)).toEqual(blobs.get(digest));
    expect([new Set(paths).size, await handles[0]?.io.fetch(digest, never), asked]).toEqual([1, paths[0], ['GET']]);
  });

  it('goes on where it broke off', async () => {
    const { store, at } = await newStore();
    const digest = blob('broken', 10_000);
    const hasKept = (bytes: number): boolean => readdirSync(join(at, 'part')).some((name) => statSync(join(at, 'part', name)).size === bytes);
    let breaks = 2;
    hook = (req, res, body) => {
      if (!body || breaks-- <= 0) return false;
      const from = Number(/(\d+)-/.exec(req.headers.range ?? '')?.[1] ?? 0);
      res.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length - from });
      res.write(body.subarray(from, from + 10_000));
      // Not before the agent has kept what came: what was still on its way is lost with the connection, and is asked for again.
      const breakOff = (): unknown => (hasKept(from + 10_000) ? res.destroy() : setImmediate(breakOff));
      breakOff();
      return true;
    };
    expect(readFileSync(await store.open('good').io.fetch(digest, never))).toEqual(blobs.get(digest));
    expect(asked).toEqual(['GET', 'GET bytes=10000-', 'GET bytes=20000-']);
    expect(readdirSync(join(at, 'part'))).toEqual([]);
  });

  it('refuses bytes of another digest, after a second look, and keeps nothing of them', async () => {
    const { store, at } = await newStore();
    const digest = blob('right');
    hook = (_req, res) => {
      res.writeHead(200, { 'content-length': 5 }).end('wrong');
      return true;
    };
    await expect(store.open('good').io.fetch(digest, never)).rejects.toThrow(/have another digest/);
    expect([asked.length, readdirSync(join(at, 'cache')), readdirSync(join(at, 'part'))]).toEqual([2, [], []]);
  });

  it('gives up at once what is not there or refused, and after a while what is not answered', async () => {
    const { store } = await newStore();
    await expect(store.open('good').io.fetch(digestOf('unknown'), never)).rejects.toThrow(/HTTP 404: there is no such element/);
    await expect(store.open('bad').io.fetch(blob('x'), never)).rejects.toThrow(/refused it to this attempt/);
    expect(asked.splice(0)).toEqual(['GET', 'GET']);
    hook = (_req, res) => {
      res.writeHead(503).end();
      return true;
    };
    await expect(store.open('good').io.fetch(blob('y'), never)).rejects.toMatchObject({ reason: 'Unreachable' });
    expect(asked).toHaveLength(4);
    await expect(store.open('good').io.fetch('../../etc/passwd', never)).rejects.toThrow(/is not the name of an element/);
  });

  it('uses the ticket of another attempt that waits when the first one is refused', async () => {
    const { store } = await newStore();
    const digest = blob('two tickets');
    const both = [store.open('bad').io.fetch(digest, never), store.open('good').io.fetch(digest, never)];
    expect(readFileSync((await Promise.all(both))[1] as string, 'utf8')).toBe('two tickets');
  });

  it('stops a download when nobody wants it any more, and not while somebody does', async () => {
    const { store, at } = await newStore();
    const digest = blob('slow');
    const waiting: (() => void)[] = [];
    hook = (_req, res, body) => {
      waiting.push(() => res.writeHead(200, { 'content-length': body?.length }).end(body));
      return true;
    };
    const first = new AbortController();
    const one = store.open('good').io.fetch(digest, first.signal);
    const two = store.open('good').io.fetch(digest, never);
    while (waiting.length === 0) await new Promise(setImmediate);
    first.abort(new Error('stopped'));
    await expect(one).rejects.toThrow('stopped');
    waiting.forEach((answer) => answer());
    expect(readFileSync(await two, 'utf8')).toBe('slow');
    const alone = new AbortController();
    const other = store.open('good').io.fetch(blob('other'), alone.signal);
    while (waiting.length === 1) await new Promise(setImmediate);
    alone.abort(new Error('stopped'));
    await expect(other).rejects.toThrow('stopped');
    hook = () => false;
    expect(readFileSync(await store.open('good').io.fetch(digestOf('other'), never), 'utf8')).toBe('other');
    while (readdirSync(join(at, 'part')).length > 0) await new Promise(setImmediate);
  });

  it('keeps within its size: what was not used for longest goes, what is in use stays', async () => {
    const { store, at } = await newStore(250);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => blob(letter, 100)) as [string, string, string, string];
    const handle = store.open('good');
    const path = await handle.io.fetch(a, never);
    const other = store.open('good');
    await other.io.fetch(b, never);
    other.release();
    const third = store.open('good');
    await third.io.fetch(c, never);
    expect(readdirSync(join(at, 'cache')).sort()).toEqual([a, c].map((digest) => digest.slice(7)).sort());
    await expect(store.open('good').io.fetch(d, never)).rejects.toThrow(/do not fit the agent's element cache/);
    expect(readFileSync(path, 'utf8')).toBe('a'.repeat(100));
    third.release();
    await store.open('good').io.fetch(d, never);
    expect(store.cacheBytes).toBe(200);
  });

  it('delivers results, not those that are known, and again after an answer that got lost', async () => {
    const { store, at } = await newStore();
    const known = await putFile(store, 'known');
    const unknown = await putFile(store, 'new');
    blobs.set(known.element, Buffer.from('known'));
    let breaks = 1;
    hook = (req, res) => {
      if (req.method !== 'PUT' || breaks-- <= 0) return false;
      res.destroy();
      return true;
    };
    await store.deliver([known, unknown], 'good', never);
    expect(asked).toEqual(['HEAD', 'HEAD', 'PUT', 'HEAD', 'PUT']);
    expect(blobs.get(unknown.element)?.toString()).toBe('new');
    store.forget([known.element, unknown.element]);
    while (readdirSync(join(at, 'out')).length > 0) await new Promise(setImmediate);
    await expect(store.deliver([await putFile(store, 'late')], 'bad', never)).rejects.toMatchObject({ reason: 'Refused' });
  });

  it('keeps results of two attempts that are alike until both are delivered, and over a restart', async () => {
    const { store, at } = await newStore();
    const { element } = await putFile(store, 'alike');
    await putFile(store, 'alike');
    const lost = await putFile(store, 'of nobody');
    store.forget([element]);
    const again = new ElementStore({ dir: at, maxBytes: 1000, transfer });
    await again.start([element]);
    expect(readdirSync(join(at, 'out'))).toEqual([element.slice(7)]);
    expect(lost.bytes).toBe(9);
  });
});
