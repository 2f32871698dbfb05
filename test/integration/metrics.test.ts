/** docs/metrics.md lists every metric of server and agent, with type and labels, and nothing else. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { agentMetrics } from '../../agent/metrics';
import { defaultConfig } from '../../controlplane/config';
import { startControlPlane } from '../../controlplane/main';
import { Client, findTarget } from '../../cli/client';

interface Documented {
  type: string;
  labels: string[];
}

/** The tables of the page below a heading. */
function documented(heading: string): Map<string, Documented> {
  const page = readFileSync(join(__dirname, '../../docs/metrics.md'), 'utf8');
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const rows = [...section.matchAll(/^\| `(gleaner_[a-z_]+)` \| (\w+) \|([^|]*)\|/gm)];
  return new Map(rows.map(([, name, type, labels]) => [name!, { type: type!, labels: labels!.split(',').map((label) => label.trim()).filter((label) => label !== '') }]));
}

const types = (text: string): Map<string, string> => new Map([...text.matchAll(/^# TYPE (gleaner_\w+) (\w+)$/gm)].map(([, name, type]) => [name!, type!]));

/** Labels that series of a metric carry, as far as there are series. */
function labelsOf(text: string, name: string): string[] {
  const series = [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{([^}]*)\\}`, 'gm'))];
  const names = series.flatMap(([, labels]) => [...labels!.matchAll(/([a-z_]+)="/g)].map(([, label]) => label!));
  return [...new Set(names)].filter((label) => label !== 'le');
}

test('the server', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gleaner-metrics-'));
  const plane = await startControlPlane({ ...defaultConfig(dir), port: 0 }, pino({ level: 'silent' }));
  try {
    const client = new Client(findTarget({ data: dir }));
    await client.json('GET', '/apis/gleaner.dev/v1alpha1/jobs');
    const chunks: Buffer[] = [];
    for await (const chunk of (await client.open('GET', '/metrics')).stream) chunks.push(chunk as Buffer);
    client.close();
    const text = Buffer.concat(chunks).toString('utf8');
    const page = documented('Server');
    expect(Object.fromEntries([...types(text)].sort())).toEqual(Object.fromEntries([...page].map(([name, { type }]) => [name, type] as const).sort()));
    for (const [name, { labels }] of page) expect({ name, extra: labelsOf(text, name).filter((label) => !labels.includes(label)) }).toEqual({ name, extra: [] });
    await expect(new Client({ ...findTarget({ data: dir }), token: 'wrong' }).open('GET', '/metrics')).rejects.toThrow(/Unauthorized/);
  } finally {
    await plane.stop();
    rmSync(dir, { recursive: true, force: true });
  }
});

test('the agent', async () => {
  const registry = new Registry();
  agentMetrics(registry);
  const page = documented('Agent');
  expect(Object.fromEntries([...types(await registry.metrics())].sort())).toEqual(Object.fromEntries([...page].map(([name, { type }]) => [name, type] as const).sort()));
});
