/** What go-yaml says of bytes that are no UTF-8. JSON takes them: U+FFFD stands for each. */
import { isUtf8 } from 'node:buffer';

import { badRequest } from '../http/errors';

/** @throws ApiError 400 that says what is wrong with the first bytes that are no text */
export function yamlText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw badRequest(`yaml: ${problemOf(bytes)}`);
  return bytes.toString('utf8');
}

function problemOf(bytes: Buffer): string {
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at];
    const width = lead < 0x80 ? 1 : (lead & 0xe0) === 0xc0 ? 2 : (lead & 0xf0) === 0xe0 ? 3 : (lead & 0xf8) === 0xf0 ? 4 : 0;
    if (width === 0) return 'invalid leading UTF-8 octet';
    if (at + width > bytes.length) return 'incomplete UTF-8 octet sequence';
    let value = width === 1 ? lead : lead & (0x7f >> width);
    for (let next = 1; next < width; next += 1) {
      if ((bytes[at + next] & 0xc0) !== 0x80) return 'invalid trailing UTF-8 octet';
      value = value * 0x40 + (bytes[at + next] & 0x3f);
    }
    if (width > 1 && value < LEAST[width]) return 'invalid length of a UTF-8 sequence';
    if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) return 'invalid Unicode character';
    at += width;
  }
  return 'invalid Unicode character';
}

/** The least character that needs so many bytes. */
const LEAST: readonly number[] = [0, 0, 0x80, 0x800, 0x10000];
