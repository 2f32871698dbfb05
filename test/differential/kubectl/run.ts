/** Runs a scenario against one server and gives what kubectl printed, made comparable. */
import type { Kubectl, Ran } from '../../support/kubectl';
import { words, type Command, type Scenario } from './scenario';

export interface Printed {
  line: string;
  code: number;
  stdout: string;
  stderr: string;
}

export interface Server {
  kubectl: Kubectl;
  url: string;
}

/** @param files folder that holds the scenario's files */
export async function run({ kubectl, url }: Server, { name, commands }: Scenario, files: string): Promise<Printed[]> {
  const namespace = `k-${name}`;
  await kubectl.ok(['create', 'namespace', namespace]);
  const printed: Printed[] = [];
  for (const command of commands) {
    const { line, input, env, keep, settles = false, meanwhile }: Command = typeof command === 'string' ? { line: command } : command;
    const execute = (text: string): Promise<Ran> => {
      const given = words(text).map((word) => word.replaceAll('FILES', files));
      // `delete --all-namespaces` refuses what is not in the namespace that was asked for.
      const args = given.includes('--all-namespaces') ? given : [`--namespace=${namespace}`, ...given];
      return kubectl.run(args, { ...(input !== undefined && { input }), ...(env && { env }) });
    };
    const running = execute(line);
    if (meanwhile !== undefined) {
      await sleep(MEANWHILE_MS);
      await execute(meanwhile);
    }
    let ran = await running;
    const tries = settles ? 20 : 0;
    for (let again = 0; ran.code !== 0 && again < tries; again++) {
      await sleep(500);
      ran = await execute(line);
    }
    const output = shown(ran, [[url, '<server>'], [url.replace('https://', ''), '<server>'], [files, 'FILES']]);
    printed.push({ line, ...(keep ? { ...output, stdout: only(keep, output.stdout), stderr: only(keep, output.stderr) } : output) });
  }
  return printed;
}

const MEANWHILE_MS = 5000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const only = (keep: RegExp, text: string): string => (text.match(keep) ?? []).join('\n');

function shown({ code, stdout, stderr }: Ran, secrets: readonly (readonly [string, string])[]): Omit<Printed, 'line'> {
  return { code, stdout: normal(stdout, secrets), stderr: normal(stderr, secrets) };
}

/** In an order of their own: the servers' depends on which second it is. */
function managersInOrder(text: string): string {
  if (!text.startsWith('{') || !text.includes('"managedFields"')) return text;
  const object = JSON.parse(text) as { metadata?: { managedFields?: object[] } };
  object.metadata?.managedFields?.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return `${JSON.stringify(object, undefined, 2)}\n`;
}

const keyOf = (entry: object): string => JSON.stringify({ ...entry, time: '' });

const UID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const DAY_MS = 24 * 3600 * 1000;

function normal(text: string, secrets: readonly (readonly [string, string])[]): string {
  let out = managersInOrder(text);
  for (const [secret, name] of secrets) out = out.replaceAll(secret, name);
  return out
    .replace(UID, '<uid>')
    .replace(TIME, (time) => (Math.abs(Date.parse(time) - Date.now()) < DAY_MS ? '<time>' : time))
    .replace(/(resourceVersion\\?"?: ?\\?"?)\d+/g, '$1<revision>')
    .replace(/(Resource Version: +)\d+/g, '$1<revision>')
    .replace(/^([WEI])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, '$1 ')
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>')
    .replace(/(?<=\s|^)(?:\d+[smhdy])+(?=\s|$)/gm, '<age>')
    .replace(/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '<date>')
    .replace(/[^\s"]*\/kubectl-edit-\d+\./g, '<edited>.')
    .replace(/\/(?:tmp|var)\/\S*(?:LIVE|MERGED)-\d+/g, '<diffed>')
    .replace(/(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4})/g, '<time>')
    // Columns are as wide as ages and the like happen to be.
    .replace(/(?<=\S) {2,}/g, '  ')
    .replace(/ +$/gm, '');
}
