import { Registry } from 'prom-client';
import { agentMetrics, serveMetrics } from './metrics';

it('counts what was metered, and serves it on loopback', async () => {
  const registry = new Registry();
  const metrics = agentMetrics(registry, { running: () => 2, connected: () => true, unacknowledged: () => 3, cacheBytes: () => 4, engineAvailable: () => false });
  const usage = { cpuMicros: 1_500_000, memoryMibSeconds: 7, wallMillis: 1, ioBytes: 0, egressBytes: 0 };
  metrics.finished({ type: 'finished', lease: 'a/1', epoch: 1, reason: 'OutOfMemory', usage });
  metrics.offered('Accepted', 5);
  const { server, port } = await serveMetrics(registry, 0);
  try {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain('gleaner_agent_attempts_total{reason="OutOfMemory"} 1');
    expect(text).toContain('gleaner_agent_offered_attempts_total{outcome="Accepted"} 5');
    expect(text).toContain('gleaner_agent_metered_cpu_seconds_total 1.5');
    expect(text).toContain('gleaner_agent_running_attempts 2');
    expect((await fetch(`http://127.0.0.1:${port}/else`)).status).toBe(404);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
