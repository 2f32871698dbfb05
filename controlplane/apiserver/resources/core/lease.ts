/** Leases (coordination.k8s.io/v1). */
import { forbidden, invalid, type FieldError } from '../../schema/field-error';
import { isObject, type JsonObject } from '../../schema/schema';
import { AGE, at, column, textOf } from './cells';
import { core } from './define';

/** Fields of a feature that is off by default (CoordinatedLeaderElection) are not kept. */
function prepare(lease: JsonObject): void {
  const spec = (lease.spec ??= {});
  if (!isObject(spec)) return;
  delete spec.strategy;
  delete spec.preferredHolder;
}

function validate(lease: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const seconds = at(lease, 'spec.leaseDurationSeconds');
  const transitions = at(lease, 'spec.leaseTransitions');
  if (typeof seconds === 'number' && seconds <= 0) errors.push(invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0'));
  if (typeof transitions === 'number' && transitions < 0) errors.push(invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  if (textOf(at(lease, 'spec.preferredHolder')) !== '' && textOf(at(lease, 'spec.strategy')) === '') {
    errors.push(forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  }
  return errors;
}

export const LEASE = core({
  group: 'coordination.k8s.io', version: 'v1', plural: 'leases', singular: 'lease', kind: 'Lease', shortNames: [], namespaced: true,
  description: 'Lease defines a lease concept.',
  columns: [column('Holder', 'spec.holderIdentity', 'Who holds the lease.'), AGE],
  conditionalUpdate: true,
  strategy: { prepare, validate, createOnUpdate: true },
});
