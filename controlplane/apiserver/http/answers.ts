/**
 * Answers that wait for their clients to read them. They need no seat among the requests that are worked on (in-flight.ts): what they
 * hold is memory, and that is what bounds them.
 *
 * ```
 *   large answer ─► has a seat ── handed over, or no piece taken for `patienceMs` ──► in the bounds: without a seat ─► over
 *                                                            │ beyond
 *                                                            ▼
 *                                    keeps its seat; broken off when others wait for one
 * ```
 * Invariants: without a seat, answers hold no more than `bytesPerClient` of one client and `bytesInAll`; none that has a seat keeps
 * others waiting for much longer than `patienceMs`: of those whose clients do not read, one is broken off for each client that waits, of
 * who holds most, the oldest. An answer that lost its seat goes on without one when it is read again. Its deadline ends it in any case.
 */
import type { ServerResponse } from 'node:http';

import type { InFlight, Leave } from './in-flight';

export interface AnswerLimits {
  /** For a client to take a piece. */
  patienceMs: number;
  /** Of answers without a seat, of one client. */
  bytesPerClient: number;
  bytesInAll: number;
}

/** What of an answer may wait unseen: the seats take no notice of it. */
const SMALL_BYTES = 128 * 1024;
/** What an answer in pieces holds at least: a piece, as it is and encrypted. */
const PIECES_BYTES = 512 * 1024;

interface Answer {
  client: string;
  res: ServerResponse;
  inFlight: InFlight;
  leave: Leave;
  /** Since when its last piece waits. */
  since: number;
  /** That are counted, since it has no seat. */
  bytes: number;
}

/** One request's answer. */
export interface AnswerFlow {
  /** Another piece is handed over. */
  onPiece: () => void;
  /** All is handed over: gives the seat back, now or when the answer is out. */
  over: () => void;
}

export class Answers {
  #bytes = 0;
  readonly #clients = new Map<string, number>();
  /** That are large and not over. */
  readonly #all = new Set<Answer>();
  #timer: NodeJS.Timeout | undefined;
  #looked = 0;
  #wasLate = false;

  constructor(private readonly limits: AnswerLimits, private readonly now: () => number = () => performance.now()) {}

  /** Answers without a seat. */
  waiting(inFlight: InFlight): number {
    let count = 0;
    for (const answer of this.#all) if (answer.inFlight === inFlight && answer.bytes > 0) count += 1;
    return count;
  }

  /** @param leave gives the seat back that the request has */
  begin(client: string, res: ServerResponse, inFlight: InFlight, leave: Leave): AnswerFlow {
    let answer: Answer | undefined;
    return {
      onPiece: () => {
        if (answer) answer.since = this.now();
        else if (!res.destroyed) answer = this.#add({ client, res, inFlight, leave, since: this.now(), bytes: 0 });
      },
      over: () => {
        if (res.destroyed || held(res) <= SMALL_BYTES) return leave();
        answer ??= this.#add({ client, res, inFlight, leave, since: this.now(), bytes: 0 });
        this.#unseat(answer);
      },
    };
  }

  #add(answer: Answer): Answer {
    this.#all.add(answer);
    if (!this.#timer) {
      this.#looked = this.now();
      this.#timer = setInterval(() => this.#look(), this.limits.patienceMs / 2).unref();
    }
    answer.res.once('close', () => this.#remove(answer));
    return answer;
  }

  #remove(answer: Answer): void {
    this.#all.delete(answer);
    this.#count(answer, 0);
    answer.leave();
    if (this.#all.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #count(answer: Answer, bytes: number): void {
    const { client } = answer;
    const more = bytes - answer.bytes;
    answer.bytes = bytes;
    this.#bytes += more;
    const ofClient = (this.#clients.get(client) ?? 0) + more;
    if (ofClient > 0) this.#clients.set(client, ofClient);
    else this.#clients.delete(client);
  }

  /** Takes its seat from it, within the bounds. */
  #unseat(answer: Answer): void {
    if (answer.bytes > 0) return;
    const bytes = held(answer.res);
    const { bytesPerClient, bytesInAll } = this.limits;
    if ((this.#clients.get(answer.client) ?? 0) + bytes > bytesPerClient || this.#bytes + bytes > bytesInAll) return;
    this.#count(answer, bytes);
    answer.leave();
  }

  #look(): void {
    const now = this.now();
    const before = now - this.limits.patienceMs;
    // After a long turn nobody could be heard of who has taken a piece meanwhile: they are given one look more.
    const late = !this.#wasLate && now - this.#looked > this.limits.patienceMs;
    this.#looked = now;
    this.#wasLate = late;
    if (late) return;
    const stalled = [...this.#all].filter(({ bytes, since }) => bytes === 0 && since <= before);
    for (const answer of stalled) this.#unseat(answer);
    const seated = stalled.filter(({ bytes, res }) => bytes === 0 && !res.destroyed);
    for (const inFlight of new Set(seated.map((answer) => answer.inFlight))) breakOff(seated.filter((answer) => answer.inFlight === inFlight), inFlight.wanting);
  }
}

/** So many of them, of who holds most the oldest. */
function breakOff(answers: readonly Answer[], count: number): void {
  const clients = new Map<string, Answer[]>();
  for (const answer of answers) clients.set(answer.client, [...(clients.get(answer.client) ?? []), answer]);
  for (let left = Math.min(count, answers.length); left > 0; left -= 1) {
    const most = [...clients.values()].reduce((one, other) => (other.length > one.length ? other : one));
    const answer = most.shift();
    answer?.res.destroy();
    // Its connection may take a while to close.
    answer?.leave();
  }
}

/** What of it is kept until the client reads it, as it is and encrypted. What is compressed is not seen before it is through. */
function held(res: ServerResponse): number {
  if (res.writableFinished) return 0;
  const bytes = 2 * res.writableLength;
  return res.writableEnded ? bytes : Math.max(PIECES_BYTES, bytes);
}
