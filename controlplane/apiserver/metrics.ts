/** What the API server counts. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { InFlight } from './http/in-flight';

type Counted = Readonly<Record<'reading' | 'mutating', InFlight>>;

export interface InFlightCounts extends Counted {
  readonly bodies: { readonly receiving: number };
  readonly answers: { waiting: (inFlight: InFlight) => number };
}

export class ApiMetrics {
  readonly requests: Counter<'verb' | 'resource' | 'code'>;
  readonly seconds: Histogram<'verb' | 'resource'>;
  readonly watchClients: Gauge<'resource'>;
  private readonly inFlight: Gauge<'kind' | 'state'> & { collect?: () => void };

  /** Reads the numbers of requests that are worked on or wait when somebody asks. */
  countInFlight({ bodies, answers, ...kinds }: InFlightCounts): void {
    this.inFlight.collect = () => {
      for (const kind of ['reading', 'mutating'] as const) {
        for (const state of ['running', 'waiting'] as const) this.inFlight.set({ kind, state }, kinds[kind][state]);
        this.inFlight.set({ kind, state: 'unread' }, answers.waiting(kinds[kind]));
      }
      this.inFlight.set({ kind: 'mutating', state: 'receiving' }, bodies.receiving);
    };
  }

  constructor(registry: Registry = new Registry()) {
    const registers = [registry];
    this.requests = new Counter({
      name: 'gleaner_api_requests_total',
      help: 'Requests to the API server by verb, resource and HTTP status code.',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'gleaner_api_request_seconds',
      help: 'Time from a request to the end of its answer, without watches.',
      labelNames: ['verb', 'resource'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
    this.inFlight = new Gauge({
      name: 'gleaner_api_requests_in_flight',
      help: 'Requests that are worked on (running), wait for their turn (waiting), are still coming in (receiving), or wait for their clients to read the answer (unread), by kind: reading, mutating. Without watches.',
      labelNames: ['kind', 'state'],
      registers,
    });
    this.watchClients = new Gauge({
      name: 'gleaner_watch_clients',
      help: 'Watches that are open, by resource.',
      labelNames: ['resource'],
      registers,
    });
  }
}
