/**
 * Tickets: what an agent shows at /elements for one lease. A ticket is the lease and an expiry under an HMAC; nothing is stored. It is
 * good only while the lease is on, for the elements that the lease's program needs, and for uploads.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPrivate } from '../tls/private-file';

export type TicketVerdict = { lease: string } | { refused: 'Malformed' | 'Forged' | 'Expired' };

const MAX_LENGTH = 256;
const MAX_ALIASES = 10_000;

export class Tickets {
  /** @param key 32 bytes */
  constructor(private readonly key: Buffer, private readonly wall: () => number = Date.now) {}

  issue(lease: string, expiresAt: number): string {
    const payload = `${lease}.${Math.ceil(expiresAt / 1000).toString(36)}`;
    return `${payload}.${this.sign(payload)}`;
  }

  verify(ticket: string): TicketVerdict {
    const parts = ticket.split('.');
    if (ticket.length > MAX_LENGTH || parts.length !== 3) return { refused: 'Malformed' };
    const [lease = '', expiry = '', mac = ''] = parts;
    const expected = Buffer.from(this.sign(`${lease}.${expiry}`));
    const given = Buffer.from(mac);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { refused: 'Forged' };
    return Number.parseInt(expiry, 36) * 1000 < this.wall() ? { refused: 'Expired' } : { lease };
  }

  private sign(payload: string): string {
    return createHmac('sha256', this.key).update('ticket\0').update(payload).digest('base64url');
  }
}

/** Short names that do not tell who is meant: stable within a Job, different between Jobs. */
export class Aliases {
  /** Those asked for lately. */
  private readonly agents = new Map<string, string>();

  constructor(private readonly key: Buffer) {}

  agent(agentId: string, jobUid: string): string {
    const text = `${agentId}/${jobUid}`;
    const known = this.agents.get(text);
    if (known !== undefined) return known;
    if (this.agents.size >= MAX_ALIASES) this.agents.clear();
    const alias = `agent-${this.mac('agent', text).slice(0, 8)}`;
    this.agents.set(text, alias);
    return alias;
  }

  /** What agents know a Job by. */
  job(jobUid: string): string {
    return this.mac('job', jobUid).slice(0, 24);
  }

  private mac(kind: string, text: string): string {
    return createHmac('sha256', this.key).update(`${kind}\0`).update(text).digest('hex');
  }
}

/** The key of tickets and aliases, DIR/pki/gateway.key (0600); made when missing: whole and durable, or not at all. */
export function loadGatewayKey(pkiDir: string): Buffer {
  const file = join(pkiDir, 'gateway.key');
  mkdirSync(pkiDir, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) createPrivate(file, randomBytes(32));
  const key = readFileSync(file);
  if (key.length !== 32) throw new Error(`${file} has ${key.length} bytes instead of 32: remove it, and a new one is made (running attempts then fetch no more elements)`);
  return key;
}
