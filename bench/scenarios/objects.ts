/** The API server beside the real one: the same requests, the same load generator, one after the other on the same machine. */
import { join } from 'node:path';
import { findKube, startKubeApiServer } from '../../test/support/kube-apiserver';
import type { Context, Scenario } from '../harness/context';
import type { Endpoint } from '../harness/http-connection';
import { cpuSeconds, memory } from '../harness/proc';
import { besideRow, type Peer, type Row } from '../harness/row';
import { Server } from '../harness/server';
import { startWorker } from '../harness/worker';
import type { ObjectOperations } from '../workers/objects';

const WORKER = join(__dirname, '..', 'workers', 'objects.js');
const MAPS = '/api/v1/namespaces/default/configmaps';
const MIB = 1024 ** 2;

interface Shape {
  objects: number;
  connections: number;
  lists: number;
}

interface Figures {
  /** Of creating, updating and listing together, seconds. */
  seconds: number;
  /** Per second. */
  created: number;
  updated: number;
  listed: number;
  /** Resident at the end, and the most it was. */
  residentBytes: number;
  peakBytes: number;
}

const map = (step: number): string => JSON.stringify({
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'o-{n}', labels: { app: 'bench', part: 'p-{n}' } }, data: { step: String(step), text: 'x'.repeat(500) },
});

async function measure(context: Context, shape: Shape, name: string, endpoint: Endpoint, pids: readonly number[]): Promise<Figures> {
  const worker = startWorker<ObjectOperations>(context.children, context.logDir, WORKER);
  const sum = (of: (pid: number) => number): number => pids.reduce((total, pid) => total + of(pid), 0);
  try {
    const { objects, connections, lists } = shape;
    const send = { endpoint, contentType: 'application/json', count: objects, connections };
    await worker.call('send', { ...send, method: 'POST', path: `${MAPS}?dryRun=All`, body: map(0), count: Math.ceil(objects / 10) }, 300_000);
    const cpu = sum(cpuSeconds);
    const created = objects / (await worker.call('send', { ...send, method: 'POST', path: MAPS, body: map(0) }, 600_000));
    const updated = objects / (await worker.call('send', { ...send, method: 'PUT', path: `${MAPS}/o-{n}`, body: map(1) }, 600_000));
    const path = `${MAPS}?labelSelector=app%3Dbench`;
    const listed = (objects * lists) / (await worker.call('list', { endpoint, path, times: lists, objects }, 600_000));
    const residentBytes = sum((pid) => memory(pid).rssBytes);
    const peakBytes = sum((pid) => memory(pid).peakBytes);
    context.note(
      `${name}: created ${Math.round(created)}/s, updated ${Math.round(updated)}/s, listed ${Math.round(listed)} objects/s; resident ${Math.round(residentBytes / MIB)} MiB, ` +
        `at most ${Math.round(peakBytes / MIB)} MiB; ${(sum(cpuSeconds) - cpu).toFixed(1)} s of CPU`,
    );
    const seconds = objects / created + objects / updated + (objects * lists) / listed;
    return { seconds, created, updated, listed, residentBytes, peakBytes };
  } finally {
    await worker.stop();
  }
}

async function ours(context: Context, shape: Shape): Promise<Figures> {
  // Without runtime images: taking those in is none of the API's work.
  const server = await Server.start(context, 'server', ['--images', join(context.dir, 'none')]);
  try {
    const before = server.memory().rssBytes;
    const figures = await measure(context, shape, 'ours', server.endpoint, [server.pid]);
    context.note(`ours: ${Math.round(before / MIB)} MiB before the objects; at the end ${await server.heapFigures()}`);
    return figures;
  } finally {
    await server.stop();
  }
}

/** Undefined when the real one is not here; why is noted. */
async function real(context: Context, shape: Shape): Promise<Figures | string> {
  const found = findKube('etcd', 'kube-apiserver');
  if ('missing' in found) return found.missing.replaceAll(/\s+/g, ' ');
  // With its log synced, as in production, and as ours is.
  const server = await startKubeApiServer({ durable: true });
  try {
    const { hostname, port } = new URL(server.url);
    return await measure(context, shape, 'kube-apiserver + etcd', { host: hostname, port: Number(port), ca: server.caCertificate, token: server.adminToken }, [server.pids.apiServer, server.pids.etcd]);
  } finally {
    await server.stop();
  }
}

export const objects: Scenario = {
  name: 'objects',
  about: 'create, update and list 10,000 objects, beside the real kube-apiserver and etcd',
  run: async (context): Promise<Row[]> => {
    const shape: Shape = context.quick ? { objects: 1000, connections: 32, lists: 3 } : { objects: 10_000, connections: 64, lists: 10 };
    const theirs = await real(context, shape);
    const figures = await ours(context, shape);
    const beside = (of: (figures: Figures) => number): Peer =>
      typeof theirs === 'string' ? { name: 'kube-apiserver + etcd', missing: theirs } : { name: 'kube-apiserver + etcd', value: of(theirs) };
    const count = `${shape.objects.toLocaleString('en-US')} objects`;
    const throughput = (what: string, unit: string, of: (figures: Figures) => number): Row =>
      besideRow({ name: `${count}, ${what}`, unit, ours: of(figures), beside: beside(of), bound: { atLeast: 2 } });
    const mib = (of: (figures: Figures) => number) => (each: Figures): number => of(each) / MIB;
    const bytes = (what: string, of: (figures: Figures) => number): Row =>
      besideRow({ name: `${count}: ${what}`, unit: 'MiB', ours: mib(of)(figures), beside: beside(mib(of)), bound: { atMost: 1 / 3 } });
    return [
      besideRow({
        name: `${count}, created, updated and listed ${shape.lists} times`, unit: 's', ours: figures.seconds, beside: beside((each) => each.seconds), faster: true, bound: { atLeast: 2 },
      }),
      throughput('created', 'objects/s', (each) => each.created),
      throughput('updated', 'objects/s', (each) => each.updated),
      throughput('listed', 'objects/s', (each) => each.listed),
      bytes('resident memory after it', (each) => each.residentBytes),
      bytes('the most it was', (each) => each.peakBytes),
    ];
  },
};
