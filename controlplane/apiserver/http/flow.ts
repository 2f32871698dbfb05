/** Each request's way through the bounds of the server: its deadline, its body, and a seat among those that are worked on. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { Bodies, NO_BODY, type Body } from './bodies';
import { MAX_BODY_BYTES } from './body';
import { requestTimeoutMs, startDeadline } from './deadline';
import { InFlight, type InFlightLimits } from './in-flight';

export interface FlowOptions {
  /** Requests that only read, at a time. */
  maxRequestsInFlight?: number;
  /** Requests that may write, at a time. */
  maxMutatingRequestsInFlight?: number;
}

export const DEFAULT_FLOW: Required<FlowOptions> = { maxRequestsInFlight: 400, maxMutatingRequestsInFlight: 400 };

/** One client may have this part of the seats: who takes its time, to read its answers for example, leaves some to the others. */
const SEATS_PER_CLIENT = 0.75;
/** For each seat so many requests may wait, and no longer than this. */
const QUEUED_PER_SEAT = 5;
const QUEUED_PER_SEAT_AND_CLIENT = 2;
const MAX_WAIT_MS = 15_000;

const MAX_BODY_BYTES_PER_CLIENT = 64 * 1024 * 1024;
const MAX_BODY_BYTES_IN_ALL = 256 * 1024 * 1024;

export interface FlowRequest {
  req: IncomingMessage;
  res: ServerResponse;
  query: URLSearchParams;
  /** Whose request it is. */
  client: string;
  mutating: boolean;
}

export class Flow {
  readonly reading: InFlight;
  readonly mutating: InFlight;
  /** Of requests that may write. */
  readonly bodies: Bodies;

  constructor(options: FlowOptions = {}) {
    const { maxRequestsInFlight, maxMutatingRequestsInFlight } = { ...DEFAULT_FLOW, ...options };
    this.reading = new InFlight(limits(maxRequestsInFlight));
    this.mutating = new InFlight(limits(maxMutatingRequestsInFlight));
    this.bodies = new Bodies({
      bytes: MAX_BODY_BYTES,
      // As many as may run and wait.
      perClient: (1 + QUEUED_PER_SEAT_AND_CLIENT) * maxMutatingRequestsInFlight,
      bytesPerClient: MAX_BODY_BYTES_PER_CLIENT,
      bytesInAll: MAX_BODY_BYTES_IN_ALL,
    });
  }

  /** Runs `work` when the body is there and it is the request's turn. @throws ApiError 400 for a bad `timeout` or half a body, 429, and what `work` throws */
  async run({ req, res, query, client, mutating }: FlowRequest, work: (body: Body['read']) => Promise<void>): Promise<void> {
    const callOff = startDeadline(req, res, requestTimeoutMs(query));
    try {
      const body = mutating ? await this.#body(req, res, client) : NO_BODY;
      try {
        const entered = (mutating ? this.mutating : this.reading).enter(client, (gone) => res.once('close', gone));
        const leave = typeof entered === 'function' ? entered : await entered;
        try {
          await work(body.read);
        } finally {
          leave();
        }
      } finally {
        body.release();
      }
    } finally {
      // What is written is not yet read: the deadline holds for that too.
      if (res.writableFinished || res.destroyed) callOff();
      else res.once('close', callOff);
    }
  }

  async #body(req: IncomingMessage, res: ServerResponse, client: string): Promise<Body> {
    try {
      return await this.bodies.receive(req, client);
    } catch (error) {
      // The rest of it is not waited for.
      if (!req.complete && !res.headersSent) res.setHeader('Connection', 'close');
      throw error;
    }
  }
}

const limits = (seats: number): InFlightLimits => ({
  seats, seatsPerClient: Math.max(1, Math.floor(SEATS_PER_CLIENT * seats)), queue: QUEUED_PER_SEAT * seats, queuePerClient: QUEUED_PER_SEAT_AND_CLIENT * seats, maxWaitMs: MAX_WAIT_MS,
});
