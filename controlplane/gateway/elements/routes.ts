/** `PUT`, `GET`, `HEAD /elements/sha256:…`, for bearers of a token or of a ticket. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { noteIdentity } from '../../auth/audit/record';
import type { Access } from '../http/access';
import { badRequest, HttpError, parseUrl, sendJson, type Handler } from '../http/reply';
import { BlobError, DIGEST_PATTERN, type BlobStore } from './blob-store';
import type { ElementCatalog } from './catalog';
import { parseRange } from './range';

/** What a ticket's lease may do. */
export interface TicketGrant {
  mayRead: (digest: string) => boolean;
  /** Bytes that it may still upload. */
  uploadLeft: number;
  /** Counts what it uploaded (or, negative, gives it back). */
  uploaded: (bytes: number) => void;
}

export interface ElementRoutesOptions {
  catalog: ElementCatalog;
  blobs: BlobStore;
  access: Access;
  /** @throws HttpError 401 when the ticket is not good (any more) */
  grant: (ticket: string, req: IncomingMessage) => TicketGrant;
  /** An upload or download without a byte for so long is cut. */
  idleTimeoutMs?: number;
}

const IDLE_TIMEOUT_MS = 60_000;
/** Whom the audit log names: which agent it was, only the lease knows. */
const TICKET = { user: 'system:gleaner:ticket', groups: [] };

export function elementRoutes(options: ElementRoutesOptions): Handler {
  const { catalog, blobs } = options;
  return async (req, res) => {
    const { segments, query } = parseUrl(req);
    const digest = segments[1] ?? '';
    const ticket = /^Ticket (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    const grant = ticket === undefined ? undefined : options.grant(ticket, req);
    // Of an element only who has its digest knows; whoever may use elements in some namespace (the one that is said) may use it.
    const namespace = query.get('namespace') ?? '';
    const isElement = segments.length === 2 && DIGEST_PATTERN.test(digest);
    if (grant) noteIdentity(req, TICKET);
    else if (!isElement) await options.access.require(req);
    else await options.access.require(req, { verb: req.method === 'PUT' ? 'create' : 'get', plural: 'elements', name: digest, namespace, anyNamespace: namespace === '' });
    if (!isElement) throw badRequest('the path has to be /elements/sha256: and 64 hex digits (lower case)');
    const { socket } = req;
    const cut = (): void => void socket.destroy();
    socket.setTimeout(options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, cut);
    res.once('close', () => socket.setTimeout(0, cut));
    if (req.method === 'PUT') await upload(req, res, digest, grant);
    else if (req.method === 'GET' || req.method === 'HEAD') await download(req, res, digest, grant);
    else throw new HttpError(405, 'MethodNotAllowed', 'elements know PUT, GET and HEAD', { allow: 'GET, HEAD, PUT' });
  };

  async function upload(req: IncomingMessage, res: ServerResponse, digest: string, grant: TicketGrant | undefined): Promise<void> {
    const declared = contentLength(req);
    const known = await catalog.bytes(digest);
    if (known !== undefined) {
      // The client need not send it: an answer before the body's end makes it stop.
      req.resume();
      sendJson(res, 200, { digest, bytes: known, known: true });
      return;
    }
    const reserve = declared ?? catalog.maxElementBytes;
    const allowed = Math.min(grant?.uploadLeft ?? Infinity, catalog.maxElementBytes);
    const counted = Math.min(reserve, allowed);
    grant?.uploaded(counted);
    let used = 0;
    try {
      const stored = await catalog.put(digest, req as AsyncIterable<Buffer>, declared, allowed);
      used = stored.bytes;
      sendJson(res, stored.known ? 200 : 201, { digest, bytes: stored.bytes, known: stored.known });
    } finally {
      grant?.uploaded(Math.min(used, counted) - counted);
    }
  }

  async function download(req: IncomingMessage, res: ServerResponse, digest: string, grant: TicketGrant | undefined): Promise<void> {
    const size = await catalog.bytes(digest);
    // To a ticket, what it may not read does not exist; whether an upload is needed it may ask.
    const hidden = grant && req.method === 'GET' && !grant.mayRead(digest);
    if (size === undefined || hidden) throw new HttpError(404, 'NotFound', `there is no element ${digest}; upload it with "gleaner elements put"`);
    const range = parseRange(req.headers.range, size);
    res.setHeader('accept-ranges', 'bytes');
    res.setHeader('etag', `"${digest}"`);
    res.setHeader('content-type', 'application/octet-stream');
    if (range === 'unsatisfiable') {
      throw new HttpError(416, 'RequestedRangeNotSatisfiable', `range ${req.headers.range} is outside of the element's ${size} bytes`, { 'content-range': `bytes */${size}` });
    }
    const conditional = req.headers['if-range'];
    const whole = range === 'whole' || (conditional !== undefined && conditional !== `"${digest}"`);
    const [start, end] = whole ? [0, size - 1] : [range.start, range.end];
    if (!whole) res.setHeader('content-range', `bytes ${start}-${end}/${size}`);
    res.writeHead(whole ? 200 : 206, { 'content-length': end - start + 1 });
    if (req.method === 'HEAD' || size === 0) {
      res.end();
      return;
    }
    try {
      await pipeline(await blobs.read(digest, start, end), res);
    } catch (error) {
      if (error instanceof BlobError) throw error;
      // The reader went away, or was too slow: nothing to answer.
      res.destroy();
    }
  }
}

function contentLength(req: IncomingMessage): number | undefined {
  const header = req.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}
