/** What the status of a namespace says while it goes: the conditions of Kubernetes' own namespace controller. Pure. */
import type { Condition } from '../../../crds/meta';

/** How many objects are left, by resource and by the finalizers that hold them. */
export interface Remaining {
  resources: Map<string, number>;
  finalizers: Map<string, number>;
}

type Verdict = Pick<Condition, 'reason' | 'message'>;

const OK: Readonly<Record<string, Verdict>> = {
  NamespaceDeletionDiscoveryFailure: { reason: 'ResourcesDiscovered', message: 'All resources successfully discovered' },
  NamespaceDeletionGroupVersionParsingFailure: { reason: 'ParsedGroupVersions', message: 'All legacy kube types successfully parsed' },
  NamespaceDeletionContentFailure: { reason: 'ContentDeleted', message: 'All content successfully deleted, may be waiting on finalization' },
  NamespaceContentRemaining: { reason: 'ContentRemoved', message: 'All content successfully removed' },
  NamespaceFinalizersRemaining: { reason: 'ContentHasNoFinalizers', message: 'All content-preserving finalizers finished' },
};

function problems({ resources, finalizers }: Remaining, failure: string | undefined): Record<string, Verdict> {
  const found: Record<string, Verdict> = {};
  const listed = (counts: Map<string, number>, word: (name: string, count: number) => string): string =>
    [...counts].map(([name, count]) => word(name, count)).sort().join(', ');
  if (failure !== undefined) {
    found.NamespaceDeletionContentFailure = { reason: 'ContentDeletionFailed', message: `Failed to delete all resource types, 1 remaining: ${failure}` };
  }
  if (resources.size > 0) {
    const dotted = (name: string): string => (name.includes('.') ? name : `${name}.`);
    const what = listed(resources, (name, count) => `${dotted(name)} has ${count} resource instances`);
    found.NamespaceContentRemaining = { reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${what}` };
  }
  if (finalizers.size > 0) {
    const what = listed(finalizers, (name, count) => `${name} in ${count} resource instances`);
    found.NamespaceFinalizersRemaining = { reason: 'SomeFinalizersRemain', message: `Some content in the namespace has finalizers remaining: ${what}` };
  }
  return found;
}

/** @param before the conditions so far: transition times are kept while a status stays */
export function terminatingConditions(before: readonly Condition[], left: Remaining, failure: string | undefined, now: string): Condition[] {
  const found = problems(left, failure);
  const ours = Object.entries(OK).map(([type, ok]): Condition => {
    const status = found[type] ? 'True' : 'False';
    const old = before.find((condition) => condition.type === type);
    return { type, status, ...(found[type] ?? ok), lastTransitionTime: old?.status === status ? old.lastTransitionTime : now };
  });
  return [...before.filter(({ type }) => !Object.hasOwn(OK, type)), ...ours];
}
