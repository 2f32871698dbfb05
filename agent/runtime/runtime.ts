/**
 * The ContainerRuntime port of the agent: runs one attempt in a box with caps, and meters it. Implementations: docker, scripted.
 */
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

/** Fetches an element to a local read-only file, digest verified; the file is in a cache and shared. */
export type FetchElement = (digest: string, signal: AbortSignal) => Promise<string>;

/** Stores a result file and returns its digest once the control plane has it. */
export type PutElement = (path: string, signal: AbortSignal) => Promise<{ element: string; bytes: number }>;

export interface AttemptIo {
  fetch: FetchElement;
  put: PutElement;
}

export interface AttemptEvents {
  /** The program runs. */
  started(): void;
  /** A new status line of the program, and what it used so far. */
  progress(update: { progress?: number; message?: string; usage: Usage }): void;
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
  /** Connects, cleans up what no journal entry claims. */
  start(): Promise<void>;
  /** Stops nothing that runs: containers outlive the agent and are adopted at its next start. */
  close(): Promise<void>;
  /** Ids of the images that can be started at once. */
  images(): Promise<string[]>;
  /** Makes sure the image is there: loads the archive, verifies that its id is `image`. @throws Error when it cannot. */
  ensureImage(image: string, archive: string, fetch: FetchElement, signal: AbortSignal): Promise<void>;
  /** Starts an attempt. Failures come as an AttemptEnd, never as an exception. */
  run(spec: AttemptSpec, io: AttemptIo, events: AttemptEvents): RunningAttempt;
  /** Takes over what a former agent process started and still runs (or ended since); undefined when nothing of it is left. */
  adopt(spec: AttemptSpec, io: AttemptIo, events: AttemptEvents): Promise<RunningAttempt | undefined>;
}
