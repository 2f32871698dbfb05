/** Sends the steps of a sequence to one server, in order, and gives the normalised answers. */

import { toProtobuf } from '../../controlplane/apiserver/codec/to-protobuf';
import { Normaliser, parse, type Normal, type RawAnswer } from './normalise';
import { textOf } from './protobuf';
import { TYPES, type Sequence, type Step } from './step';
import { exchange } from '../support/https';

/** A server to replay against. */
export interface Target {
  url: string;
  caCertificate: string;
  /** Of an identity in `system:masters`. */
  adminToken: string;
  /** Put behind the namespace's name, and left out of answers: for a server that was replayed against before. */
  suffix?: string;
}

/** Who issues service account tokens: the servers' names for themselves. */
const ISSUERS = [['https://kubernetes.default.svc.cluster.local', '<issuer>'], ['https://kubernetes.default.svc', '<issuer>']] as const;
const TIMEOUT_MS = 30_000;
const RETRIES = 100;
const RETRY_MS = 100;

/** @returns the normalised answers */
export async function replay(target: Target, { name, steps }: Sequence, strict = true): Promise<Map<string, Normal>> {
  const ns = `d-${name}${target.suffix ?? ''}`;
  const values = new Map<string, string>([['ns', ns]]);
  const normaliser = new Normaliser(new Map([[target.url.replace('https://', ''), '<server>'], [ns, `d-${name}`], ...ISSUERS]), Date.now);
  await prepareNamespace(target, ns);
  const answers = new Map<string, Normal>();
  for (const step of steps) {
    if (answers.has(step.label)) throw new Error(`${name}: two steps are named "${step.label}"`);
    const answer = await ask(target, step, values);
    answers.set(step.label, normaliser.answer(answer, step.pick));
    capture(step, answer, values, name, strict);
  }
  return answers;
}

async function prepareNamespace(target: Target, name: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const { code, text } = await send(target, { label: '', method: 'POST', path: '/api/v1/namespaces', body, headers: { 'Content-Type': 'application/json' } });
  if (code !== 201 && code !== 409) throw new Error(`${target.url}: namespace ${name} was not made: ${text}`);
}

async function ask(target: Target, step: Step, values: ReadonlyMap<string, string>): Promise<RawAnswer> {
  const filled: Step = {
    ...step,
    path: fill(step.path, values),
    ...(step.body !== undefined && { body: Buffer.isBuffer(step.body) ? step.body : encoded(fill(asText(step.body), values), step) }),
    ...(step.headers && { headers: Object.fromEntries(Object.entries(step.headers).map(([name, value]) => [name, fill(value, values)])) }),
    ...(step.token !== undefined && { token: fill(step.token, values) }),
  };
  let answer = await send(target, filled);
  for (let retry = 0; step.until !== undefined && answer.code !== step.until && retry < RETRIES; retry++) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    answer = await send(target, filled);
  }
  return answer;
}

/** Objects in the media type that the step names. @throws Error for a kind that is not written in protobuf: the corpus is wrong */
function encoded(text: string, { label, body, headers }: Step): string | Buffer {
  if (typeof body === 'string' || headers?.['Content-Type'] !== TYPES.protobuf) return text;
  const bytes = toProtobuf(JSON.parse(text) as object);
  if (!bytes) throw new Error(`${label}: no message for ${text}`);
  return bytes;
}

const asText = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

/** @throws Error for a name that nothing captured: the corpus is wrong */
function fill(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`nothing captured \${${name}}`);
    return value;
  });
}

function capture({ capture: wanted = {}, label }: Step, { text }: RawAnswer, values: Map<string, string>, sequence: string, strict: boolean): void {
  for (const [name, path] of Object.entries(wanted)) {
    const value = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], parse(text));
    if (value === undefined && strict) throw new Error(`${sequence}: the answer to "${label}" has no ${path}: ${text.slice(0, 500)}`);
    values.set(name, typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing'));
  }
}

function send({ url, caCertificate, adminToken }: Target, { method, path, body, headers, token = adminToken }: Step): Promise<RawAnswer> {
  const all = { ...(token !== '' && { Authorization: `Bearer ${token}` }), 'User-Agent': 'differential/1', ...headers };
  return exchange(`${url}${path}`, { method, ca: caCertificate, headers: all, timeout: TIMEOUT_MS, agent: false }, body && (Buffer.isBuffer(body) ? body : asText(body))).then(
    ({ code, headers: told, bytes }) => ({ code, headers: told, text: textOf(told['content-type'] ?? '', bytes) }),
    (error: Error) => { throw new Error(`${url}: ${method} ${path}: ${error.message}`, { cause: error }); },
  );
}
