/** What the market and the gateway count. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AgentState } from '../../crds/agent';
import type { AttemptReason } from '../../crds/attempt-reasons';
import type { OfferOutcome } from '../market/market';

export interface GatewayGauges {
  pendingTasks: () => number;
  leases: () => number;
  elementBytes: () => number;
  connections: () => number;
  agents: () => Map<AgentState, number>;
}

export class GatewayMetrics {
  private readonly offersTotal: Counter<'outcome'>;
  private readonly attemptsTotal: Counter<'reason'>;
  private readonly framesTotal: Counter<'direction'>;
  private readonly received: Counter.Internal;
  private readonly sent: Counter.Internal;
  private readonly beats: Counter;
  private readonly refused: Counter<'code'>;
  private readonly seconds: Histogram;

  constructor(registry: Registry, gauges: GatewayGauges) {
    const registers = [registry];
    this.offersTotal = new Counter({ name: 'gleaner_offers_total', help: 'Attempts offered to agents, by what came of the offer', labelNames: ['outcome'], registers });
    this.attemptsTotal = new Counter({ name: 'gleaner_attempts_total', help: 'Attempts that ended, by reason', labelNames: ['reason'], registers });
    this.framesTotal = new Counter({ name: 'gleaner_link_frames_total', help: 'Frames on the agent link', labelNames: ['direction'], registers });
    this.received = this.framesTotal.labels('received');
    this.sent = this.framesTotal.labels('sent');
    this.beats = new Counter({ name: 'gleaner_heartbeats_total', help: 'Heartbeats of agents', registers });
    this.refused = new Counter({ name: 'gleaner_link_refusals_total', help: 'Connections and frames of agents that were refused, by code', labelNames: ['code'], registers });
    this.seconds = new Histogram({
      name: 'gleaner_scheduling_seconds',
      help: 'From a Task being ready to be offered to its agent being told to start it',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300],
      registers,
    });
    gauge('gleaner_pending_tasks', 'Tasks that wait to be placed', gauges.pendingTasks);
    gauge('gleaner_leases', 'Attempts that agents hold a lease for', gauges.leases);
    gauge('gleaner_elements_bytes', 'Bytes of all data elements', gauges.elementBytes);
    gauge('gleaner_link_connections', 'Connections of agents', gauges.connections);
    const states = new Gauge({
      name: 'gleaner_agents', help: 'Registered agents by state', labelNames: ['state'], registers,
      collect: () => {
        states.reset();
        for (const [state, count] of gauges.agents()) states.set({ state }, count);
      },
    });

    function gauge(name: string, help: string, value: () => number): void {
      const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(value()) });
    }
  }

  offers(outcome: OfferOutcome, attempts: number): void {
    if (attempts > 0) this.offersTotal.inc({ outcome }, attempts);
  }

  attempt(reason: AttemptReason): void {
    this.attemptsTotal.inc({ reason });
  }

  frameReceived(): void {
    this.received.inc();
  }

  frameSent(): void {
    this.sent.inc();
  }

  heartbeat(): void {
    this.beats.inc();
  }

  refusal(code: string): void {
    this.refused.inc({ code });
  }

  scheduled(seconds: number): void {
    this.seconds.observe(seconds);
  }
}
