/**
 * Names of the ledger's accounts, and what each class of them means. Pure.
 *
 * `lifetime` of an account, never decreasing: what an issuer was charged (kept with its `held` account), what an owner earned, what the
 * operator kept, what was deposited (`world/deposits`); 0 for `available`.
 */

/** Where deposits come from; its balance is minus the sum of all deposits. */
export const DEPOSITS = 'world/deposits';
export const MARGIN = 'operator/margin';
export const ASSET = 'credit';

export const availableOf = (namespace: string): string => `issuer/${namespace}/available`;
export const heldOf = (namespace: string): string => `issuer/${namespace}/held`;
export const earnedOf = (owner: string): string => `owner/${owner}/earned`;

export type AccountClass = 'issuer_available' | 'issuer_held' | 'owner_earned' | 'operator_margin' | 'world_deposits';

export interface AccountParts {
  class: AccountClass;
  /** Namespace of an issuer, id of an owner, '' otherwise. */
  id: string;
}

/** undefined: no account of ours. */
export function parseAccount(account: string): AccountParts | undefined {
  if (account === MARGIN) return { class: 'operator_margin', id: '' };
  if (account === DEPOSITS) return { class: 'world_deposits', id: '' };
  const match = /^(issuer|owner)\/([^/]+)\/(available|held|earned)$/.exec(account);
  const [, kind, id, name] = match ?? [];
  if (id === undefined) return undefined;
  if (kind === 'issuer' && name === 'available') return { class: 'issuer_available', id };
  if (kind === 'issuer' && name === 'held') return { class: 'issuer_held', id };
  return kind === 'owner' && name === 'earned' ? { class: 'owner_earned', id } : undefined;
}

/** Whether a posting counts for the lifetime of its sender (charges, deposits) and of its receiver (earnings, margin). */
export const countsForSender = (from: string, to: string): boolean => from === DEPOSITS || (from.endsWith('/held') && !to.endsWith('/available'));
export const countsForReceiver = (to: string): boolean => to === MARGIN || to.endsWith('/earned');
