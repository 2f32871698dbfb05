/** The engine keeps its last 256 events while it lives, and none from a former life: so it can be asked what it saw itself. */
import type { Engine } from './engine';

/** Whether the engine, as it lives now, saw that happen to the container. */
export async function remembers(engine: Engine, container: string, event: 'die' | 'kill'): Promise<boolean> {
  try {
    const stream = await engine.calls.getEvents({
      since: 1, until: Number((Date.now() / 1000).toFixed(3)), filters: { container: [container], event: [event] },
    });
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    return bytes > 0;
  } catch (error) {
    engine.isLost(error);
    return false;
  }
}
