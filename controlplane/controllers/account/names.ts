/** Names of Accounts. Pure. */
import { createHash } from 'node:crypto';
import type { AccountKind } from '../../../crds/account';

/** What an Account stands for. */
export interface Holder {
  kind: AccountKind;
  /** Namespace of an issuer, id of an owner, '' for the operator. */
  id: string;
}

const DNS_NAME = /^[a-z0-9]([-a-z0-9.]{0,200}[a-z0-9])?$/;

/** `issuer-<ns>`, `owner-<id>`, `operator`. An owner's id that is no DNS name is made one, with a hash that keeps it distinct. */
export function nameOf({ kind, id }: Holder): string {
  switch (kind) {
    case 'Operator':
      return 'operator';
    case 'Issuer':
      return `issuer-${id}`;
    case 'Owner': {
      if (DNS_NAME.test(id)) return `owner-${id}`;
      const readable = id.toLowerCase().replace(/[^-a-z0-9]+/g, '-').replace(/^-+/, '');
      return `owner-${readable}${readable === '' ? '' : '-'}${createHash('sha256').update(id).digest('hex').slice(0, 12)}`;
    }
    default:
      return kind satisfies never;
  }
}
