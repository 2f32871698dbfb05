/** What a change costs that a thousand clients watch. */
import { join } from 'node:path';
import type { Context, Scenario } from '../harness/context';
import type { Endpoint } from '../harness/http-connection';
import { startCpuMeter } from '../harness/proc';
import { absoluteRow, besideRow, type Row } from '../harness/row';
import { Server } from '../harness/server';
import { startWorker } from '../harness/worker';
import type { FanOutOperations } from '../peers/fan-out';
import type { ChangeArgs, ChangeResult, WatcherOperations } from '../workers/watchers';
import { percent } from './floors';

const WATCHERS = join(__dirname, '..', 'workers', 'watchers.js');
const FLOOR = join(__dirname, '..', 'peers', 'fan-out.js');
const MAPS = '/api/v1/namespaces/default/configmaps';
const OBJECTS = 100;
const PER_SECOND = 50;

interface Shape {
  watchers: number;
  /** At PER_SECOND. */
  paced: number;
  /** As fast as they are answered. */
  flood: number;
}

interface Figures {
  paced: ChangeResult;
  /** Frames per second over all watchers. */
  framesPerSecond: number;
}

const FLOOD_CONNECTIONS = 16;
const PACED_CONNECTIONS = 8;

async function measure(context: Context, shape: Shape, target: { pid: number; endpoint: Endpoint; watch: string; change: Omit<ChangeArgs, 'endpoint' | 'changes' | 'connections'>; name: string }): Promise<Figures> {
  const { children, logDir } = context;
  const worker = startWorker<WatcherOperations>(children, logDir, WATCHERS);
  try {
    const { endpoint, change } = target;
    await worker.call('open', { endpoint, path: target.watch, count: shape.watchers }, 120_000);
    await worker.call('change', { ...change, endpoint, changes: 100, connections: PACED_CONNECTIONS, perSecond: PER_SECOND }, 60_000);
    const meter = startCpuMeter(target.pid);
    const paced = await worker.call('change', { ...change, endpoint, changes: shape.paced, connections: PACED_CONNECTIONS, perSecond: PER_SECOND }, 300_000);
    const cpu = meter();
    const flood = await worker.call('change', { ...change, endpoint, changes: shape.flood, connections: FLOOD_CONNECTIONS }, 300_000);
    const framesPerSecond = (shape.flood * shape.watchers) / flood.seconds;
    context.note(
      `${target.name}: ${PER_SECOND} changes/s: p50 ${paced.p50.toFixed(2)} ms, p99 ${paced.p99.toFixed(2)} ms, max ${paced.max.toFixed(2)} ms, ${percent(cpu.share)} of one core; ` +
        `flat out ${Math.round(framesPerSecond)} frames/s, p99 ${flood.p99.toFixed(1)} ms`,
    );
    return { paced, framesPerSecond };
  } finally {
    await worker.stop();
  }
}

const object = (n: number): object => ({ metadata: { name: `w-${n}` }, data: { at: '', padding: 'x'.repeat(200) } });
const PATCH = JSON.stringify({ data: { at: '{at};' } });

async function ours(context: Context, shape: Shape): Promise<{ figures: Figures; frame: string }> {
  const server = await Server.start(context, 'server');
  try {
    for (let n = 0; n < OBJECTS; n += 1) await server.request('POST', MAPS, object(n));
    const { metadata } = await server.request<{ metadata: { resourceVersion: string } }>('GET', `${MAPS}?limit=1`);
    const one = await server.text(`${MAPS}/w-0`);
    const figures = await measure(context, shape, {
      name: 'ours', pid: server.pid, endpoint: server.endpoint, watch: `${MAPS}?watch=true&resourceVersion=${metadata.resourceVersion}`,
      change: { method: 'PATCH', path: `${MAPS}/w-{n}`, contentType: 'application/merge-patch+json', body: PATCH },
    });
    return { figures, frame: `{"type":"MODIFIED","object":${one.replace('"at":""', '"at":"{at};"')}}\n` };
  } finally {
    await server.stop();
  }
}

async function floor(context: Context, shape: Shape, frame: string): Promise<Figures> {
  const server = startWorker<FanOutOperations>(context.children, context.logDir, FLOOR);
  try {
    const { port, ca } = await server.call('listen', undefined, 10_000);
    return await measure(context, shape, {
      name: 'chunked HTTP', pid: server.pid, endpoint: { host: '127.0.0.1', port, ca }, watch: '/watch',
      change: { method: 'POST', path: '/change', contentType: 'application/json', body: frame },
    });
  } finally {
    await server.stop();
  }
}

export const watchers: Scenario = {
  name: 'watchers',
  about: '1,000 clients watch one collection that changes 50 times a second, and flat out',
  run: async (context): Promise<Row[]> => {
    const shape: Shape = context.quick ? { watchers: 100, paced: 100, flood: 100 } : { watchers: 1000, paced: 1000, flood: 1000 };
    const { figures, frame } = await ours(context, shape);
    const bare = await floor(context, shape, frame);
    const of = `${shape.watchers.toLocaleString('en-US')} watchers`;
    const paced = { name: `${of}, ${PER_SECOND} changes/s: change requested → frame read, p99`, unit: 'ms', ours: figures.paced.p99 };
    const beside = 'chunked-HTTP fan-out of the same bytes';
    return [
      absoluteRow({ ...paced, bound: { atMost: 50 } }),
      besideRow({ ...paced, beside: { name: beside, value: bare.paced.p99 }, faster: true, bound: { atLeast: 0.6 } }),
      besideRow({ name: `${of}, changes flat out`, unit: 'frames/s', ours: figures.framesPerSecond, beside: { name: beside, value: bare.framesPerSecond }, bound: { atLeast: 0.6 } }),
    ];
  },
};
