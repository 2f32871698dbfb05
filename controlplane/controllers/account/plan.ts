/** Which Account shows which accounts of the ledger, and what has to be written so that it does. Pure. */
import type { Account, AccountStatus } from '../../../crds/account';
import { formatCredits, parseCredits } from '../../../crds/credits';
import { API_VERSION } from '../../../crds/meta';
import { MARGIN, availableOf, earnedOf, heldOf, parseAccount } from '../../ledger/accounts';
import type { AccountBalance } from '../../ledger/ledger';
import { nameOf, type Holder } from './names';

/** Whose a ledger account is; undefined: nobody's that is shown (deposits). */
export function holderOf(account: string): Holder | undefined {
  const parts = parseAccount(account);
  if (!parts) return undefined;
  switch (parts.class) {
    case 'issuer_available':
    case 'issuer_held':
      return { kind: 'Issuer', id: parts.id };
    case 'owner_earned':
      return { kind: 'Owner', id: parts.id };
    case 'operator_margin':
      return { kind: 'Operator', id: '' };
    case 'world_deposits':
      return undefined;
    default:
      return parts.class satisfies never;
  }
}

/** The namespace whose credit limit the Account sets; undefined: it sets none. */
export const issuerOf = (account: Account): string | undefined =>
  account.spec.kind === 'Issuer' && account.metadata.name.startsWith('issuer-') ? account.metadata.name.slice('issuer-'.length) : undefined;

/** @throws FormatError when an object that was not validated has no amount there */
export const limitOf = (account: Account | undefined): bigint => (account ? parseCredits(account.spec.creditLimit) : 0n);

export function statusOf({ kind, id }: Holder, balanceOf: (account: string) => AccountBalance): AccountStatus {
  if (kind === 'Issuer') {
    const held = balanceOf(heldOf(id));
    return {
      available: formatCredits(balanceOf(availableOf(id)).balanceMicro),
      held: formatCredits(held.balanceMicro),
      lifetime: formatCredits(held.lifetimeMicro),
    };
  }
  const { balanceMicro, lifetimeMicro } = balanceOf(kind === 'Owner' ? earnedOf(id) : MARGIN);
  return { available: formatCredits(balanceMicro), held: formatCredits(0n), lifetime: formatCredits(lifetimeMicro) };
}

export type Step =
  | { verb: 'create'; account: Account }
  /** Without a resourceVersion: status has one writer. */
  | { verb: 'updateStatus'; account: Account };

/** In this order; empty when the Account shows the ledger already. */
export function plan(holder: Holder, existing: Account | undefined, status: AccountStatus): Step[] {
  const account: Account = existing ?? {
    apiVersion: API_VERSION,
    kind: 'Account',
    metadata: { name: nameOf(holder) },
    spec: { kind: holder.kind, creditLimit: '0' },
  };
  const { resourceVersion: _, ...metadata } = account.metadata;
  const shown = account.status;
  if (shown?.available === status.available && shown?.held === status.held && shown?.lifetime === status.lifetime) return [];
  const update: Step = { verb: 'updateStatus', account: { ...account, metadata, status } };
  return existing ? [update] : [{ verb: 'create', account }, update];
}
