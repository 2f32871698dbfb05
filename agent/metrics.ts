/** The agent's own metrics, and the port that serves them (loopback only). */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Finished } from '../crds/agent-link';

/** What is read at every scrape. */
export interface AgentGauges {
  running: () => number;
  connected: () => boolean;
  unacknowledged: () => number;
  cacheBytes: () => number;
  engineAvailable: () => boolean;
}

const IDLE: AgentGauges = { running: () => 0, connected: () => false, unacknowledged: () => 0, cacheBytes: () => 0, engineAvailable: () => false };

export class AgentMetrics {
  private readonly attempts: Counter<'reason'>;
  private readonly offers: Counter<'outcome'>;
  private readonly cpuSeconds: Counter;
  private readonly memory: Counter;
  private readonly connections: Counter;

  constructor(registry: Registry, gauges: AgentGauges = IDLE) {
    const registers = [registry];
    this.attempts = new Counter({ name: 'gleaner_agent_attempts_total', help: 'Attempts that ended here, by reason.', labelNames: ['reason'], registers });
    this.offers = new Counter({ name: 'gleaner_agent_offered_attempts_total', help: 'Attempts that were offered, by outcome: accepted, or why not.', labelNames: ['outcome'], registers });
    this.cpuSeconds = new Counter({ name: 'gleaner_agent_metered_cpu_seconds_total', help: 'Processor time metered for attempts that ended.', registers });
    this.memory = new Counter({ name: 'gleaner_agent_metered_memory_mebibyte_seconds_total', help: 'Memory over time metered for attempts that ended.', registers });
    this.connections = new Counter({ name: 'gleaner_agent_connections_total', help: 'Times that the control plane said welcome.', registers });
    const gauge = (name: string, help: string, read: () => number): Gauge => new Gauge({ name, help, registers, collect() { this.set(read()); } });
    gauge('gleaner_agent_running_attempts', 'Attempts that are being prepared or run.', gauges.running);
    gauge('gleaner_agent_connected', '1 while connected to the control plane.', () => Number(gauges.connected()));
    gauge('gleaner_agent_unacknowledged_messages', 'Messages that the control plane has not acknowledged.', gauges.unacknowledged);
    gauge('gleaner_agent_element_cache_bytes', 'Bytes of data elements in the cache.', gauges.cacheBytes);
    gauge('gleaner_agent_engine_available', '1 while the container engine answers.', () => Number(gauges.engineAvailable()));
  }

  finished({ reason, usage }: Finished): void {
    this.attempts.inc({ reason });
    this.cpuSeconds.inc(usage.cpuMicros / 1e6);
    this.memory.inc(usage.memoryMibSeconds);
  }

  offered(outcome: string, attempts: number): void {
    this.offers.inc({ outcome }, attempts);
  }

  connected(): void {
    this.connections.inc();
  }
}

/** All of the agent's metrics, on this registry. */
export const agentMetrics = (registry: Registry, gauges?: AgentGauges): AgentMetrics => new AgentMetrics(registry, gauges);

/** `GET /metrics` on 127.0.0.1. @returns the server and its port */
export async function serveMetrics(registry: Registry, port: number): Promise<{ server: Server; port: number }> {
  const server = createServer((req, res) => {
    if (req.url !== '/metrics' || req.method !== 'GET') {
      res.writeHead(404).end('GET /metrics\n');
      return;
    }
    registry.metrics().then(
      (text) => res.setHeader('content-type', registry.contentType).end(text),
      () => res.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}
