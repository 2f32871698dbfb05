/**
 * Messages between agent and control plane: one WebSocket at `/link`, opened by the agent with its client certificate.
 *
 * A frame is one JSON text message of at most MAX_FRAME_BYTES. A frame with `seq` is *reliable*: numbered from 1 per direction and
 * session, kept by its sender until acknowledged, sent again after a reconnect, applied once (a receiver drops `seq` ≤ the last
 * applied one but acknowledges it again; a gap is a protocol error that closes the socket with CLOSE.protocol). A frame without
 * `seq` may be lost. `ack` is cumulative, and is sent only once what it acknowledges is durable.
 *
 * The first frame of an agent is `hello`, the first answer `welcome`; both without `seq`. A resumed session continues the
 * numbering. When the control plane does not know the session (it restarted), `welcome.resumed` is false, both sides number
 * from 1 again, and the agent sends what was unacknowledged once more: every reliable message is idempotent by (lease, epoch).
 *
 * Nothing that reaches an agent names a namespace, a Job or an issuer; ids are opaque.
 */
import type { AttemptReason } from './attempt-reasons';
import type { Usage } from './task';

export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** Unacknowledged reliable frames a sender may hold; at the bound it stops producing (back-pressure), never drops. */
export const MAX_UNACKED_FRAMES = 1024;
export const LINK_PATH = '/link';
export const CLOSE = { protocol: 4002, unauthorized: 4001, replaced: 4003, slow: 4008, drain: 4009 } as const;

export interface Frame<M> {
  seq?: number;
  ack?: number;
  messages: M[];
}

/** `<task uid>/<attempt number>`: the right to run one attempt. Opaque to the agent. */
export type LeaseId = string;

/** Plain numbers: cores (fractions allowed), bytes. */
export interface ResourceAmounts {
  cpu: number;
  memoryBytes: number;
  scratchBytes: number;
}

// ---------------------------------------------------------------- agent → control plane

export type AgentMessage = Hello | Capacity | Heartbeat | Accept | Decline | AttemptReport | LogChunk | Finished;

export interface Hello {
  type: 'hello';
  version: string;
  session?: string;
  /** Last reliable frame of the control plane that was applied in that session. */
  lastSeq: number;
  os: string;
  arch: string;
  total: ResourceAmounts & { slots: number };
  /** Image ids held. */
  images: string[];
  /** Leases that run or whose `finished` is not acknowledged yet. */
  running: { lease: LeaseId; epoch: number }[];
}

/** What the agent offers in all (not what is free now: the control plane subtracts what it has leased). */
export interface Capacity {
  type: 'capacity';
  total: ResourceAmounts & { slots: number };
  ask: Ask;
  /** No new offers: finishing what runs, then leaving. */
  draining: boolean;
}

export interface Ask {
  /** Least credits per reference core-hour that the owner works for, after the operator's margin; decimal string. */
  cpuHour: string;
}

export interface Heartbeat {
  type: 'heartbeat';
}

export interface Accept {
  type: 'accept';
  offer: string;
  leases: LeaseId[];
}

export type DeclineReason = 'AskTooHigh' | 'NoCapacity' | 'ImageUnavailable' | 'Draining' | 'OwnerRules' | 'Expired';

export interface Decline {
  type: 'decline';
  offer: string;
  leases: LeaseId[];
  reason: DeclineReason;
  message?: string;
}

/** Reliable, coalesced: the newest for a lease replaces older ones that were not sent yet. */
export interface AttemptReport {
  type: 'attempt';
  lease: LeaseId;
  epoch: number;
  phase: 'Running';
  progress?: number;
  message?: string;
  usage?: Usage;
}

/** Part of stdout or stderr. Unreliable order is not possible (reliable frame). Bounded by MAX_LOG_BYTES per stream in all. */
export interface LogChunk {
  type: 'log';
  lease: LeaseId;
  epoch: number;
  stream: 'stdout' | 'stderr';
  /** Byte offset in what is kept; a repeated offset overwrites. */
  offset: number;
  /** base64 */
  data: string;
}

/** Head and tail together. */
export const MAX_LOG_BYTES = 1024 * 1024;

export interface ResultFile {
  /** Relative path below out/, `/`-separated, no `..`. */
  path: string;
  /** `sha256:…` of the content, uploaded before `finished` is sent (unless it is the inline one). */
  element: string;
  bytes: number;
}

export const MAX_INLINE_RESULT_BYTES = 64 * 1024;
export const MAX_RESULT_FILES = 1000;
export const MAX_RESULT_PATH_CHARS = 1024;

/**
 * Whether a result may have a file of this path. Control characters, backslashes and empty, "." or ".." parts would mean something else
 * on somebody's disk; U+FFFD stands for bytes that are no UTF-8.
 */
export function isResultPath(path: string): boolean {
  if (path.length > MAX_RESULT_PATH_CHARS || path.split('/').some((part) => part === '' || part === '.' || part === '..')) return false;
  return ![...path].some((c) => c < ' ' || c === '\\' || c === '\u007f' || c === '\ufffd');
}

export interface Finished {
  type: 'finished';
  lease: LeaseId;
  epoch: number;
  reason: AttemptReason;
  message?: string;
  exitCode?: number;
  usage: Usage;
  result?: {
    /** Content of out/result.json (UTF-8) when it is at most MAX_INLINE_RESULT_BYTES; then it is not in `files`. */
    inline?: string;
    files: ResultFile[];
  };
}

// ---------------------------------------------------------------- control plane → agent

export type ControlMessage = Welcome | Offers | Withdraw | Start | Stop | Settings | LinkError;

export interface Welcome {
  type: 'welcome';
  session: string;
  resumed: boolean;
  /** Last reliable frame of the agent that is durable in this session (0 when not resumed). */
  lastSeq: number;
  settings: LinkSettings;
}

export interface LinkSettings {
  heartbeatMs: number;
  /** The control plane gives the agent up after this long without any frame. */
  lostAfterMs: number;
  /** Least milliseconds between two progress reports of one attempt. */
  progressIntervalMs: number;
}

export interface Settings {
  type: 'settings';
  settings: LinkSettings;
}

/** "These attempts, all alike, at this payout, for this long." */
export interface Offer {
  offer: string;
  leases: LeaseId[];
  /** Image id. */
  image: string;
  /** docker-archive element of the image. */
  imageArchive: string;
  resources: ResourceAmounts & { pids: number };
  timeoutMs: number;
  /** To the owner, credits, decimal strings. */
  payout: { cpuHour: string; memoryGiBHour: string; start: string };
  /** After this many milliseconds an answer is too late. */
  ttlMs: number;
}

export interface Offers {
  type: 'offers';
  offers: Offer[];
}

export interface Withdraw {
  type: 'withdraw';
  offer: string;
}

/** What all attempts of one `start` share. */
export interface TaskProgram {
  image: string;
  imageArchive: string;
  entrypoint: string[];
  script?: string;
  element?: string;
  archive?: string;
  command?: string[];
  args: string[];
  env: { name: string; value: string }[];
  /** `element` may be `$(NAME)`: the value of NAME in the task's `env` (element-ref.ts). */
  inputs: { name: string; element: string }[];
  resources: ResourceAmounts & { pids: number };
  timeoutMs: number;
  gracePeriodMs: number;
}

export interface StartTask {
  lease: LeaseId;
  epoch: number;
  attempt: number;
  index: number;
  /** This index's parameters, as environment variables. */
  env?: Record<string, string>;
  /** Bearer ticket for /elements: read this program's elements, write results; bound to the lease, expires. */
  ticket: string;
}

export interface Start {
  type: 'start';
  /** Opaque id of the Job (GLEANER_JOB). */
  job: string;
  completions: number;
  program: TaskProgram;
  tasks: StartTask[];
}

export interface Stop {
  type: 'stop';
  lease: LeaseId;
  epoch: number;
  reason: AttemptReason;
  /** SIGTERM first and wait so long; 0: kill at once. */
  gracePeriodMs: number;
}

/** Sent before the socket closes, so that the agent can log why. */
export interface LinkError {
  type: 'error';
  code: string;
  message: string;
}
