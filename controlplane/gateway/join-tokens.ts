/** Join tokens: counted, expiring, kept as hashes. Text: `<id>.<secret>.<hash of the CA's certificate>`. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '../db/database';
import { command, insert, query } from '../db/statements';
import { HttpError } from './http/reply';

interface Row {
  id: string;
  hash: string;
  owner: string;
  uses_left: bigint;
  expires_at: bigint;
}

const FIND = query<Row>('SELECT id, hash, owner, uses_left, expires_at FROM join_token WHERE id = ?');
const ADD = insert('join_token', { id: 'text', hash: 'text', owner: 'text', uses_left: 'int', expires_at: 'int' });
const FORGET = command('join_token', 'DELETE FROM join_token WHERE expires_at < ?');
const USE = command('join_token', 'UPDATE join_token SET uses_left = uses_left - 1 WHERE id = ? AND uses_left > 0 AND expires_at > ?');

const EXPIRED_KEPT_MS = 24 * 3_600_000;

export class JoinTokens {
  constructor(private readonly tables: Database, private readonly wall: () => number = Date.now) {}

  /** @returns the token's text, which cannot be had again. Durable when it resolves. */
  async create(options: { owner: string; uses: number; ttlMs: number; caHash: string }): Promise<{ id: string; token: string; expiresAt: number }> {
    const id = randomBytes(6).toString('hex');
    const secret = randomBytes(32).toString('base64url');
    const now = this.wall();
    const expiresAt = now + options.ttlMs;
    await this.tables.write([
      { statement: FORGET, rows: [[now - EXPIRED_KEPT_MS]] },
      { statement: ADD, rows: [[id, sha256(secret), options.owner, options.uses, expiresAt]] },
    ]);
    return { id, token: `${id}.${secret}.${options.caHash}`, expiresAt };
  }

  /**
   * Whose token it is; not used up by this.
   * @throws HttpError 400, 401: the same for an unknown id and a wrong secret
   */
  async check(token: unknown): Promise<{ id: string; owner: string }> {
    const match = typeof token === 'string' ? /^([0-9a-f]{12})\.([\w-]{43})\.[\w-]{43}$/.exec(token) : null;
    if (!match) throw new HttpError(400, 'BadRequest', 'token: not a join token (<id>.<secret>.<CA hash>); make one with "gleaner token create"');
    const [row] = await this.tables.select(FIND, match[1] as string);
    const given = Buffer.from(sha256(match[2] as string));
    if (!row || !timingSafeEqual(Buffer.from(row.hash), given)) throw new HttpError(401, 'Unauthorized', 'token: not known here; make one with "gleaner token create"');
    const expiresAt = Number(row.expires_at);
    if (expiresAt <= this.wall()) throw new HttpError(401, 'Expired', `token: expired at ${new Date(expiresAt).toISOString()}; make a new one with "gleaner token create"`);
    return { id: row.id, owner: row.owner };
  }

  /** Takes one use. Durable when it resolves. @throws HttpError 401 when none is left */
  async use(id: string): Promise<void> {
    const changed = (count: number): void => {
      if (count === 0) throw new HttpError(401, 'UsedUp', 'token: used up; make a new one with "gleaner token create"');
    };
    await this.tables.write([{ statement: USE, rows: [[id, this.wall()]], changed }]);
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
