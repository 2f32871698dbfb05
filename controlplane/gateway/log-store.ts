/** The LogStore port: where bytes of stdout and stderr are kept. Implementations: files in a folder; a table of the database. */
import type { LogChunk } from '../../crds/agent-link';

export type LogStream = LogChunk['stream'];

export interface LogTarget {
  jobUid: string;
  index: number;
  attempt: number;
}

/** One stream is written to by one caller at a time, in order; `jobUid` has only letters, digits and "-". */
export interface LogStore {
  /** Most bytes that one Job may fill. */
  readonly maxJobBytes: number;
  /**
   * Writes at `offset`; what was there already stays, what lies between reads as NULs. Resolves when it outlives this process.
   * @returns by how many bytes the stream grew
   */
  append(target: LogTarget, stream: LogStream, data: Buffer, offset: number): Promise<number>;
  /** From `offset` to the end; nothing when there is no such stream. */
  content(target: LogTarget, stream: LogStream, offset: number): AsyncGenerator<Buffer>;
  /** The highest attempt of an index that has a log. */
  newest(jobUid: string, index: number): Promise<number | undefined>;
  /** All of a Job. */
  remove(jobUid: string): Promise<void>;
}
