/**
 * Bearer tokens: 256 random bits, kept as SHA-256. All of them are in memory, so a request costs one hash and no read of the disk.
 *
 * Invariants: a token's text exists only in the answer of `create`; a token that expired or was revoked is refused from that moment on;
 * `create` and `revoke` resolve when they are durable.
 */
import { hash as digest, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Database } from '../db/database';
import { insert, query, remove } from '../db/statements';
import type { TokenAuthenticator, TokenIdentity } from './authenticators/chain';
import { API_AUDIENCE, AUTHENTICATED, bearerToken, type Authenticator, type Identity } from './identity';

export interface TokenInfo {
  id: string;
  subject: string;
  groups: readonly string[];
  description: string;
  /** RFC 3339. */
  createdAt: string;
  /** RFC 3339; absent: never. */
  expiresAt?: string;
}

export interface NewToken {
  subject: string;
  groups?: readonly string[];
  description?: string;
  /** Absent: never expires. */
  ttlMs?: number;
}

interface Row {
  id: string;
  hash: Buffer;
  subject: string;
  groups: string;
  description: string;
  created_at: string;
  expires_at: string | null;
}

interface Entry extends TokenInfo {
  hash: Buffer;
  identity: Identity;
  expiresAtMs: number;
}

const ALL = query<Row>('SELECT id, hash, subject, groups, description, created_at, expires_at FROM access_token');
const ADD = insert('access_token', { id: 'text', hash: 'bytes', subject: 'text', groups: 'text', description: 'text', created_at: 'text', expires_at: 'text' });
const REVOKE = remove('access_token', 'id', 'text');

const MAX_TOKENS = 100_000;
const MAX_TOKEN_CHARS = 512;
const PREFIX = 'gln_';

/** In base64. */
const sha256 = (text: string): string => digest('sha256', text, 'base64');

export class TokenStore implements Authenticator, TokenAuthenticator {
  /** By the hash in base64. */
  readonly #entries = new Map<string, Entry>();

  private constructor(
    private readonly tables: Database,
    private readonly now: () => number,
    private readonly random: (bytes: number) => Buffer,
  ) {}

  static async open(tables: Database, now: () => number = Date.now, random: (bytes: number) => Buffer = randomBytes): Promise<TokenStore> {
    const store = new TokenStore(tables, now, random);
    for (const row of await tables.select(ALL)) store.#remember(row);
    return store;
  }

  /** @returns the token's text, which cannot be had again. @throws Error when a field is too long or there are too many tokens */
  async create({ subject, groups = [], description = '', ttlMs }: NewToken): Promise<{ token: string; info: TokenInfo }> {
    if (subject === '' || subject.length > 253) throw new Error(`subject: ${JSON.stringify(subject.slice(0, 64))} must have 1 to 253 characters`);
    if (groups.length > 64 || groups.some((group) => group === '' || group.length > 253)) throw new Error('groups: at most 64, of 1 to 253 characters each');
    if (description.length > 1024) throw new Error('description: at most 1024 characters');
    if (ttlMs !== undefined && !(ttlMs > 0)) throw new Error(`ttl: ${ttlMs} ms must be more than 0`);
    if (this.#entries.size >= MAX_TOKENS) throw new Error(`there are ${MAX_TOKENS} tokens already: revoke some`);
    const token = PREFIX + this.random(32).toString('base64url');
    const at = this.now();
    const row: Row = {
      id: this.random(8).toString('hex'),
      hash: Buffer.from(sha256(token), 'base64'),
      subject,
      groups: JSON.stringify(groups),
      description,
      created_at: new Date(at).toISOString(),
      expires_at: ttlMs === undefined ? null : new Date(at + ttlMs).toISOString(),
    };
    await this.tables.write([{ statement: ADD, rows: [[row.id, row.hash, row.subject, row.groups, row.description, row.created_at, row.expires_at]] }]);
    return { token, info: infoOf(this.#remember(row)) };
  }

  /** @returns whether there was such a token */
  async revoke(id: string): Promise<boolean> {
    const found = [...this.#entries].find(([, entry]) => entry.id === id);
    if (!found) return false;
    this.#entries.delete(found[0]);
    await this.tables.write([{ statement: REVOKE, rows: [[id]] }]);
    return true;
  }

  /** Those that are good. */
  list(): TokenInfo[] {
    return [...this.#entries.values()].filter(({ expiresAtMs }) => expiresAtMs > this.now()).map(infoOf);
  }

  /** Whom a token's text stands for. */
  identify(token: string): Identity | undefined {
    if (token.length > MAX_TOKEN_CHARS) return undefined;
    const entry = this.#entries.get(sha256(token));
    return entry && entry.expiresAtMs > this.now() ? entry.identity : undefined;
  }

  authenticate(req: IncomingMessage): Identity | undefined {
    const token = bearerToken(req);
    return token === undefined ? undefined : this.identify(token);
  }

  authenticateToken(token: string, audiences: readonly string[] = [API_AUDIENCE]): TokenIdentity | undefined {
    const identity = audiences.includes(API_AUDIENCE) ? this.identify(token) : undefined;
    return identity && { identity, audiences: [API_AUDIENCE] };
  }

  #remember(row: Row): Entry {
    const groups = JSON.parse(row.groups) as string[];
    const entry: Entry = {
      id: row.id,
      hash: row.hash,
      subject: row.subject,
      groups,
      description: row.description,
      createdAt: row.created_at,
      ...(row.expires_at !== null && { expiresAt: row.expires_at }),
      identity: { user: row.subject, groups: [...groups, AUTHENTICATED] },
      expiresAtMs: row.expires_at === null ? Infinity : Date.parse(row.expires_at),
    };
    this.#entries.set(row.hash.toString('base64'), entry);
    return entry;
  }
}

function infoOf({ id, subject, groups, description, createdAt, expiresAt }: Entry): TokenInfo {
  return { id, subject, groups, description, createdAt, ...(expiresAt !== undefined && { expiresAt }) };
}
