/** `gleaner elements|results|logs`: what goes in and what comes out. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Client } from '../client';
import { CliError, EXIT } from '../errors';
import { type Format, note, print } from '../output';
import { formatOption, type TargetOptions, nameOf, targetOptions, withClient } from '../target';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export interface ResultLine {
  index: number;
  inline?: string;
  files: { path: string; element: string; bytes: number }[];
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}

/** Elements belong to no namespace; the right to use them is had in one. */
const elementPath = (client: Client, element: string): string => `/elements/${element}?namespace=${encodeURIComponent(client.target.namespace)}`;

/** Uploads unless the server has it; returns the digest. */
export async function putElement(client: Client, file: string): Promise<{ element: string; known: boolean }> {
  const element = await digestOf(file).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${file} cannot be read: ${error.message}`, EXIT.usage);
  });
  const known = await client.open('HEAD', elementPath(client, element)).then(
    (reply) => (reply.stream.resume(), true),
    (error: CliError) => {
      // Whoever may upload need not be allowed to read; and the answer to a HEAD does not say why it refuses, that to a PUT does.
      if (error.exitCode === EXIT.notFound || error.exitCode === EXIT.forbidden) return false;
      throw error;
    },
  );
  if (!known) (await client.open('PUT', elementPath(client, element), { file, headers: { 'content-type': 'application/octet-stream' } })).stream.resume();
  return { element, known };
}

/** Downloads to `file`: written aside, digest checked, then renamed, so that a file that is there is whole. */
export async function getElement(client: Client, element: string, file: string): Promise<void> {
  if (!DIGEST.test(element)) throw new CliError(`"${element}": expected sha256: and 64 hex digits`, EXIT.usage);
  const reply = await client.open('GET', elementPath(client, element));
  await mkdir(dirname(file), { recursive: true });
  const aside = `${file}.part`;
  const hash = createHash('sha256');
  reply.stream.on('data', (chunk: Buffer) => hash.update(chunk));
  try {
    await pipeline(reply.stream, createWriteStream(aside));
    const got = `sha256:${hash.digest('hex')}`;
    if (got !== element) throw new CliError(`${element}: what was received has digest ${got}`);
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** To standard output; a wrong digest is told at the end (exit code 1), when what came is already printed. */
async function printElement(client: Client, element: string): Promise<void> {
  if (!DIGEST.test(element)) throw new CliError(`"${element}": expected sha256: and 64 hex digits`, EXIT.usage);
  const reply = await client.open('GET', elementPath(client, element));
  const hash = createHash('sha256');
  for await (const chunk of reply.stream) {
    hash.update(chunk as Buffer);
    process.stdout.write(chunk as Buffer);
  }
  const got = `sha256:${hash.digest('hex')}`;
  if (got !== element) throw new CliError(`${element}: what was received has digest ${got}`);
}

/** Joins a result's path to a folder. @throws CliError when it would leave it. */
export function safeJoin(folder: string, path: string): string {
  const joined = join(folder, path);
  if (path === '' || path.startsWith('/') || !joined.startsWith(folder + sep)) throw new CliError(`refused: result path "${path}" leaves the output folder`);
  return joined;
}

async function saveResults(client: Client, path: string, dir: string): Promise<number> {
  let count = 0;
  await client.lines<ResultLine>(path, async (line) => {
    const folder = join(dir, String(line.index));
    await mkdir(folder, { recursive: true });
    if (line.inline !== undefined) await writeFile(join(folder, 'result.json'), line.inline);
    for (const file of line.files) await getElement(client, file.element, safeJoin(folder, file.path));
    count += 1;
  });
  return count;
}

function parseInline(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function printLog(client: Client, task: string, options: { stderr?: boolean; attempt?: string; follow?: boolean; tail?: string }): Promise<void> {
  const query = new URLSearchParams({ stream: options.stderr === true ? 'stderr' : 'stdout' });
  if (options.follow === true) query.set('follow', 'true');
  if (options.attempt !== undefined) query.set('attempt', options.attempt);
  if (options.tail !== undefined) query.set('tail', options.tail);
  const reply = await client.open('GET', `/logs/${encodeURIComponent(client.target.namespace)}/${encodeURIComponent(task)}?${query}`);
  for await (const chunk of reply.stream) process.stdout.write(chunk as Buffer);
}

export function addDataCommands(program: Command): void {
  const elements = program.command('elements').description('data elements: content-addressed programs, inputs and results');
  formatOption(targetOptions(elements.command('put <files...>').description('upload files; prints "sha256:…  FILE" for each')))
    .addHelpText('after', '\nExamples:\n  gleaner elements put data/part-0.json\n  gleaner elements put -o json data/*.json')
    .action(async (files: string[], options: TargetOptions & { output: Format }) =>
      withClient(options, async (client) => {
        const put: { element: string; file: string; known: boolean }[] = [];
        for (const file of files) {
          const { element, known } = await putElement(client, file);
          put.push({ element, file, known });
          if (options.output === 'table') process.stdout.write(`${element}  ${file}\n`);
        }
        if (options.output !== 'table') print(options.output, put, () => '');
      }));
  targetOptions(elements.command('get <element>').description('download an element'))
    .requiredOption('-o, --output <file>', 'where to write it; - is standard output')
    .addHelpText('after', '\nExamples:\n  gleaner elements get sha256:… -o part-0.json\n  gleaner elements get sha256:… -o - | head')
    .action(async (element: string, options: TargetOptions & { output: string }) =>
      withClient(options, (client) => (options.output === '-' ? printElement(client, element) : getElement(client, element, options.output))));

  targetOptions(program.command('results <job>').description("a Job's results: one JSON line per index, or with -o a folder per index"))
    .option('-o, --output-dir <dir>', 'write DIR/<index>/result.json and the other files of out/')
    .option('--index <n>', 'only this index')
    .addHelpText('after', '\nExamples:\n  gleaner results job/pi\n  gleaner results job/pi -o results/')
    .action(async (job: string, options: TargetOptions & { outputDir?: string; index?: string }) =>
      withClient(options, async (client) => {
        const query = options.index === undefined ? '' : `?index=${encodeURIComponent(options.index)}`;
        const path = `/results/${encodeURIComponent(client.target.namespace)}/${encodeURIComponent(nameOf('job', job))}${query}`;
        if (options.outputDir !== undefined) {
          const count = await saveResults(client, path, options.outputDir);
          note(`${count} results in ${options.outputDir}`);
          return;
        }
        await client.lines<ResultLine>(path, (line) => {
          process.stdout.write(`${JSON.stringify({ index: line.index, result: parseInline(line.inline), files: line.files })}\n`);
        });
      }));

  targetOptions(program.command('logs <target>').description("a Task's stdout (job/NAME: of one index)"))
    .option('-f, --follow', 'go on until the attempt ends')
    .option('--stderr', 'stderr instead of stdout')
    .option('--index <n>', 'with job/NAME: which index', '0')
    .option('--attempt <n>', 'an earlier attempt')
    .option('--tail <lines>', 'only the last lines')
    .addHelpText('after', '\nExamples:\n  gleaner logs job/pi --index 3 -f\n  gleaner logs task/pi-3 --stderr')
    .action(async (target: string, options: TargetOptions & { follow?: boolean; stderr?: boolean; index: string; attempt?: string; tail?: string }) =>
      withClient(options, async (client) => {
        if (!/^\d{1,10}$/.test(options.index)) throw new CliError(`--index ${options.index}: must be a whole number of 0 or more`, EXIT.usage);
        const isTask = /^(task|tasks|gt|tasks\.gleaner\.dev)\//.test(target);
        await printLog(client, isTask ? nameOf('task', target) : `${nameOf('job', target)}-${options.index}`, options);
      }));
}
