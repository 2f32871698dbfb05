/** Watches Jobs, Runtimes and RateTiers, keeps each Job's facts, and tells the market what changed. */
import type { Job } from '../../crds/job';
import type { RateTier } from '../../crds/rate-tier';
import type { Runtime } from '../../crds/runtime';
import { isDeleting, isFinished, isSuspended } from '../../crds/status';
import type { Change, Reflector } from '../controllers/runtime/reflector';
import type { Market } from '../market/market';
import { factsInState, jobFacts, type JobFacts } from './job-facts';

export interface JobsOptions {
  jobs: Reflector<Job>;
  runtimes: Reflector<Runtime>;
  rateTiers: Reflector<RateTier>;
  market: Market;
  /** A Job's object is gone. */
  removed: (uid: string) => void;
  onError: (error: unknown) => void;
}

export class Jobs {
  private readonly facts = new Map<string, JobFacts>();
  private readonly unsubscribe: (() => void)[] = [];

  constructor(private readonly options: JobsOptions) {}

  /** The reflectors are filled by now. */
  start(): void {
    const { jobs, runtimes, rateTiers } = this.options;
    for (const job of jobs.values()) this.set(job);
    this.unsubscribe.push(
      jobs.onChange((changes) => this.changed(changes)),
      runtimes.onChange((changes) => {
        const names = renewed(changes);
        if (names.size > 0) this.refresh((job) => names.has(job.spec.runtime));
      }),
      rateTiers.onChange((changes) => {
        const names = renewed(changes);
        if (names.size > 0) this.refresh((job) => names.has(job.spec.rateTier));
      }),
    );
  }

  stop(): void {
    for (const each of this.unsubscribe.splice(0)) each();
  }

  get(uid: string): JobFacts | undefined {
    return this.facts.get(uid);
  }

  private changed(changes: readonly Change<Job>[]): void {
    for (const { type, object, old } of changes) {
      if (type === 'DELETED') this.remove(object);
      else if (!old || old.metadata.uid !== object.metadata.uid) {
        if (old) this.remove(old);
        this.set(object);
      } else if (old.metadata.generation !== object.metadata.generation) this.set(object);
      else if (changedState(old, object)) this.setState(object);
    }
  }

  private refresh(concerned: (job: Job) => boolean): void {
    for (const { job } of this.facts.values()) if (concerned(job)) this.set(job);
  }

  private set(job: Job): void {
    const { runtimes, rateTiers, market, onError } = this.options;
    try {
      const facts = jobFacts(job, runtimes.get('', job.spec.runtime), rateTiers.get('', job.spec.rateTier));
      this.facts.set(facts.view.uid, facts);
      market.setJob(facts.view);
    } catch (error) {
      // A Job that passed validation before a rule became stricter: it waits, and the others go on.
      onError(error);
    }
  }

  private setState(job: Job): void {
    const uid = job.metadata.uid as string;
    const known = this.facts.get(uid);
    if (!known || known.job.metadata.generation !== job.metadata.generation) return this.set(job);
    const facts = factsInState(known, job);
    this.facts.set(uid, facts);
    this.options.market.setJob(facts.view);
  }

  private remove(job: Job): void {
    const uid = job.metadata.uid as string;
    this.facts.delete(uid);
    this.options.market.removeJob(uid);
    this.options.removed(uid);
  }
}

/** Names of those that came, went, or say something else now; a new status (how many agents hold an image) says nothing to a Job. */
function renewed(changes: readonly Change<Runtime | RateTier>[]): Set<string> {
  const told = changes.filter(({ type, object, old }) => type !== 'MODIFIED' || old?.metadata.uid !== object.metadata.uid || old?.metadata.generation !== object.metadata.generation);
  return new Set(told.map(({ object }) => object.metadata.name));
}

/** Status counts change all the time; only what the market looks at is told to it. */
const changedState = (old: Job, job: Job): boolean =>
  isSuspended(old) !== isSuspended(job) || isFinished(old) !== isFinished(job) || isDeleting(old) !== isDeleting(job);
