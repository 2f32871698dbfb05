/** ServiceAccounts: identities of programs. Each namespace has `default`, kept by a controller. */
import { AGE, cell, sizeOf } from './cells';
import { core } from './define';

export const SERVICE_ACCOUNT = core({
  group: '', version: 'v1', plural: 'serviceaccounts', singular: 'serviceaccount', kind: 'ServiceAccount', shortNames: ['sa'], namespaced: true,
  description: 'ServiceAccount binds together a name, understood by users, and a principal that can be authenticated and authorized.',
  columns: [cell('Secrets', ({ secrets }) => sizeOf(secrets), 'Number of secrets.'), AGE],
  strategy: { answersDeleted: true },
});
