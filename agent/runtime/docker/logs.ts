/** Takes a container's output apart into its two streams, each bounded. */
import type Docker from 'dockerode';
import { Writable } from 'node:stream';
import { HEAD_BYTES, HeadTail } from '../head-tail';
import type { AttemptEvents } from '../runtime';

export const STREAMS = ['stdout', 'stderr'] as const;
export type StreamName = (typeof STREAMS)[number];

/** What was said of a head before, and is to be kept of it: the container's own log may not hold it any more. */
export interface HeadNotes {
  isFull(stream: StreamName): boolean;
  full(stream: StreamName): void;
}

type Destroyable = NodeJS.ReadableStream & { destroy?: () => void };

export class LogPump {
  private bounds: Partial<Record<StreamName, HeadTail>> = {};
  private source: NodeJS.ReadableStream | undefined;
  private turn = 0;
  private over: Promise<void> = Promise.resolve();

  /** Bytes of each head that went out, by this process or, when full, by a former one. */
  private readonly sent = { stdout: 0, stderr: 0 };

  constructor(private readonly docker: Docker, private readonly log: AttemptEvents['log'], private readonly notes: HeadNotes) {}

  /** For a container of a former process: what it noted holds. */
  resume(): void {
    for (const name of STREAMS) if (this.notes.isFull(name)) this.sent[name] = HEAD_BYTES;
  }

  /** Reads from here on; a stream that was read before is given up, and the new one is taken to begin anew. */
  follow(source: NodeJS.ReadableStream): void {
    this.abandon();
    this.source = source;
    const sinks = STREAMS.map((name) => {
      const bound = new HeadTail((offset, data) => {
        const end = offset + data.length;
        if (end <= this.sent[name]) return;
        const known = Math.max(0, this.sent[name] - offset);
        if (this.sent[name] < HEAD_BYTES && end >= HEAD_BYTES) this.notes.full(name);
        this.sent[name] = end;
        this.log(name, offset + known, data.subarray(known));
      });
      this.bounds[name] = bound;
      return new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          bound.write(chunk);
          done();
        },
      });
    });
    const [stdout, stderr] = sinks;
    if (stdout && stderr) this.docker.modem.demuxStream(source, stdout, stderr);
    this.over = new Promise((resolve) => {
      for (const event of ['end', 'close', 'error']) source.once(event, () => resolve());
    });
  }

  /** As `follow`, for a stream that is still to come: the engine answers with the first output, and never when there is none. */
  followSoon(source: Promise<NodeJS.ReadableStream>): void {
    this.abandon();
    const turn = this.turn;
    this.over = source.then((stream) => {
      if (turn !== this.turn) {
        (stream as Destroyable).destroy?.();
        return undefined;
      }
      this.follow(stream);
      return this.over;
    }, () => undefined);
  }

  /** After the container ended: waits for the rest of the output, at most so long, and sends the tails. */
  async finish(atMostMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.over, new Promise((resolve) => { timer = setTimeout(resolve, atMostMs); })]);
    clearTimeout(timer);
    for (const bound of Object.values(this.bounds)) bound.end();
    this.bounds = {};
    this.abandon();
  }

  /** Reads no more. */
  abandon(): void {
    this.turn += 1;
    (this.source as Destroyable | undefined)?.destroy?.();
    this.source = undefined;
  }
}
