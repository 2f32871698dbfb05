/** Request bodies, decoded by their media type. */
import type { IncomingMessage } from 'node:http';

import { PROTOBUF_TYPE, YAML_TYPE } from './accept';
import { unsupportedMediaType } from './errors';
import { parseJson, type Decoded } from '../codec/json';
import { parseProtobuf } from '../codec/protobuf';
import { yamlText } from '../codec/utf8';
import { parseYaml } from '../codec/yaml';

export const MAX_BODY_BYTES = 3 * 1024 * 1024;

const JSON_TYPE = 'application/json';
export const OBJECT_TYPES = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE] as const;

const TOKEN = "[!#$%&'*+.^`|~\\w-]+";
const PARAMETERS = new RegExp(`^(?:\\s*;\\s*${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))*\\s*(?:;\\s*)?$`);

/** The media type without parameters, lower case; '' when absent. With parameters that are none, or that are there twice, it is none that is known. */
export function mediaType(req: IncomingMessage): string {
  const header = req.headers['content-type'] ?? '';
  const end = header.indexOf(';');
  if (end < 0) return header.trim().toLowerCase();
  const parameters = header.slice(end);
  const names = Array.from(parameters.matchAll(NAMES), ([, name]) => name.toLowerCase());
  const isKnown = end > 0 && PARAMETERS.test(parameters) && new Set(names).size === names.length;
  return isKnown ? header.slice(0, end).trim().toLowerCase() : MALFORMED;
}

const NAMES = new RegExp(`;\\s*(${TOKEN})=`, 'g');
const MALFORMED = ';';

/** As it stands before its parameters: Kubernetes compares those of patches letter by letter. */
export function patchType(req: IncomingMessage): string {
  const header = req.headers['content-type'] ?? '';
  const end = header.indexOf(';');
  return end > 0 ? header.slice(0, end) : header;
}

/** Decodes an object's body; no Content-Type counts as JSON. @throws ApiError 400, 415 */
export function decodeObject(type: string, body: Buffer): Decoded {
  switch (type) {
    case '':
    case JSON_TYPE:
      return parseJson(body.toString('utf8'));
    case YAML_TYPE:
      return parseYaml(yamlText(body));
    case PROTOBUF_TYPE:
      return parseProtobuf(body);
    default:
      throw unsupportedMediaType(OBJECT_TYPES);
  }
}
