/**
 * Everything about a Job that its attempts share, computed once per Job and change of its Runtime or RateTier: the shape that is
 * matched, the price, and the text of the program that goes into `start` frames.
 */
import type { TaskProgram } from '../../crds/agent-link';
import { formatCredits, parseCredits } from '../../crds/credits';
import { parseDuration } from '../../crds/duration';
import { referencedParameter } from '../../crds/element-ref';
import type { Job, TaskTemplate } from '../../crds/job';
import { parseBytes, parseCpuMillis } from '../../crds/quantity';
import type { RateTier } from '../../crds/rate-tier';
import type { Runtime } from '../../crds/runtime';
import { isDeleting, isFinished, isSuspended, totalIndexes } from '../../crds/status';
import type { RateVector } from '../ledger/ledger';
import type { JobView } from '../market/job-queue';
import type { Amounts, Shape } from '../market/match';
import { holdAmount, rateVector } from '../market/price';
import { effectivePriority } from '../market/rank';

export interface JobFacts {
  job: Job;
  view: JobView;
  amounts: Amounts;
  cpu: number;
  timeoutMs: number;
  gracePeriodMs: number;
  rates?: RateVector;
  /** The tier's price of a core-hour, for the attempt's record. */
  offerRate?: string;
  /** What the agent is offered, as JSON without the leases. */
  offerText?: string;
  /** `"program":{…}` of start frames. */
  programText?: string;
  completions: number;
  /** Elements that an attempt may read. */
  elements: ReadonlySet<string>;
}

const OWNER_PPM = 1_000_000n;

export function jobFacts(job: Job, runtime: Runtime | undefined, tier: RateTier | undefined): JobFacts {
  const { spec, metadata } = job;
  const { template } = spec;
  const amounts: Amounts = {
    cpuMillis: parseCpuMillis(template.resources.cpu),
    memoryBytes: parseBytes(template.resources.memory),
    scratchBytes: parseBytes(template.resources.scratch),
    slots: 1,
  };
  const cpu = amounts.cpuMillis / 1000;
  const timeoutMs = parseDuration(template.timeout);
  const gracePeriodMs = parseDuration(template.gracePeriod);
  const rates = runtime && tier && rateVector(tier.spec);
  const shape = runtime && tier && rates && shapeOf(runtime, tier, rates, amounts, timeoutMs, template.resources.pids);
  const program = runtime && shape && programOf(template, runtime, { cpu, timeoutMs, gracePeriodMs, amounts });
  // Literals with every field, so that all facts have one hidden class: there are as many as Jobs, and the market reads them all the time.
  const view: JobView = {
    uid: metadata.uid as string,
    namespace: metadata.namespace as string,
    name: metadata.name,
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    priority: effectivePriority(spec.priority, tier?.spec.priorityCeiling ?? 0),
    parallelism: spec.parallelism,
    blocked: isBlocked(job),
    amounts,
    shape,
    unschedulable: shape ? undefined : `there is no ${runtime ? `RateTier ${JSON.stringify(spec.rateTier)}` : `Runtime ${JSON.stringify(spec.runtime)}`}`,
    holdMicro: rates ? holdAmount(rates, { cpu, memoryBytes: amounts.memoryBytes, timeoutMs }) : 0n,
    maxJobMicro: spec.maxCost === undefined ? undefined : parseCredits(spec.maxCost),
  };
  return {
    job,
    view,
    amounts,
    cpu,
    timeoutMs,
    gracePeriodMs,
    rates,
    offerRate: shape && tier?.spec.rates.cpuHour,
    offerText: shape && program && offerText(shape, program),
    programText: program && `"program":${JSON.stringify(program)}`,
    completions: totalIndexes(job),
    elements: new Set(program && [program.imageArchive, program.element, program.archive, ...inputElements(program, job)].filter((e) => e !== undefined)),
  };
}

/** The facts of a Job of which nothing but its state has changed. */
export const factsInState = (facts: JobFacts, job: Job): JobFacts => ({ ...facts, job, view: { ...facts.view, blocked: isBlocked(job) } });

const isBlocked = (job: Job): boolean => isSuspended(job) || isFinished(job) || isDeleting(job);

/** Of every index: `$(NAME)` stands for each value of the parameter. */
function inputElements(program: TaskProgram, { spec }: Job): string[] {
  return program.inputs.flatMap(({ element }) => {
    const name = referencedParameter(element);
    const values = name === undefined ? [element] : spec.parameters?.matrix[name];
    return Array.isArray(values) ? values : [];
  });
}

function shapeOf(runtime: Runtime, tier: RateTier, rates: RateVector, amounts: Amounts, timeoutMs: number, pids: number): Shape {
  const ownerPart = (micro: bigint): bigint => (micro * rates.ownerSharePpm) / OWNER_PPM;
  return {
    amounts,
    timeoutMs,
    pids,
    image: runtime.spec.image,
    imageArchive: runtime.spec.archive,
    platforms: runtime.spec.platforms,
    tier: tier.metadata.name,
    payout: { cpuHour: ownerPart(rates.cpuHour), memoryGiBHour: ownerPart(rates.memoryGiBHour), start: ownerPart(rates.start) },
  };
}

function programOf(
  template: TaskTemplate, runtime: Runtime,
  { cpu, timeoutMs, gracePeriodMs, amounts }: { cpu: number; timeoutMs: number; gracePeriodMs: number; amounts: Amounts },
): TaskProgram {
  const { program } = template;
  return {
    image: runtime.spec.image,
    imageArchive: runtime.spec.archive,
    entrypoint: runtime.spec.entrypoint,
    ...(program.script === undefined ? {} : { script: program.script }),
    ...(program.element === undefined ? {} : { element: program.element }),
    ...(program.archive === undefined ? {} : { archive: program.archive }),
    ...(template.command && template.command.length > 0 ? { command: template.command } : {}),
    args: template.args ?? [],
    env: (template.env ?? []).map(({ name, value }) => ({ name, value })),
    inputs: (template.inputs ?? []).map(({ name, element }) => ({ name, element })),
    resources: { cpu, memoryBytes: amounts.memoryBytes, scratchBytes: amounts.scratchBytes, pids: template.resources.pids },
    timeoutMs,
    gracePeriodMs,
  };
}

function offerText(shape: Shape, program: TaskProgram): string {
  const { payout } = shape;
  const fields = {
    image: shape.image,
    imageArchive: shape.imageArchive,
    resources: program.resources,
    timeoutMs: shape.timeoutMs,
    payout: { cpuHour: formatCredits(payout.cpuHour), memoryGiBHour: formatCredits(payout.memoryGiBHour), start: formatCredits(payout.start) },
  };
  return JSON.stringify(fields).slice(1, -1);
}
