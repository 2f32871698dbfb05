import type { KubeObject, ObjectMeta } from './meta';
import { ClassRule, Default, Description, Immutable, Optional, PrinterColumns } from './schema/decorators';
import { Nested, OneOf, Text } from './schema/fields';
import { Credits } from './schema/formats';

export type AccountKind = 'Issuer' | 'Owner' | 'Operator';

@Description('What the operator decides about the account.')
@ClassRule<AccountSpec>({
  cel: "self.kind == 'Issuer' || !self.creditLimit.matches('[1-9]')",
  message: 'must be "0" for owners and the operator: only issuers may owe',
  field: 'creditLimit',
  holds: (self) => self.kind === 'Issuer' || self.creditLimit === undefined || !/[1-9]/.test(self.creditLimit),
})
export class AccountSpec {
  @Description('Issuer, Owner or Operator. Cannot be changed.')
  @Immutable('an account belongs to what its name says') @OneOf('Issuer', 'Owner', 'Operator')
  kind!: AccountKind;

  @Description('Credits that available may fall below zero. Issuers only. Default "0".')
  @Default('0') @Credits()
  creditLimit!: string;
}

@Description('Balances from the ledger: decimal strings of credits.')
export class AccountStatus {
  @Description('What can be spent or paid out.')
  @Optional() @Text(32)
  available?: string;

  @Description('Reserved for what runs now.')
  @Optional() @Text(32)
  held?: string;

  @Description('Charged (issuer), earned (owner) or kept (operator) in all.')
  @Optional() @Text(32)
  lifetime?: string;
}

/** A read-only view of the ledger; `spec` is the operator's. Name: `issuer-<ns>`, `owner-<id>`, `operator`. */
@Description('An Account shows balances of the ledger. gleaner deposit and gleaner bill work on the ledger itself.')
@PrinterColumns(
  { name: 'KIND', type: 'string', jsonPath: '.spec.kind' },
  { name: 'AVAILABLE', type: 'string', jsonPath: '.status.available' },
  { name: 'HELD', type: 'string', jsonPath: '.status.held' },
  { name: 'LIFETIME', type: 'string', jsonPath: '.status.lifetime' },
)
export class Account implements KubeObject {
  apiVersion!: string;
  kind!: string;
  metadata!: ObjectMeta;

  @Nested(() => AccountSpec)
  spec!: AccountSpec;

  @Nested(() => AccountStatus)
  status?: AccountStatus;
}
