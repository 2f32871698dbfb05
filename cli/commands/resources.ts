/** `gleaner apply|get|wait|delete`: enough of kubectl for machines that have none. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parseAllDocuments } from 'yaml';
import type { Client } from '../client';
import { CliError, EXIT } from '../errors';
import { type Format, print, table } from '../output';
import { collectionPath, objectPath, resolveManifest, resolveResource } from '../resources';
import { formatOption, type TargetOptions, targetOptions, withClient } from '../target';
import { parseDuration } from '../../crds/duration';

interface Manifest {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string; generateName?: string };
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

interface TableBody {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[] }[];
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** The documents of a YAML or JSON file; `-` is standard input. */
export function readManifests(file: string): Manifest[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`, EXIT.usage);
  }
  const documents = parseAllDocuments(text);
  const manifests: Manifest[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const error = document.errors[0];
    if (error !== undefined) throw new CliError(`${file}: ${error.message}`, EXIT.usage);
    const value = document.toJS({ maxAliasCount: 100 }) as Manifest | null;
    if (value !== null) manifests.push(value);
  }
  if (manifests.length === 0) throw new CliError(`${file}: no manifest in it`, EXIT.usage);
  return manifests;
}

async function applyOne(client: Client, manifest: Manifest): Promise<string> {
  const { apiVersion, kind, metadata } = manifest;
  if (apiVersion === undefined || kind === undefined || (metadata?.name ?? metadata?.generateName) === undefined) {
    throw new CliError('a manifest needs apiVersion, kind and metadata.name', EXIT.usage);
  }
  const resource = await resolveManifest(client, apiVersion, kind);
  const namespace = metadata?.namespace ?? client.target.namespace;
  const label = `${resource.plural.replace(/s$/, '')}.${apiVersion.split('/')[0]}/${metadata?.name ?? ''}`;
  if (metadata?.name !== undefined) {
    const path = objectPath(resource, namespace, metadata.name);
    const exists = await client.json('GET', path).then(() => true, (error: CliError) => {
      if (error.exitCode === EXIT.notFound) return false;
      throw error;
    });
    if (exists) {
      await client.json('PATCH', `${path}?fieldManager=gleaner&fieldValidation=Strict`, manifest, 'application/merge-patch+json');
      return `${label} configured`;
    }
  }
  const made = await client.json<Manifest>('POST', `${collectionPath(resource, namespace)}?fieldManager=gleaner&fieldValidation=Strict`, manifest);
  return `${resource.plural.replace(/s$/, '')}.${apiVersion.split('/')[0]}/${made.metadata?.name ?? ''} created`;
}

function splitTarget(resource: string, name: string | undefined): [string, string | undefined] {
  const slash = resource.indexOf('/');
  return slash < 0 ? [resource, name] : [resource.slice(0, slash), resource.slice(slash + 1)];
}

/** Objects as people read them: like kubectl, without the bookkeeping of who owns which field. */
function withoutOwners(body: { metadata?: object; items?: object[] }): object {
  const { metadata, items } = body;
  const shown = metadata === undefined ? {} : { metadata: { ...metadata, managedFields: undefined } };
  return { ...body, ...shown, ...(items && { items: items.map(withoutOwners) }) };
}

async function get(client: Client, kind: string, name: string | undefined, format: Format): Promise<void> {
  const resource = await resolveResource(client, kind);
  const path = name === undefined ? collectionPath(resource, client.target.namespace) : objectPath(resource, client.target.namespace, name);
  if (format !== 'table') return print(format, withoutOwners(await client.json('GET', path)), () => '');
  const reply = await client.open('GET', path, { headers: { accept: TABLE } });
  const chunks: Buffer[] = [];
  for await (const chunk of reply.stream) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as TableBody;
  const shown = body.columnDefinitions.map((c, i) => ({ ...c, i })).filter((c) => c.priority === 0);
  const rows = body.rows.map((row) => shown.map((c) => String(row.cells[c.i] ?? '')));
  print('table', undefined, () => (rows.length === 0 ? `No ${resource.plural} found.` : table(shown.map((c) => c.name.toUpperCase()), rows)));
}

async function wait(client: Client, target: string, condition: string, timeoutMs: number): Promise<void> {
  const match = /^condition=([A-Za-z]+)(?:=(True|False|Unknown))?$/.exec(condition);
  if (match === null) throw new CliError(`--for "${condition}": expected condition=NAME or condition=NAME=True`, EXIT.usage);
  const [kind, name] = splitTarget(target, undefined);
  if (name === undefined) throw new CliError(`"${target}": expected KIND/NAME, for example job/pi`, EXIT.usage);
  const resource = await resolveResource(client, kind);
  const holds = (o: Manifest): boolean => o.status?.conditions?.some((c) => c.type === match[1] && c.status === (match[2] ?? 'True')) ?? false;
  await client.json('GET', objectPath(resource, client.target.namespace, name));
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  const path = `${collectionPath(resource, client.target.namespace)}?watch=true&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
  const state = { done: false };
  const look = (event: { type: string; object: Manifest }): void => {
    if (event.type === 'DELETED') throw new CliError(`${target} was deleted while it was waited for`, EXIT.notFound);
    if (event.type === 'ERROR' || !holds(event.object)) return;
    state.done = true;
    abort.abort();
  };
  try {
    // Without a resourceVersion a watch begins with what is there now; one that the server ends is begun again.
    while (!state.done && !abort.signal.aborted) await client.lines(path, look, abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  if (!state.done) throw new CliError(`timed out: ${target} has not reached ${condition} after ${Math.round(timeoutMs / 1000)} s`, EXIT.timeout);
}

export function addResourceCommands(program: Command): void {
  targetOptions(program.command('apply').description('create or change objects from a file (kubectl apply does the same)'))
    .requiredOption('-f, --filename <file>', 'YAML or JSON manifest; - is standard input')
    .addHelpText('after', '\nExample:\n  gleaner apply -f examples/pi/job.yaml')
    .action(async (options: TargetOptions & { filename: string }) =>
      withClient(options, async (client) => {
        for (const manifest of readManifests(options.filename)) process.stdout.write(`${await applyOne(client, manifest)}\n`);
      }));

  formatOption(targetOptions(program.command('get <resource> [name]').description('show objects, as kubectl get does')))
    .addHelpText('after', '\nExamples:\n  gleaner get jobs\n  gleaner get task pi-3 -o yaml')
    .action(async (resource: string, name: string | undefined, options: TargetOptions & { output: Format }) =>
      withClient(options, (client) => {
        const [kind, target] = splitTarget(resource, name);
        return get(client, kind, target, options.output);
      }));

  targetOptions(program.command('wait <target>').description('wait until a condition of an object holds'))
    .requiredOption('--for <condition>', 'condition=NAME[=True|False]')
    .option('--timeout <duration>', 'give up after this long (exit code 6)', '10m')
    .addHelpText('after', '\nExample:\n  gleaner wait job/pi --for condition=Finished')
    .action(async (target: string, options: TargetOptions & { for: string; timeout: string }) =>
      withClient(options, async (client) => {
        await wait(client, target, options.for, parseDuration(options.timeout));
        process.stdout.write(`${target} condition met\n`);
      }));

  targetOptions(program.command('delete <resource> [name]').description('delete an object and what belongs to it'))
    .addHelpText('after', '\nExample:\n  gleaner delete job/pi')
    .action(async (resource: string, name: string | undefined, options: TargetOptions) =>
      withClient(options, async (client) => {
        const [kind, target] = splitTarget(resource, name);
        if (target === undefined) throw new CliError('name what to delete, for example job/pi', EXIT.usage);
        const found = await resolveResource(client, kind);
        await client.json('DELETE', objectPath(found, client.target.namespace, target), { propagationPolicy: 'Background' });
        process.stdout.write(`${found.plural.replace(/s$/, '')} "${target}" deleted\n`);
      }));
}
