/** `/elements` of the control plane: downloads that are continued where they broke off, uploads that are skipped when not needed. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Trying again does not help. */
export class TransferError extends Error {
  override readonly name = 'TransferError';

  constructor(readonly reason: 'NotFound' | 'Refused' | 'WrongDigest' | 'TooLarge' | 'Unreachable', message: string) {
    super(message);
  }
}

export interface TransferOptions {
  /** `https://host:port` */
  url: string;
  /** PEM. */
  ca: string;
  /** Failures in a row, without a byte between them, until a download is given up. */
  maxFailures?: number;
  random?: () => number;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const MAX_FAILURES = 12;
const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 30_000;
const IDLE_MS = 60_000;
const CONNECTIONS = 8;
/** Uploads go on for as long as a ticket may be good. */
const UPLOAD_PATIENCE_MS = 24 * 3_600_000;
/** How often an answer that may be of passing nature (no space, a digest that was wrong on the way) is believed not to be. */
const MAX_UNWELCOME = 6;

export class Transfer {
  private readonly agent: HttpsAgent;

  constructor(private readonly options: TransferOptions) {
    this.agent = new HttpsAgent({ keepAlive: true, maxSockets: CONNECTIONS, ca: options.ca });
  }

  close(): void {
    this.agent.destroy();
  }

  /**
   * Into `path`, which may hold the begin of it already. What is there afterwards is durable and has the digest.
   * @param tickets tried one after the other; those that are refused are taken out
   * @param room called with the bytes that are to come, before they come
   * @throws TransferError; AbortError
   */
  async download(digest: string, path: string, tickets: Set<string>, signal: AbortSignal, room: (bytes: number) => Promise<void>): Promise<number> {
    let failures = 0;
    let isWrong = false;
    for (;;) {
      const [ticket] = tickets;
      if (ticket === undefined) throw new TransferError('Refused', `${digest}: the control plane refused it to this attempt`);
      const file = await open(path, 'a+', 0o600);
      const before = (await file.stat()).size;
      try {
        const bytes = await this.continueAt(file, before, digest, ticket, signal, room);
        if (bytes !== undefined) return bytes;
        if (isWrong) throw new TransferError('WrongDigest', `${digest}: the bytes that came have another digest`);
        isWrong = true;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TransferError && error.reason === 'Refused') tickets.delete(ticket);
        else if (error instanceof TransferError) throw error;
        else {
          failures = (await file.stat()).size > before ? 0 : failures + 1;
          if (failures >= (this.options.maxFailures ?? MAX_FAILURES)) throw new TransferError('Unreachable', `${digest}: ${(error as Error).message}`);
          await this.pause(failures, signal);
        }
      } finally {
        await file.close();
      }
    }
  }

  /** Skipped when it is known. @throws TransferError when it is not wanted; AbortError */
  async upload(digest: string, bytes: number, source: () => Readable, ticket: string, signal: AbortSignal): Promise<void> {
    const until = Date.now() + UPLOAD_PATIENCE_MS;
    let unwelcome = 0;
    for (let failures = 1; ; failures += 1) {
      try {
        const head = await this.ask('HEAD', digest, ticket, {}, signal);
        head.resume();
        if (head.statusCode === 200) return;
        if (head.statusCode !== 404) throw refusal(head.statusCode, `${digest}: refused (HTTP ${head.statusCode})`);
        const answer = await this.ask('PUT', digest, ticket, { 'content-length': bytes, 'content-type': 'application/octet-stream' }, signal, source());
        const text = await textOf(answer);
        if (answer.statusCode === 200 || answer.statusCode === 201) return;
        if ((answer.statusCode === 507 || answer.statusCode === 400) && ++unwelcome >= MAX_UNWELCOME) throw new TransferError('Refused', `${digest}: ${text}`);
        throw refusal(answer.statusCode, `${digest}: HTTP ${answer.statusCode}: ${text}`);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TransferError || Date.now() > until) throw error;
        await this.pause(failures, signal);
      }
    }
  }

  /** @returns the whole's bytes; undefined: it has another digest, and nothing is left of it */
  private async continueAt(file: FileHandle, have: number, digest: string, ticket: string, signal: AbortSignal, room: (bytes: number) => Promise<void>): Promise<number | undefined> {
    const res = await this.ask('GET', digest, ticket, have > 0 ? { range: `bytes=${have}-` } : {}, signal);
    const { statusCode } = res;
    if (statusCode === 416) {
      res.resume();
      await file.truncate(0);
      throw new Error('the part that was there is longer than the whole');
    }
    if (statusCode !== 200 && statusCode !== 206) throw refusal(statusCode, `${digest}: HTTP ${statusCode}: ${await textOf(res)}`, 'get');
    const start = statusCode === 206 ? have : 0;
    if (start === 0) await file.truncate(0);
    const coming = Number(res.headers['content-length'] ?? 0);
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      await room(start + coming);
      if (start > 0) for await (const chunk of file.createReadStream({ start: 0, end: start - 1, autoClose: false })) hash.update(chunk as Buffer);
      for await (const chunk of res as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > coming) throw new TransferError('WrongDigest', `${digest}: more than the announced ${coming} bytes came`);
        hash.update(chunk);
        for (let done = 0; done < chunk.length;) done += (await file.write(chunk, done)).bytesWritten;
      }
    } finally {
      res.destroy();
    }
    if (bytes !== coming) throw new Error(`the connection broke after ${bytes} of ${coming} bytes`);
    if (`sha256:${hash.digest('hex')}` !== digest) {
      await file.truncate(0);
      return undefined;
    }
    await file.sync();
    return start + bytes;
  }

  private ask(method: string, digest: string, ticket: string, headers: Record<string, string | number>, signal: AbortSignal, body?: Readable): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const req = request(`${this.options.url}/elements/${digest}`, {
        method, agent: this.agent, signal, timeout: IDLE_MS, headers: { ...headers, authorization: `Ticket ${ticket}` },
      });
      req.on('timeout', () => req.destroy(new Error(`nothing came for ${IDLE_MS / 1000} s`)));
      req.on('response', resolve);
      req.on('error', (error) => {
        body?.destroy();
        reject(error);
      });
      if (!body) req.end();
      // An answer before the end of the body makes this break off: the answer counts.
      else pipeline(body, req).catch((error: Error) => reject(error));
    });
  }

  private async pause(failures: number, signal: AbortSignal): Promise<void> {
    const { random = Math.random, wait = (ms, by) => delay(ms, undefined, { signal: by }) } = this.options;
    await wait(Math.ceil(random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 20))), signal);
  }
}

/** Which answers are final. */
function refusal(status: number | undefined, message: string, verb?: 'get'): Error {
  if (status === 401 || status === 403) return new TransferError('Refused', message);
  if (status === 404 && verb === 'get') return new TransferError('NotFound', message);
  if (status === 413) return new TransferError('TooLarge', message);
  return new Error(message);
}

async function textOf(res: IncomingMessage): Promise<string> {
  let text = '';
  res.setEncoding('utf8');
  for await (const chunk of res) {
    text += chunk as string;
    if (text.length > 2000) break;
  }
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
