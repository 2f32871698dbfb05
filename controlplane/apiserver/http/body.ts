/** Request bodies, decoded by their media type. */
import type { IncomingMessage } from 'node:http';

import { PROTOBUF_TYPE, YAML_TYPE } from './accept';
import { unsupportedMediaType } from './errors';
import { parseJson, type Decoded } from '../codec/json';
import { parseProtobuf } from '../codec/protobuf';
import { parseYaml } from '../codec/yaml';

export const MAX_BODY_BYTES = 3 * 1024 * 1024;

const JSON_TYPE = 'application/json';
export const OBJECT_TYPES = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE] as const;

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
