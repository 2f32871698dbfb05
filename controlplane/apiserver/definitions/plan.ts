/**
 * What becomes of a definition: which of its names are free, and so whether it is served. Pure.
 *
 * ```
 *  created ──names free──► NamesAccepted ──► Established: served from now on, whatever becomes of its names
 *     └─────names taken──► not NamesAccepted: waits until they are free
 * ```
 * Names are those of a group: plural, singular and short names among each other, kinds and list kinds among each other.
 */
import type { CrdNames, CrdStatus, CustomResourceDefinition } from '../resources/crd';
import { equal } from '../schema/equal';
import { conditionOf, isTrue, withCondition, type NewCondition } from './conditions';
import { approvalCondition } from './approval';

/** Who has which name in a group. */
export interface TakenNames {
  resources: ReadonlySet<string>;
  kinds: ReadonlySet<string>;
}

/** @param others the names that other definitions and resources of the group have been given */
export function takenNames(others: Iterable<CrdNames>): TakenNames {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { plural, singular, shortNames = [], kind, listKind } of others) {
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

const OK: NewCondition = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
const ESTABLISHED: NewCondition = { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' };
const NOT_ESTABLISHED: NewCondition = { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };

/** The status that `crd` should have; the very same when nothing is to be changed. */
export function plan(crd: CustomResourceDefinition & { status: CrdStatus }, taken: TakenNames, now: string): CrdStatus {
  const { names, problem } = acceptNames(crd.spec.names, crd.status.acceptedNames, taken);
  const established = isTrue(crd, 'Established') || !problem;
  let status: CrdStatus = { ...crd.status, acceptedNames: names };
  status = withCondition(status, problem ? { ...OK, status: 'False', ...problem } : OK, now);
  const before = conditionOf(crd, 'Established');
  if (before?.status !== 'True') status = withCondition(status, established ? ESTABLISHED : NOT_ESTABLISHED, now);
  const approval = approvalCondition(crd);
  if (approval) status = withCondition(status, approval, now);
  return equal(status, crd.status) ? crd.status : status;
}

interface Problem {
  reason: string;
  message: string;
}

/** Each name for itself: what is free is given, what is taken stays as it was. The last problem is told. */
function acceptNames(asked: CrdNames, accepted: CrdNames, taken: TakenNames): { names: CrdNames; problem?: Problem } {
  const problems: Problem[] = [];
  const judge = (name: string | undefined, before: string | undefined, among: ReadonlySet<string>, reason: string): string | undefined => {
    if (name === before || name === undefined || !among.has(name)) return name;
    problems.push({ reason, message: `${JSON.stringify(name)} is already in use` });
    return before;
  };
  const plural = judge(asked.plural, accepted.plural, taken.resources, 'PluralConflict');
  const singular = judge(asked.singular, accepted.singular, taken.resources, 'SingularConflict');
  const shortNames = acceptShortNames(asked.shortNames, accepted.shortNames, taken.resources, problems);
  const kind = judge(asked.kind, accepted.kind, taken.kinds, 'KindConflict');
  const listKind = judge(asked.listKind, accepted.listKind, taken.kinds, 'ListKindConflict');
  const names: CrdNames = {
    plural: plural ?? '',
    ...(singular && { singular }),
    ...(shortNames && { shortNames }),
    kind: kind ?? '',
    ...(listKind && { listKind }),
    ...(asked.categories && { categories: asked.categories }),
  };
  const problem = problems.at(-1);
  return problem ? { names, problem } : { names };
}

function acceptShortNames(
  asked: readonly string[] | undefined,
  accepted: readonly string[] | undefined,
  taken: ReadonlySet<string>,
  problems: Problem[],
): readonly string[] | undefined {
  const conflicts = (asked ?? []).filter((name) => !accepted?.includes(name) && taken.has(name)).map((name) => `${JSON.stringify(name)} is already in use`);
  if (conflicts.length === 0) return asked;
  problems.push({ reason: 'ShortNamesConflict', message: conflicts.length === 1 ? conflicts[0] : `[${[...new Set(conflicts)].join(', ')}]` });
  return accepted;
}
