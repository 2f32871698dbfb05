/** Leases (coordination.k8s.io/v1). */
import { invalid } from '../../schema/field-error';
import { isObject } from '../../schema/schema';
import { age, column, core, integer, object, string, time } from './define';

export const LEASE = core({
  group: 'coordination.k8s.io', version: 'v1', plural: 'leases', singular: 'lease', kind: 'Lease', shortNames: [], namespaced: true,
  columns: [column('Holder', '.spec.holderIdentity'), age()],
  schema: object('Lease defines a lease concept.', {
    spec: object('The lease.', {
      holderIdentity: string('Who holds it.', { nullable: true }),
      leaseDurationSeconds: integer('How long it lasts after renewTime.'),
      acquireTime: time('When it was acquired.'),
      renewTime: time('When it was renewed.'),
      leaseTransitions: integer('How often it changed hands.'),
    }),
  }),
  strategy: {
    validate: (lease) => {
      const seconds = isObject(lease.spec) ? lease.spec.leaseDurationSeconds : undefined;
      return typeof seconds === 'number' && seconds <= 0 ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : [];
    },
  },
});
