/** The engine's own figures of a container, for hosts whose cgroups cannot be read. They end with the container: an estimate. */
import type Docker from 'dockerode';
import type { Counters } from './cgroups';
import type { MeterSource } from './meter';

export class EngineStats implements MeterSource {
  private latest: Counters | undefined;
  private memory: number | undefined;
  private peak: number | undefined;
  private asking = false;

  constructor(private readonly container: Docker.Container) {}

  /** Asks for new figures; one question at a time. */
  refresh(): void {
    if (this.asking) return;
    this.asking = true;
    void this.container.stats({ stream: false, 'one-shot': true }).then((stats) => {
      const { cpu_stats: cpu, memory_stats: memory, blkio_stats: blkio } = stats;
      // Without figures: it has ended, or is just being started.
      if ((cpu?.cpu_usage?.total_usage ?? 0) > 0) {
        const io = (blkio?.io_service_bytes_recursive as { op: string; value: number }[] | null) ?? [];
        this.latest = {
          cpuNanos: cpu.cpu_usage.total_usage,
          ioBytes: io.filter(({ op }) => /^(read|write)$/i.test(op)).reduce((sum, { value }) => sum + value, 0),
        };
        this.memory = memory.usage;
        this.peak = Math.max(this.peak ?? 0, memory.usage);
      }
    }, () => undefined).finally(() => { this.asking = false; });
  }

  counters(): Counters | undefined {
    return this.latest;
  }

  memoryBytes(): number | undefined {
    return this.memory;
  }

  memoryPeakBytes(): number | undefined {
    return this.peak;
  }
}
