/**
 * What an agent says, applied: one frame at a time, alike messages together. An agent may speak only about leases that are bound to it;
 * what is repeated, late or of another epoch changes nothing.
 */
import type { Accept, AgentMessage, AttemptReport, Finished, LogChunk } from '../../crds/agent-link';
import type { Task, Usage } from '../../crds/task';
import type { Answer } from '../db/database';
import { assign } from './assign';
import { conclude, type End } from './conclude';
import type { GatewayContext } from './context';
import { checkUnknown, late } from './late';
import { splitLease, type Lease } from './leases';
import { ProtocolError } from './link/protocol-error';
import type { Progress } from './progress';

export interface ReportsOptions {
  context: GatewayContext;
  progress: Progress;
  /** The Task with this uid, as far as it is known. */
  taskByUid: (uid: string) => Task | undefined;
  /** Sizes of those of the data elements that are there. */
  elementSizes: (digests: readonly string[]) => Answer<ReadonlyMap<string, number>>;
  /** The agent holds the image of an attempt that it has run. */
  holdsImage: (agentId: string, jobUid: string) => void;
  withdraw: (agentId: string, offer: string) => void;
}

export class Reports {
  constructor(private readonly options: ReportsOptions) {}

  /** Everything of a frame but hello, capacity and heartbeat. Resolves when it is durable. @throws ProtocolError */
  apply(agentId: string, messages: readonly AgentMessage[]): void | Promise<void> {
    const waits: Promise<unknown>[] = [];
    const accepts: Accept[] = [];
    const finished: Finished[] = [];
    for (const message of messages) {
      switch (message.type) {
        case 'attempt':
          this.attempt(agentId, message);
          break;
        case 'log': {
          const written = this.log(agentId, message);
          if (written) waits.push(handled(written));
          break;
        }
        case 'accept':
          accepts.push(message);
          break;
        case 'decline':
          this.options.context.market.decline(agentId, message.offer, message.leases, message.reason);
          break;
        case 'finished':
          finished.push(message);
          break;
        case 'hello':
        case 'capacity':
        case 'heartbeat':
          break;
        default:
          message satisfies never;
      }
    }
    if (finished.length > 0) waits.push(handled(this.finished(agentId, finished)));
    if (accepts.length > 0) waits.push(handled(this.accept(agentId, accepts)));
    if (waits.length === 0) return undefined;
    return Promise.all(waits).then(() => undefined);
  }

  /** All leases of an agent that is gone for good, or was not heard of for too long. */
  async lost(agentId: string): Promise<void> {
    const { context } = this.options;
    const leases = context.leases.ofAgent(agentId).filter((lease) => lease.state === 'on');
    await conclude(context, leases.map((lease) => lostEnd(lease)));
  }

  private async accept(agentId: string, accepts: readonly Accept[]): Promise<void> {
    const { context, withdraw } = this.options;
    const orphaned = await assign(context, agentId, accepts, (offer) => withdraw(agentId, offer));
    await conclude(context, orphaned.map((lease) => lostEnd(lease)));
  }

  private attempt(agentId: string, report: AttemptReport): void {
    const lease = this.find(agentId, report);
    if (lease?.state === 'on') this.options.progress.report(lease, report);
  }

  private log(agentId: string, chunk: LogChunk): Promise<void> | undefined {
    const lease = this.find(agentId, chunk);
    if (!lease) return undefined;
    return this.options.context.logs.write({ jobUid: lease.jobUid, index: lease.index, attempt: lease.number }, chunk);
  }

  private finished(agentId: string, reports: readonly Finished[]): Promise<unknown> {
    const files = reports.flatMap(({ result }) => result?.files.map(({ element }) => element) ?? []);
    const sizes = files.length === 0 ? NO_SIZES : this.options.elementSizes(files);
    if (!(sizes instanceof Promise)) return this.end(agentId, reports, sizes);
    // What an agent may not say is refused before anything is waited for, as in a frame without files.
    for (const report of reports) this.find(agentId, report);
    return sizes.then((known) => this.end(agentId, reports, known));
  }

  private end(agentId: string, reports: readonly Finished[], sizes: ReadonlyMap<string, number>): Promise<unknown> {
    const { context, taskByUid } = this.options;
    const ends: End[] = [];
    const waits: Promise<void>[] = [];
    const seen = new Set<string>();
    for (const report of reports) {
      const lease = this.find(agentId, report);
      if (lease?.ended) waits.push(handled(lease.ended));
      else if (lease && lease.state === 'on' && !seen.has(lease.id)) {
        seen.add(lease.id);
        ends.push(endOf(lease, checked(asked(lease, report), sizes)));
        if (report.reason === 'Completed') this.options.holdsImage(agentId, lease.jobUid);
      } else if (!lease && !context.leases.get(report.lease)) {
        const task = checkUnknown(context, agentId, report, taskByUid(splitLease(report.lease).taskUid));
        if (task) waits.push(handled(late(context, agentId, checked(report, sizes), task)));
      }
    }
    return Promise.all([conclude(context, ends), ...waits]);
  }

  /**
   * The lease, when it is on and of this epoch.
   * @throws ProtocolError when it is another agent's
   */
  private find(agentId: string, { lease: id, epoch }: { lease: string; epoch: number }): Lease | undefined {
    const { context, taskByUid } = this.options;
    const lease = context.leases.get(id);
    if (!lease) {
      checkUnknown(context, agentId, { lease: id, epoch }, taskByUid(splitLease(id).taskUid));
      return undefined;
    }
    if (lease.agentId !== agentId) throw new ProtocolError('ForeignLease', `lease: ${id} is not this agent's`);
    // Only its hold is left of it (its Task is gone): the epoch that comes first counts.
    if (lease.epoch === 0) lease.epoch = epoch;
    return lease.epoch === epoch ? lease : undefined;
  }
}

const NO_SIZES: ReadonlyMap<string, number> = new Map();

function endOf(lease: Lease, { reason, message, exitCode, usage, result }: Finished): End {
  return {
    lease, reason, usage,
    ...(message === undefined ? {} : { message }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === 'Completed' ? { result: result ?? { files: [] } } : {}),
  };
}

/** A result whose files are not here is none: the attempt is the agent's failure, and is tried again. */
function checked(report: Finished, sizes: ReadonlyMap<string, number>): Finished {
  if (report.reason !== 'Completed' || !report.result) return report;
  const broken = report.result.files.find((file) => sizes.get(file.element) !== file.bytes);
  if (!broken) return report;
  const { result: _result, ...rest } = report;
  return { ...rest, reason: 'RuntimeError', message: `result file ${broken.path}: element ${broken.element} of ${broken.bytes} bytes was not uploaded` };
}

/** Its failure is seen by whoever waits for it; when a later message of the frame is refused, nobody comes to wait. */
function handled<T>(wait: Promise<T>): Promise<T> {
  wait.catch(() => undefined);
  return wait;
}

/** An attempt ends Cancelled or Suspended, at the issuer's cost, only when it was to be stopped; otherwise its agent gave it up, and nobody pays. */
function asked(lease: Lease, report: Finished): Finished {
  if (report.reason !== 'Cancelled' && report.reason !== 'Suspended') return report;
  const stop = lease.stopSent ?? lease.task?.status?.attempts?.find((each) => each.number === lease.number)?.stop;
  return stop !== undefined || !lease.task ? report : { ...report, reason: 'AgentDrained' };
}

const lostEnd = (lease: Lease): End => {
  const usage: { usage?: Usage } = lease.usage ? { usage: lease.usage } : {};
  return { lease, reason: 'AgentLost', ...usage };
};
