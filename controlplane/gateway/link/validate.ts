/**
 * Every field of every message of an agent, checked by hand (it is the hot path): what comes out has the types of crds/agent-link.ts.
 * What is not known is dropped, so that newer agents may say more. A refusal names field, value and what is allowed.
 */
import { ATTEMPT_REASONS, type AttemptReason } from '../../../crds/attempt-reasons';
import {
  isResultPath, MAX_INLINE_RESULT_BYTES, MAX_LOG_BYTES, MAX_RESULT_FILES, MAX_RESULT_PATH_CHARS,
  type AgentMessage, type Ask, type DeclineReason, type Finished, type Hello, type ResourceAmounts, type ResultFile,
} from '../../../crds/agent-link';
import { parseCredits } from '../../../crds/credits';
import { shown } from '../../../crds/format-error';
import type { Usage } from '../../../crds/task';
import { ProtocolError } from './protocol-error';

export interface AgentFrame {
  seq?: number;
  ack?: number;
  messages: AgentMessage[];
}

const MAX_MESSAGES = 10_000;
const MAX_LEASES = 4096;
const MAX_IMAGES = 1000;
const MAX_TEXT = 4096;
const MAX_SLOTS = 4096;
const LEASE = /^[0-9a-zA-Z-]{1,64}\/[1-9][0-9]{0,8}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const ID = /^[0-9a-zA-Z_-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DECLINES: ReadonlySet<string> = new Set<DeclineReason>(['AskTooHigh', 'NoCapacity', 'ImageUnavailable', 'Draining', 'OwnerRules', 'Expired']);

type Fields = Record<string, unknown>;

/** @throws ProtocolError BadFrame */
export function parseFrame(text: string): AgentFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad('frame', text.slice(0, 40), 'one JSON object');
  }
  const frame = object('frame', value);
  const { seq, ack, messages } = frame;
  if (!Array.isArray(messages) || messages.length > MAX_MESSAGES) throw bad('messages', messages, `a list of at most ${MAX_MESSAGES}`);
  return {
    ...(seq === undefined ? {} : { seq: integer('seq', seq, 1) }),
    ...(ack === undefined ? {} : { ack: integer('ack', ack, 0) }),
    messages: messages.map((message, at) => parseMessage(`messages[${at}]`, object(`messages[${at}]`, message))),
  };
}

function parseMessage(at: string, m: Fields): AgentMessage {
  switch (m.type) {
    case 'heartbeat':
      return { type: 'heartbeat' };
    case 'accept':
      return { type: 'accept', offer: id(`${at}.offer`, m.offer), leases: leases(`${at}.leases`, m.leases) };
    case 'decline':
      return {
        type: 'decline', offer: id(`${at}.offer`, m.offer), leases: leases(`${at}.leases`, m.leases),
        reason: oneOf(`${at}.reason`, m.reason, DECLINES) as DeclineReason,
        ...optionalText(`${at}.message`, m.message),
      };
    case 'attempt': {
      if (m.phase !== 'Running') throw bad(`${at}.phase`, m.phase, '"Running"');
      const progress = m.progress === undefined ? undefined : number(`${at}.progress`, m.progress, 0, 1);
      return {
        type: 'attempt', lease: lease(`${at}.lease`, m.lease), epoch: integer(`${at}.epoch`, m.epoch, 1), phase: 'Running',
        ...(progress === undefined ? {} : { progress }),
        ...optionalText(`${at}.message`, m.message),
        ...(m.usage === undefined ? {} : { usage: usage(`${at}.usage`, m.usage) }),
      };
    }
    case 'log': {
      const offset = integer(`${at}.offset`, m.offset, 0, MAX_LOG_BYTES);
      const data = text(`${at}.data`, m.data, MAX_LOG_BYTES * 2);
      if (data.length % 4 !== 0 || !BASE64.test(data)) throw bad(`${at}.data`, data.slice(0, 40), 'base64');
      if (m.stream !== 'stdout' && m.stream !== 'stderr') throw bad(`${at}.stream`, m.stream, '"stdout" or "stderr"');
      return { type: 'log', lease: lease(`${at}.lease`, m.lease), epoch: integer(`${at}.epoch`, m.epoch, 1), stream: m.stream, offset, data };
    }
    case 'finished':
      return finished(at, m);
    case 'capacity': {
      if (typeof m.draining !== 'boolean') throw bad(`${at}.draining`, m.draining, 'true or false');
      return { type: 'capacity', total: amounts(`${at}.total`, m.total), ask: ask(`${at}.ask`, m.ask), draining: m.draining };
    }
    case 'hello':
      return hello(at, m);
    default:
      throw bad(`${at}.type`, m.type, 'hello, capacity, heartbeat, accept, decline, attempt, log or finished');
  }
}

function hello(at: string, m: Fields): Hello {
  if (!Array.isArray(m.images) || m.images.length > MAX_IMAGES) throw bad(`${at}.images`, m.images, `a list of at most ${MAX_IMAGES}`);
  if (!Array.isArray(m.running) || m.running.length > MAX_LEASES) throw bad(`${at}.running`, m.running, `a list of at most ${MAX_LEASES}`);
  return {
    type: 'hello',
    version: text(`${at}.version`, m.version, 64),
    ...(m.session === undefined ? {} : { session: id(`${at}.session`, m.session) }),
    lastSeq: integer(`${at}.lastSeq`, m.lastSeq, 0),
    os: id(`${at}.os`, m.os),
    arch: id(`${at}.arch`, m.arch),
    total: amounts(`${at}.total`, m.total),
    images: m.images.map((image, n) => digest(`${at}.images[${n}]`, image)),
    running: m.running.map((each, n) => {
      const fields = object(`${at}.running[${n}]`, each);
      return { lease: lease(`${at}.running[${n}].lease`, fields.lease), epoch: integer(`${at}.running[${n}].epoch`, fields.epoch, 1) };
    }),
  };
}

function finished(at: string, m: Fields): Finished {
  if (typeof m.reason !== 'string' || !Object.hasOwn(ATTEMPT_REASONS, m.reason)) {
    throw bad(`${at}.reason`, m.reason, Object.keys(ATTEMPT_REASONS).join(', '));
  }
  const exitCode = m.exitCode === undefined ? undefined : integer(`${at}.exitCode`, m.exitCode, -1, 0xffff_ffff);
  return {
    type: 'finished', lease: lease(`${at}.lease`, m.lease), epoch: integer(`${at}.epoch`, m.epoch, 1),
    reason: m.reason as AttemptReason,
    usage: usage(`${at}.usage`, m.usage),
    ...optionalText(`${at}.message`, m.message),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(m.result === undefined ? {} : { result: result(`${at}.result`, object(`${at}.result`, m.result)) }),
  };
}

function result(at: string, r: Fields): NonNullable<Finished['result']> {
  if (!Array.isArray(r.files) || r.files.length > MAX_RESULT_FILES) throw bad(`${at}.files`, r.files, `a list of at most ${MAX_RESULT_FILES}`);
  const inline = r.inline === undefined ? undefined : text(`${at}.inline`, r.inline, MAX_INLINE_RESULT_BYTES);
  if (inline !== undefined && inline.length * 3 > MAX_INLINE_RESULT_BYTES && Buffer.byteLength(inline) > MAX_INLINE_RESULT_BYTES) {
    throw bad(`${at}.inline`, `${Buffer.byteLength(inline)} bytes`, `at most ${MAX_INLINE_RESULT_BYTES} bytes`);
  }
  const seen = new Set<string>(inline === undefined ? [] : ['result.json']);
  const files = r.files.map((each, n): ResultFile => {
    const where = `${at}.files[${n}]`;
    const fields = object(where, each);
    const path = relativePath(`${where}.path`, fields.path);
    if (seen.has(path)) throw bad(`${where}.path`, path, 'a path that is not in the list already');
    seen.add(path);
    return { path, element: digest(`${where}.element`, fields.element), bytes: integer(`${where}.bytes`, fields.bytes, 0) };
  });
  return { ...(inline === undefined ? {} : { inline }), files };
}

function relativePath(at: string, value: unknown): string {
  const path = text(at, value, MAX_RESULT_PATH_CHARS);
  if (!isResultPath(path)) throw bad(at, path, 'a relative path without "..", backslashes and control characters');
  return path;
}

function usage(at: string, value: unknown): Usage {
  const u = object(at, value);
  return {
    cpuMicros: integer(`${at}.cpuMicros`, u.cpuMicros, 0),
    memoryMibSeconds: integer(`${at}.memoryMibSeconds`, u.memoryMibSeconds, 0),
    wallMillis: integer(`${at}.wallMillis`, u.wallMillis, 0),
    ioBytes: integer(`${at}.ioBytes`, u.ioBytes, 0),
    egressBytes: integer(`${at}.egressBytes`, u.egressBytes, 0),
    ...(u.estimated === true ? { estimated: true } : {}),
  };
}

function amounts(at: string, value: unknown): ResourceAmounts & { slots: number } {
  const a = object(at, value);
  return {
    cpu: number(`${at}.cpu`, a.cpu, 0, 65_536),
    memoryBytes: integer(`${at}.memoryBytes`, a.memoryBytes, 0),
    scratchBytes: integer(`${at}.scratchBytes`, a.scratchBytes, 0),
    slots: integer(`${at}.slots`, a.slots, 0, MAX_SLOTS),
  };
}

function ask(at: string, value: unknown): Ask {
  const cpuHour = text(`${at}.cpuHour`, object(at, value).cpuHour, 20);
  try {
    parseCredits(cpuHour);
  } catch {
    throw bad(`${at}.cpuHour`, cpuHour, 'credits as a decimal string, such as "0.50"');
  }
  return { cpuHour };
}

function leases(at: string, value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_LEASES) throw bad(at, value, `a list of 1 to ${MAX_LEASES}`);
  return value.map((each, n) => lease(`${at}[${n}]`, each));
}

const bad = (field: string, value: unknown, allowed: string): ProtocolError => new ProtocolError('BadFrame', `${field}: ${shown(value)} is not ${allowed}`);

function object(at: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(at, value, 'an object');
  return value as Fields;
}

function integer(at: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) throw bad(at, value, `a whole number from ${min} to ${max}`);
  return value;
}

function number(at: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw bad(at, value, `a number from ${min} to ${max}`);
  return value;
}

function text(at: string, value: unknown, max: number): string {
  if (typeof value !== 'string' || value.length > max) throw bad(at, value, `a text of at most ${max} characters`);
  return value;
}

const optionalText = (at: string, value: unknown): { message?: string } => (value === undefined ? {} : { message: text(at, value, MAX_TEXT) });

function matching(at: string, value: unknown, pattern: RegExp, what: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw bad(at, value, what);
  return value;
}

const lease = (at: string, value: unknown): string => matching(at, value, LEASE, 'a lease id as it was offered');
const digest = (at: string, value: unknown): string => matching(at, value, DIGEST, '"sha256:" and 64 hex digits');
const id = (at: string, value: unknown): string => matching(at, value, ID, 'an id of letters, digits, "-" and "_", at most 64');

function oneOf(at: string, value: unknown, allowed: ReadonlySet<string>): string {
  if (typeof value !== 'string' || !allowed.has(value)) throw bad(at, value, `one of ${[...allowed].join(', ')}`);
  return value;
}
