import type { AgentWorld } from './agent-world';

/** How the attempts of a Task ended so far; '…' for one that has not. */
export async function attemptReasons(world: AgentWorld, task: string): Promise<string[]> {
  const { status } = await world.task(task);
  return (status?.attempts ?? []).map(({ reason }) => reason ?? '…');
}
