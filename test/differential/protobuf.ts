/** Answers in protobuf as the JSON that they mean. */
import { parseProtobuf } from '../../controlplane/apiserver/codec/protobuf';
import { writtenMessage } from '../../controlplane/apiserver/codec/to-protobuf';

const read = (bytes: Buffer): string => JSON.stringify(parseProtobuf(bytes, writtenMessage).value);

/** The body as text; of a watch in protobuf, one line for each event, as in JSON. */
export function textOf(contentType: string, bytes: Buffer): string {
  if (!contentType.startsWith('application/vnd.kubernetes.protobuf')) return bytes.toString('utf8');
  return contentType.includes(';stream=watch') ? frames(bytes).map(event).join('') : read(bytes);
}

function frames(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}

/** `WatchEvent{type, RawExtension{raw}}` */
function event(frame: Buffer): string {
  const [type, object] = fields(frame);
  return `{"type":${JSON.stringify(type.toString())},"object":${read(fields(object)[0])}}\n`;
}

/** The fields of a message of which all are texts, in their order. */
function fields(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if ((bytes[at] & 7) !== 2) throw new Error(`a field of wire type ${bytes[at] & 7} in ${bytes.toString('base64')}`);
    at += 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}
