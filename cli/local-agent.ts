/** The agent of `gleaner up`: joins with a token of its own the first time, runs in this process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultAgentConfig } from '../agent/config';
import type { Client } from './client';
import { note } from './output';

/** Loaded by who runs an agent only: its Docker client takes 30 MiB. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
export const agentMain = (): typeof import('../agent/main') => require('../agent/main') as typeof import('../agent/main');

/** @param dir the agent's data folder */
export async function startLocalAgent(client: Client, url: string, dir: string, runtime: 'docker' | 'scripted', logLevel: string): Promise<{ stop(): Promise<void> }> {
  const { joinAgent, startAgent } = agentMain();
  if (!existsSync(join(dir, 'agent.json'))) {
    const { token } = await client.json<{ token: string }>('POST', '/tokens', { kind: 'agent', owner: 'operator', uses: 1, ttl: '5m' });
    await joinAgent({ url, token, dataDir: dir, name: 'local' });
  }
  const agent = await startAgent({ ...defaultAgentConfig(dir), runtime, logLevel, url });
  if (!agent.status().runtime.available) note('no Docker Engine answers: Jobs wait until it does (scripts/ensure-docker.sh installs or starts one; DOCKER_HOST names another)');
  return { stop: () => agent.drain() };
}
