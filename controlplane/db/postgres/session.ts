/**
 * The writer's one connection, with the proof that this process may write.
 *
 * A connection is used only after its row of `writer_epoch` was read with a lock: that waits for a transaction of a connection before it
 * that is still at work, so the count of commits says for certain whether that one is there.
 */
import { Client, type QueryResult } from 'pg';
import { FencedError } from './failure';

export interface EpochRow {
  epoch: bigint;
  commits: bigint;
}

export class Session {
  private broken = false;

  private constructor(private readonly client: Client, readonly row: EpochRow) {}

  /** @throws FencedError when the epoch is not `epoch` any more; the connection's error when there is none */
  static async open(config: ConstructorParameters<typeof Client>[0], epoch: bigint, where: string): Promise<Session> {
    const client = new Client(config);
    // Whoever waits for an answer is told by its own rejection.
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<EpochRow>('SELECT epoch, commits FROM writer_epoch WHERE id = 1 FOR UPDATE');
      const row = rows[0];
      if (row?.epoch !== epoch) throw new FencedError(where, epoch, row?.epoch);
      const session = new Session(client, row);
      client.on('error', () => { session.broken = true; });
      client.on('end', () => { session.broken = true; });
      return session;
    } catch (error) {
      end(client);
      throw error;
    }
  }

  get usable(): boolean {
    return !this.broken;
  }

  /** Sends at once; what was sent before is answered before. */
  query(text: string, values: unknown[] = [], name?: string): Promise<QueryResult> {
    return this.client.query({ text, values, ...(name === undefined ? {} : { name }) });
  }

  /** Closes in good order, after what is on its way. */
  close(): Promise<void> {
    return this.client.end().catch(() => undefined);
  }

  /** Cuts the connection: nothing that was not committed stays. */
  destroy(): void {
    this.broken = true;
    const { stream } = (this.client as unknown as { connection: { stream: { destroy(): void } } }).connection;
    stream.destroy();
  }
}

function end(client: Client): void {
  client.end().catch(() => undefined);
}
