import type { KubeObject, ObjectMeta } from './meta';

/** A read-only view of the ledger; `spec` is the operator's. Name: `issuer-<ns>`, `owner-<id>`, `operator`. */
export class Account implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;
  spec!: AccountSpec;
  status?: AccountStatus;
}

export type AccountKind = 'Issuer' | 'Owner' | 'Operator';

export class AccountSpec {
  kind!: AccountKind;
  /** Decimal string of credits that `available` may fall below zero. Issuers only. */
  creditLimit!: string;
}

/** Decimal strings of credits. */
export class AccountStatus {
  available?: string;
  held?: string;
  /** Charged (issuer), earned (owner) or kept (operator) in all. */
  lifetime?: string;
}
