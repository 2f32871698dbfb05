/** Request bodies: bounded, and decoded by their media type. */
import type { IncomingMessage } from 'node:http';

import { PROTOBUF_TYPE, YAML_TYPE } from './accept';
import { badRequest, tooLarge, unsupportedMediaType } from './errors';
import { parseJson, type Decoded } from '../codec/json';
import { parseProtobuf } from '../codec/protobuf';
import { parseYaml } from '../codec/yaml';

export const MAX_BODY_BYTES = 3 * 1024 * 1024;

const JSON_TYPE = 'application/json';
export const OBJECT_TYPES = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE] as const;

/** The body's bytes. @throws ApiError 413 when there are more than `limit`, 400 when the client stops in the middle. */
export function readBody(req: IncomingMessage, limit: number = MAX_BODY_BYTES): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > limit) return takenIn(req).then(() => Promise.reject(tooLarge(limit)));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limit) {
        chunks.length = 0;
        req.removeAllListeners('data');
        req.removeAllListeners('end');
        takenIn(req).then(() => reject(tooLarge(limit)), reject);
      } else {
        chunks.push(chunk);
      }
    });
    req.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    req.on('error', () => reject(badRequest('the request ended in the middle of its body')));
    // An error costs its stack: it is made only when it is needed.
    req.on('close', () => {
      if (!req.readableEnded) reject(badRequest('the request ended in the middle of its body'));
    });
  });
}

/** How long the rest of a body that is too large is taken in, and dropped. */
const TAKE_IN_MS = 500;

/** A client that is cut off while it writes may not see why: resolves when it is through, or has had its time. */
function takenIn(req: IncomingMessage): Promise<void> {
  req.resume();
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(over, TAKE_IN_MS);
    req.once('end', over);
    req.once('close', over);
  });
}

/** The media type without parameters, lower case; '' when absent. */
export function mediaType(req: IncomingMessage): string {
  return (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
}

/** Decodes an object's body; no Content-Type counts as JSON. @throws ApiError 400, 415 */
export function decodeObject(type: string, body: Buffer): Decoded {
  switch (type) {
    case '':
    case JSON_TYPE:
      return parseJson(body.toString('utf8'));
    case YAML_TYPE:
    case 'application/x-yaml':
      return parseYaml(body.toString('utf8'));
    case PROTOBUF_TYPE:
      return parseProtobuf(body);
    default:
      throw unsupportedMediaType(OBJECT_TYPES);
  }
}
