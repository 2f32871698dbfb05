/** Writing answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';

import { extended } from '../../../crds/extended';
import { indented } from '../codec/indent';
import { toProtobuf } from '../codec/to-protobuf';
import { toYaml } from '../codec/to-yaml';
import { plainForm, PROTOBUF_TYPE, takesObjects, wantsPretty, YAML_TYPE, type AnswerForm } from './accept';
import { COMPRESS_FROM_BYTES, gzipBytes, takesGzip } from './compress';
import { AccessDenied, type ApiError } from './errors';

export const JSON_TYPE = 'application/json';

/** Sends a whole JSON answer; a client that left is not an error. */
export function sendJson(res: ServerResponse, code: number, body: object | string, pretty = wantsPretty(res.req)): void {
  const json = typeof body === 'string' ? body : JSON.stringify(body);
  sendBytes(res, code, pretty ? indented(json) : Buffer.from(`${json}\n`), JSON_TYPE);
}

/** As `sendJson`, in what the client asked for. @param body an object, or its JSON */
export function sendForm({ res, form }: { res: ServerResponse; form: AnswerForm }, code: number, body: object | string, pretty = wantsPretty(res.req)): void {
  // What JSON leaves out or writes otherwise must not be seen in other forms either.
  const value = (): unknown => JSON.parse(typeof body === 'string' ? body : JSON.stringify(body));
  if (form.yaml) return sendBytes(res, code, Buffer.from(toYaml(value())), YAML_TYPE);
  const message = form.protobuf && toProtobuf(value() as object);
  if (message) sendBytes(res, code, message, PROTOBUF_TYPE);
  else sendJson(res, code, body, pretty);
}

/** Sends an answer whose bytes are known, compressed when that is worth it. */
export function sendBytes(res: ServerResponse, code: number, bytes: Buffer, contentType: string): void {
  if (res.headersSent || res.destroyed) return;
  const headers = { 'Content-Type': contentType, 'Cache-Control': 'no-cache, private' };
  if (bytes.length > COMPRESS_FROM_BYTES && takesGzip(res)) {
    res.writeHead(code, { ...headers, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
    gzipBytes(bytes).then((zipped) => res.end(zipped), (error: Error) => res.destroy(error));
    return;
  }
  res.writeHead(code, extended(headers, { 'Content-Length': bytes.length }));
  res.end(bytes);
}

/** A document that may be known to the client already: then only 304. */
export interface SentDocument {
  contentType: string;
  body: string | Buffer;
  headers?: Readonly<Record<string, string>>;
}

/** Indented when somebody reads it; YAML is as it is. */
export function forReader(req: IncomingMessage, document: SentDocument): SentDocument {
  return document.contentType.startsWith(JSON_TYPE) && wantsPretty(req) ? { ...document, body: indented(document.body) } : document;
}

export function sendDocument(req: IncomingMessage, res: ServerResponse, { contentType, body, headers = {} }: SentDocument): void {
  if (res.headersSent || res.destroyed) return;
  const all: Record<string, string> = { 'Cache-Control': 'no-cache, private', ...headers };
  if (headers.ETag !== undefined && matches(req.headers['if-none-match'], headers.ETag)) {
    res.writeHead(304, all);
    return void res.end();
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (bytes.length > COMPRESS_FROM_BYTES && takesGzip(res)) {
    res.writeHead(200, { 'Content-Type': contentType, ...all, 'Content-Encoding': 'gzip', Vary: all.Vary === undefined ? 'Accept-Encoding' : `${all.Vary}, Accept-Encoding` });
    gzipBytes(bytes).then((zipped) => res.end(zipped), (error: Error) => res.destroy(error));
    return;
  }
  res.writeHead(200, { 'Content-Type': contentType, ...all, 'Content-Length': bytes.length });
  res.end(bytes);
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && header.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === etag);

export function sendText(res: ServerResponse, code: number, text: string): void {
  if (res.headersSent || res.destroyed) return;
  const headers = { 'Cache-Control': 'no-cache, private', 'X-Content-Type-Options': 'nosniff' };
  res.writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text), ...headers });
  res.end(text);
}

export function sendError(res: ServerResponse, error: ApiError): void {
  if (res.headersSent) return;
  const { status } = error;
  if (status.details?.retryAfterSeconds !== undefined) res.setHeader('Retry-After', String(status.details.retryAfterSeconds));
  if (error instanceof AccessDenied) res.setHeader('X-Content-Type-Options', 'nosniff');
  // The body of a refused request was not read: the connection cannot be used again.
  if (status.code === 413) res.setHeader('Connection', 'close');
  const { accept } = res.req.headers;
  sendForm({ res, form: plainForm(accept) }, status.code ?? 500, status, !takesObjects(accept) || wantsPretty(res.req));
}

/** Resolves when more may be written, or nobody reads any more. */
export function drained(res: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    if (res.destroyed) return resolve();
    res.on('drain', done);
    res.on('close', done);
  });
}

const MAX_WARNING_CHARS = 1024;
const MAX_WARNINGS = 100;

/** Adds `Warning: 299 - "…"` headers, which kubectl prints, to those that are there. */
export function addWarnings(res: ServerResponse, warnings: readonly string[]): void {
  if (warnings.length === 0 || res.headersSent) return;
  const before = res.getHeader('Warning');
  const lines = warnings.map((text) => {
    const printable = text.slice(0, MAX_WARNING_CHARS).replace(/[^\x20-\x7e]/g, '?');
    return `299 - "${printable.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;
  });
  res.setHeader('Warning', [...new Set([...(Array.isArray(before) ? before : []), ...lines])].slice(0, MAX_WARNINGS));
}
