/**
 * Who runs what, in memory. The durable record of a lease is its open hold in the ledger and the attempt in its Task.
 *
 * ```
 *  accept ──► leasing ──hold and Task durable──► on ──finished | lost | superseded──► ending ──durable──► (gone)
 * ```
 */
import type { AttemptReason } from '../../crds/attempt-reasons';
import type { AttemptReport } from '../../crds/agent-link';
import type { Task, Usage } from '../../crds/task';
import type { HoldTerms } from '../ledger/ledger';
import type { Amounts } from '../market/match';

export interface Lease {
  /** `<task uid>/<number>` */
  readonly id: string;
  readonly taskUid: string;
  readonly namespace: string;
  /** '' when only the hold is left of it. */
  readonly taskName: string;
  readonly jobUid: string;
  readonly index: number;
  readonly number: number;
  readonly agentId: string;
  epoch: number;
  /** Absent when its hold is settled already (a crash before the Task was written). */
  terms?: HoldTerms;
  holdMicro: bigint;
  amounts: Amounts;
  /** The newest state of the Task that is known here. */
  task?: Task;
  state: 'leasing' | 'on' | 'ending';
  /** `start` was sent: milliseconds of the monotonic clock. Absent after a restart, then `leasedAt` counts. */
  startedAt?: number;
  /** Milliseconds since the epoch. */
  leasedAt: number;
  /** Bounded; counters never decrease. */
  usage?: Usage;
  /** The newest report that is not in the Task yet, and when one was written last. */
  report?: AttemptReport;
  reportedAt: number;
  stopSent?: AttemptReason;
  /** Its place on the agent and in its Job is free again. */
  freed: boolean;
  uploadedBytes: number;
  /** A late result of another attempt is being paid: this one ends as Superseded, whatever it reports. */
  superseded?: boolean;
  /** Resolves when its end is durable. */
  ended?: Promise<void>;
}

export class Leases {
  /** Told whenever the number of an agent's leases changed. */
  onChange?: (agentId: string) => void;
  private readonly byId = new Map<string, Lease>();
  private readonly byAgent = new Map<string, Map<string, Lease>>();
  private readonly byTask = new Map<string, Lease>();

  get size(): number {
    return this.byId.size;
  }

  add(lease: Lease): void {
    this.byId.set(lease.id, lease);
    this.byTask.set(lease.taskUid, lease);
    const ofAgent = this.byAgent.get(lease.agentId);
    if (ofAgent) ofAgent.set(lease.id, lease);
    else this.byAgent.set(lease.agentId, new Map([[lease.id, lease]]));
    this.onChange?.(lease.agentId);
  }

  remove(lease: Lease): void {
    if (this.byId.get(lease.id) !== lease) return;
    this.byId.delete(lease.id);
    if (this.byTask.get(lease.taskUid) === lease) this.byTask.delete(lease.taskUid);
    const ofAgent = this.byAgent.get(lease.agentId);
    ofAgent?.delete(lease.id);
    if (ofAgent?.size === 0) this.byAgent.delete(lease.agentId);
    this.onChange?.(lease.agentId);
  }

  get(id: string): Lease | undefined {
    return this.byId.get(id);
  }

  ofTask(taskUid: string): Lease | undefined {
    return this.byTask.get(taskUid);
  }

  ofAgent(agentId: string): Lease[] {
    return [...(this.byAgent.get(agentId)?.values() ?? [])];
  }

  count(agentId: string): number {
    return this.byAgent.get(agentId)?.size ?? 0;
  }

  agents(): Iterable<string> {
    return this.byAgent.keys();
  }

  values(): Iterable<Lease> {
    return this.byId.values();
  }
}

/** The two parts of a LeaseId. */
export function splitLease(id: string): { taskUid: string; number: number } {
  const slash = id.lastIndexOf('/');
  return { taskUid: id.slice(0, slash), number: Number(id.slice(slash + 1)) };
}

/** A Lease with everything that it has at its beginning. */
export function newLease(
  fields: Pick<Lease, 'taskUid' | 'namespace' | 'taskName' | 'jobUid' | 'index' | 'number' | 'agentId' | 'epoch' | 'holdMicro' | 'amounts' | 'state' | 'leasedAt'>
    & Pick<Partial<Lease>, 'terms' | 'task'>,
): Lease {
  const { taskUid, namespace, taskName, jobUid, index, number, agentId, epoch, holdMicro, amounts, state, leasedAt, terms, task } = fields;
  return {
    id: `${taskUid}/${number}`, taskUid, namespace, taskName, jobUid, index, number, agentId, epoch, holdMicro, amounts, state, leasedAt, terms, task,
    startedAt: undefined, usage: undefined, report: undefined, reportedAt: 0, stopSent: undefined, freed: false, uploadedBytes: 0, superseded: false, ended: undefined,
  };
}
