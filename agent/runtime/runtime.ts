/**
 * The ContainerRuntime port of the agent: runs one attempt in a box with caps, and meters it. Implementations: docker, scripted.
 */
import type { FileHandle } from 'node:fs/promises';
import type { AttemptReason } from '../../crds/attempt-reasons';
import type { ResultFile, TaskProgram } from '../../crds/agent-link';
import type { Usage } from '../../crds/task';

export interface AttemptSpec {
  lease: string;
  epoch: number;
  attempt: number;
  index: number;
  /** Opaque. */
  job: string;
  completions: number;
  env: Record<string, string>;
  program: TaskProgram;
}

/** What names an attempt among all that an agent ever ran. */
export const attemptKey = (of: { lease: string; epoch: number }): string => `${of.lease}@${of.epoch}`;

/** Fetches an element to a local read-only file, digest verified; the file is in a cache and shared. */
export type FetchElement = (digest: string, signal: AbortSignal) => Promise<string>;

/** Takes over a copy of a result file, durably, and returns its digest; it reaches the control plane before `finished` is sent. Takes an open
 *  file, so that no later look at a path can lead elsewhere. */
export type PutElement = (file: FileHandle, signal: AbortSignal) => Promise<{ element: string; bytes: number }>;

export interface AttemptIo {
  fetch: FetchElement;
  put: PutElement;
}

export interface AttemptEvents {
  /** The program runs. */
  started(): void;
  /** A new status line of the program, and what it used so far. */
  progress(update: { progress?: number; message?: string; usage: Usage }): void;
  /** `offset` is in what is kept of the stream; a repeated offset overwrites. */
  log(stream: 'stdout' | 'stderr', offset: number, data: Buffer): void;
}

export interface AttemptEnd {
  reason: AttemptReason;
  message?: string;
  exitCode?: number;
  usage: Usage;
  result?: { inline?: string; files: ResultFile[] };
}

/** A running attempt. */
export interface RunningAttempt {
  /** Resolves once, after everything of the attempt is removed and its meters are read; never rejects. */
  readonly ended: Promise<AttemptEnd>;
  /** SIGTERM, then after the grace period SIGKILL. Ends with this reason, unless it ended first. Idempotent. */
  stop(reason: AttemptReason, gracePeriodMs: number): void;
}

export interface ContainerRuntime {
  readonly name: string;
  /** False while the engine does not answer: nothing can be started then. */
  readonly available: boolean;
  /** Called at every change of `available`. */
  onAvailability(listener: (available: boolean) => void): void;
  /**
   * Connects, and removes what a former agent process left and `claimed` (attempt keys, from the journal) does not name. Does not wait for
   * an engine that is away: `available` is false then, and the same is done when it is back.
   */
  start(claimed: ReadonlySet<string>): Promise<void>;
  /** Stops nothing that runs: containers outlive the agent and are adopted at its next start. */
  close(): Promise<void>;
  /** Ids of the images that can be started at once; empty while not available. */
  images(): Promise<string[]>;
  /** Makes sure the image is there: loads the archive, verifies that its id is `image`. @throws Error when it cannot. */
  ensureImage(image: string, archive: string, fetch: FetchElement, signal: AbortSignal): Promise<void>;
  /** Starts an attempt. Failures come as an AttemptEnd, never as an exception. */
  run(spec: AttemptSpec, io: AttemptIo, events: AttemptEvents): RunningAttempt;
  /** Takes over what a former agent process started and still runs (or ended since); undefined when nothing of it is left. */
  adopt(spec: AttemptSpec, io: AttemptIo, events: AttemptEvents): Promise<RunningAttempt | undefined>;
}

export const NO_USAGE: Readonly<Usage> = { cpuMicros: 0, memoryMibSeconds: 0, wallMillis: 0, ioBytes: 0, egressBytes: 0 };
