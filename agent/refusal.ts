/** What an answer to the handshake says, when it is not the one that was hoped for. */
import type { IncomingMessage } from 'node:http';

const MAX_RETRY_AFTER_MS = 600_000;
const MAX_BODY = 16_384;

/** Milliseconds that the other end asks for; 0: it does not. */
export function retryAfter(res: IncomingMessage): number {
  const seconds = Number(res.headers['retry-after']);
  return seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : 0;
}

/** The message of a Status object, or the begin of whatever it is. */
export async function messageOf(res: IncomingMessage): Promise<string> {
  let text = '';
  res.setEncoding('utf8');
  try {
    for await (const chunk of res) {
      text += chunk as string;
      if (text.length > MAX_BODY) break;
    }
    const { message } = JSON.parse(text) as { message?: string };
    return message ?? text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
