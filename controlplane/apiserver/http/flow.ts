/** Each request's way through the bounds of the server: its deadline, its body, a seat among those that are worked on, and its answer until it is read. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { Answers, type AnswerLimits } from './answers';
import { Bodies, NO_BODY, type Body } from './bodies';
import { MAX_BODY_BYTES } from './body';
import { requestTimeoutMs, startDeadline } from './deadline';
import { InFlight, type InFlightLimits } from './in-flight';

export interface FlowOptions {
  /** Requests that only read, at a time. */
  maxRequestsInFlight?: number;
  /** Requests that may write, at a time. */
  maxMutatingRequestsInFlight?: number;
  /** Answers that their clients do not read. */
  answers?: Partial<AnswerLimits>;
}

export const DEFAULT_FLOW: Required<Omit<FlowOptions, 'answers'>> = { maxRequestsInFlight: 400, maxMutatingRequestsInFlight: 400 };

/** One client may have this part of the seats: whose requests take their time leaves some to the others. */
const SEATS_PER_CLIENT = 0.75;
/** To the seats, such a part of them is added for privileged requests: however many others there are, an administrator can act. */
const RESERVE = 0.1;
/** For each seat so many requests may wait, and no longer than this. */
const QUEUED_PER_SEAT = 5;
const QUEUED_PER_SEAT_AND_CLIENT = 2;
const MAX_WAIT_MS = 15_000;

const MAX_BODY_BYTES_PER_CLIENT = 64 * 1024 * 1024;
const MAX_BODY_BYTES_IN_ALL = 256 * 1024 * 1024;

const DEFAULT_ANSWERS: AnswerLimits = { patienceMs: 500, bytesPerClient: 64 * 1024 * 1024, bytesInAll: 256 * 1024 * 1024 };

export interface FlowRequest {
  req: IncomingMessage;
  res: ServerResponse;
  query: URLSearchParams;
  /** Whose request it is. */
  client: string;
  /** Whether it may have a seat of the reserve. */
  privileged: boolean;
  mutating: boolean;
}

/** What the work on a request is given. */
export interface Turn {
  /** @throws ApiError 413 */
  body: Body['read'];
  /** To be called with each piece of an answer that waits for its client. */
  onPiece: () => void;
}

export class Flow {
  readonly reading: InFlight;
  readonly mutating: InFlight;
  /** Of requests that may write. */
  readonly bodies: Bodies;
  readonly answers: Answers;

  constructor(options: FlowOptions = {}) {
    const { maxRequestsInFlight, maxMutatingRequestsInFlight } = { ...DEFAULT_FLOW, ...options };
    this.reading = new InFlight(limits(maxRequestsInFlight));
    this.mutating = new InFlight(limits(maxMutatingRequestsInFlight));
    this.answers = new Answers({ ...DEFAULT_ANSWERS, ...options.answers });
    this.bodies = new Bodies({
      bytes: MAX_BODY_BYTES,
      // As many as may run and wait.
      perClient: (1 + QUEUED_PER_SEAT_AND_CLIENT) * maxMutatingRequestsInFlight,
      bytesPerClient: MAX_BODY_BYTES_PER_CLIENT,
      bytesInAll: MAX_BODY_BYTES_IN_ALL,
    });
  }

  /** Runs `work` when the body is there and it is the request's turn. @throws ApiError 400 for a bad `timeout` or half a body, 429, and what `work` throws */
  async run({ req, res, query, client, privileged, mutating }: FlowRequest, work: (turn: Turn) => Promise<void>): Promise<void> {
    const callOff = startDeadline(req, res, requestTimeoutMs(query));
    try {
      const body = mutating ? await this.#body(req, res, client) : NO_BODY;
      try {
        const inFlight = mutating ? this.mutating : this.reading;
        const entered = inFlight.enter(client, (gone) => res.once('close', gone), privileged);
        const leave = typeof entered === 'function' ? entered : await entered;
        const { onPiece, over } = this.answers.begin(client, res, inFlight, leave);
        try {
          await work({ body: body.read, onPiece });
        } catch (error) {
          leave();
          throw error;
        }
        over();
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

const perClient = (seats: number): number => Math.max(1, Math.floor(SEATS_PER_CLIENT * seats));
const reserve = (seats: number): number => Math.ceil(RESERVE * seats);
const limits = (seats: number): InFlightLimits => ({
  seats, seatsPerClient: perClient(seats), reserve: reserve(seats), reservePerClient: perClient(reserve(seats)),
  queue: QUEUED_PER_SEAT * seats, queuePerClient: QUEUED_PER_SEAT_AND_CLIENT * seats, maxWaitMs: MAX_WAIT_MS,
});
