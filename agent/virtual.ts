/**
 * Many agents in one process, each with its own key, certificate and connection, over the scripted runtime: for simulation, tests and
 * load. They are whole agents but for what they do not need: no folder, no journal that outlives them, no data elements.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { arch, platform } from 'node:os';
import { PemConverter } from '@peculiar/x509';
import { WebSocket } from 'ws';
import { LINK_PATH, MAX_FRAME_BYTES } from '../crds/agent-link';
import { VERSION_OF_PACKAGE } from '../crds/package-info';
import { Agent } from './agent';
import type { Offered } from './config';
import type { Elements } from './elements';
import { postJson } from './https';
import { idOfKey } from './identity';
import { fetchCa, requestFor } from './join';
import type { LeaseJournal } from './journal';
import { ScriptedRuntime } from './runtime/scripted/scripted-runtime';
import type { SessionLog } from './session';

export interface VirtualAgentsOptions {
  /** `https://host:port` */
  url: string;
  /** A join token with at least `count` uses. */
  token: string;
  count: number;
  /** Of each. */
  offered?: Offered;
  askCpuHour?: string;
  /** Joined and connected at once. */
  parallelism?: number;
  log?: SessionLog & { error(fields: Record<string, unknown>, message: string): void };
}

const GIB = 2 ** 30;
const PARALLELISM = 32;
const DEFAULT_OFFERED: Offered = { cpu: 4, memoryBytes: 16 * GIB, scratchBytes: 64 * GIB, slots: 8 };
const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const CONNECT_TIMEOUT_MS = 60_000;
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const DONE = Promise.resolve();

/** What a virtual agent took on ends with its process: the control plane gives it up as it does with a real one that is lost. */
const FORGETFUL: LeaseJournal = { healthy: true, leased: () => DONE, ended: () => DONE, done: () => undefined };

const noElements = (): never => {
  throw new Error('virtual agents neither fetch nor store data elements');
};
const NO_ELEMENTS: Elements = {
  open: () => ({ io: { fetch: async () => noElements(), put: async () => noElements() }, put: [], release: () => undefined }),
  deliver: async (files) => (files.length === 0 ? undefined : noElements()),
  forget: () => undefined,
};

interface Credentials {
  id: string;
  key: string;
  cert: string;
  ca: string;
}

async function join(url: string, token: string, ca: string): Promise<Credentials> {
  const { privateKey } = (await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  const { certificate } = await postJson(`${url}/join`, { csr: await requestFor(key), token }, { ca });
  if (typeof certificate !== 'string') throw new Error(`${url} answered without a certificate`);
  return { id: idOfKey(key), key, cert: certificate, ca };
}

export class VirtualAgents {
  readonly agents: { id: string; agent: Agent }[] = [];
  private readonly runtime = new ScriptedRuntime();

  private constructor(private readonly options: VirtualAgentsOptions) {}

  /** Resolves when all are connected. @throws Error when one cannot join or connect; those that did are stopped again */
  static async start(options: VirtualAgentsOptions): Promise<VirtualAgents> {
    const all = new VirtualAgents(options);
    const { url, token, count, parallelism = PARALLELISM } = options;
    try {
      const caHash = token.trim().split('.')[2] ?? '';
      const ca = await fetchCa(url, caHash);
      let left = count;
      const lane = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await all.add(await join(url, token.trim(), ca));
        }
      };
      await Promise.all(Array.from({ length: Math.min(parallelism, count) }, lane));
      return all;
    } catch (error) {
      await all.stop();
      throw error;
    }
  }

  /** At once: what runs is lost. */
  async stop(): Promise<void> {
    await Promise.all(this.agents.splice(0).map(({ agent }) => agent.stop()));
  }

  /** Attempts whose end is not acknowledged. */
  get running(): number {
    return this.agents.reduce((sum, { agent }) => sum + agent.runners.size, 0);
  }

  private async add({ id, ...tls }: Credentials): Promise<void> {
    const { url, offered = DEFAULT_OFFERED, askCpuHour = '0', log = SILENT } = this.options;
    const options = { ...tls, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false, handshakeTimeout: CONNECT_TIMEOUT_MS };
    let changed: () => void = () => undefined;
    const agent = new Agent({
      runtime: this.runtime, elements: NO_ELEMENTS, journal: FORGETFUL, offered, askCpuHour, log,
      version: VERSION_OF_PACKAGE, os: platform(), arch: arch() === 'x64' ? 'amd64' : arch(),
      dial: () => new WebSocket(`${url.replace(/^https:/, 'wss:')}${LINK_PATH}`, options),
      onChange: () => changed(),
    });
    this.agents.push({ id, agent });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`agent ${id} was not connected after ${CONNECT_TIMEOUT_MS / 1000} s`)), CONNECT_TIMEOUT_MS);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        changed = () => undefined;
        act();
      };
      changed = () => { if (agent.session.state === 'online') settle(resolve); };
      agent.start((why) => settle(() => reject(new Error(`agent ${id} was refused: ${why}`)))).catch((error: Error) => settle(() => reject(error)));
    });
  }
}
