/** The condition Admitted: whether the Job can be worked on, and if not, what a person can do about it. Pure. */
import { formatCredits } from '../../../crds/credits';
import type { Condition } from '../../../crds/meta';
import type { Job } from '../../../crds/job';
import type { FitSummary } from '../../market/fit';

export interface AdmissionFacts {
  job: Job;
  /** Names of what there is. */
  runtimes: { has(name: string): boolean; names(): string[] };
  rateTiers: { has(name: string): boolean; names(): string[] };
  /** As the market sees it; undefined when it has not looked yet. */
  fit: FitSummary | undefined;
  /** Tasks that run: then there is nothing to complain about. */
  running: number;
}

export type AdmittedReason = 'Admitted' | 'UnknownRuntime' | 'UnknownRateTier' | 'InsufficientCredit' | 'NoAgentFits';
export type Admission = Pick<Condition, 'status' | 'reason' | 'message'> & { reason: AdmittedReason };

const refused = (reason: AdmittedReason, message: string): Admission => ({ status: 'False', reason, message });

/** @param before the condition so far: kept while the market has nothing to say. */
export function admission({ job, runtimes, rateTiers, fit, running }: AdmissionFacts, before: Condition | undefined): Admission {
  const { spec, metadata } = job;
  if (!runtimes.has(spec.runtime)) return refused('UnknownRuntime', unknown('runtime', spec.runtime, 'Runtime', 'runtimes', runtimes.names()));
  if (!rateTiers.has(spec.rateTier)) return refused('UnknownRateTier', unknown('rateTier', spec.rateTier, 'RateTier', 'ratetiers', rateTiers.names()));
  if (running > 0) return admitted;
  if (fit?.parked?.reason === 'InsufficientCredit') {
    const { missingMicro, availableMicro } = fit.parked;
    const missing = formatCredits(missingMicro);
    return refused('InsufficientCredit', `${missing} credits are missing to start the next task (available: ${formatCredits(availableMicro)}); `
      + `deposit with: gleaner deposit -n ${metadata.namespace} ${missing}`);
  }
  if (fit && !fit.parked && usable(fit) === 0) return refused('NoAgentFits', fit.message);
  if (!fit && before?.status === 'False' && (before.reason === 'InsufficientCredit' || before.reason === 'NoAgentFits')) {
    return refused(before.reason, before.message);
  }
  return admitted;
}

const admitted: Admission = { status: 'True', reason: 'Admitted', message: 'the Job may run' };

/** Agents that would take the Job now or when they have room. */
function usable({ suitable, excluded }: FitSummary): number {
  return suitable - (excluded.find((each) => each.reason === 'Declined')?.agents ?? 0);
}

const MAX_NAMES = 10;

function unknown(field: string, name: string, kind: string, plural: string, known: string[]): string {
  const names = known.sort();
  const list = names.length === 0 ? 'none' : names.slice(0, MAX_NAMES).join(', ') + (names.length > MAX_NAMES ? ', …' : '');
  return `spec.${field}: there is no ${kind} "${name}"; there are: ${list} (kubectl get ${plural}.gleaner.dev)`;
}
