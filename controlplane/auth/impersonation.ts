/**
 * Acting as somebody else (`kubectl --as`): headers `Impersonate-User`, `-Group`, `-Uid`, `-Extra-<key>`, each of which needs the right to
 * `impersonate` it. What follows is done and recorded as the other, with the rights of the other only.
 */
import type { IncomingMessage } from 'node:http';

import { refusal, type Attributes, type Decider, type ResourceAttributes } from './authorizer';
import { noteImpersonation } from './audit/record';
import {
  ANONYMOUS, AUTHENTICATED, AuthError, serviceAccountGroups, serviceAccountUser, splitServiceAccount, UNAUTHENTICATED, type Authenticator, type Identity,
} from './identity';
import { soon, type Soon } from './soon';

const PREFIX = 'impersonate-';
const EXTRA = 'impersonate-extra-';
const AUTHENTICATION_GROUP = 'authentication.k8s.io';
const MAX_VALUES = 1000;

interface Asked {
  user: string;
  groups: string[];
  uid: string;
  extra: Map<string, string[]>;
}

/** Authenticates through `inner`, then becomes whom the request wants to be. */
export class ImpersonatingAuthenticator implements Authenticator {
  constructor(
    private readonly inner: Authenticator,
    private readonly decide: Decider,
  ) {}

  authenticate(req: IncomingMessage): Soon<Identity | undefined> {
    return soon(this.inner.authenticate(req), (identity) => identity && this.#become(req, identity));
  }

  #become(req: IncomingMessage, identity: Identity): Identity {
    const asked = readHeaders(req);
    if (!asked) return identity;
    const other = impersonate(identity, asked, this.decide);
    noteImpersonation(req, identity, other);
    return other;
  }
}

/** @returns undefined when there are none. @throws AuthError 400 without a user */
function readHeaders({ headersDistinct, headers }: IncomingMessage): Asked | undefined {
  // Hardly any request has one: nothing is allocated for those.
  let found = false;
  for (const name in headers) if (name.startsWith(PREFIX)) found = true;
  if (!found) return undefined;
  const all = (name: string): string[] => headersDistinct[name] ?? [];
  const extra = new Map<string, string[]>();
  for (const name of Object.keys(headers)) if (name.startsWith(EXTRA)) extra.set(unescape(name.slice(EXTRA.length)), all(name));
  const asked = { user: all('impersonate-user')[0] ?? '', groups: all('impersonate-group'), uid: all('impersonate-uid')[0] ?? '', extra };
  const values = asked.groups.length + [...extra.values()].reduce((sum, each) => sum + each.length, 0);
  if (values > MAX_VALUES) throw new AuthError(400, 'BadRequest', `impersonation: ${values} groups and extra values: at most ${MAX_VALUES} are taken`);
  if (asked.user !== '') return asked;
  if (values === 0 && asked.uid === '') return undefined;
  const what = [...asked.groups.map((name) => `{Group ${name}}`), ...[...extra.keys()].map((key) => `{UserExtra ${key}}`), ...(asked.uid === '' ? [] : [`{UID ${asked.uid}}`])];
  throw new AuthError(400, 'BadRequest', `requested [${what.join(' ')}] without impersonating a user`);
}

/** Keys are percent-encoded, since a header's name has few characters. */
function unescape(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** @throws AuthError 403 for what the identity may not be */
function impersonate(identity: Identity, { user, groups: askedGroups, uid, extra }: Asked, decide: Decider): Identity {
  const require = (resource: Partial<ResourceAttributes> & { plural: string; name: string }): void => requireImpersonate(identity, decide, resource);
  const account = splitServiceAccount(user);
  if (account) require({ plural: 'serviceaccounts', namespace: account.namespace, name: account.name });
  else require({ plural: 'users', name: user });
  for (const name of askedGroups) require({ plural: 'groups', name });
  for (const [key, values] of extra) for (const name of values) require({ group: AUTHENTICATION_GROUP, plural: 'userextras', subresource: key, name });
  if (uid !== '') require({ group: AUTHENTICATION_GROUP, plural: 'uids', name: uid });
  const groups = account && askedGroups.length === 0 ? serviceAccountGroups(account.namespace) : [...askedGroups];
  if (user === ANONYMOUS) {
    if (!groups.includes(UNAUTHENTICATED)) groups.push(UNAUTHENTICATED);
  } else if (!groups.includes(AUTHENTICATED) && !groups.includes(UNAUTHENTICATED)) {
    groups.push(AUTHENTICATED);
  }
  return {
    user: account ? serviceAccountUser(account.namespace, account.name) : user,
    groups,
    ...(uid !== '' && { uid }),
    ...(extra.size > 0 && { extra: Object.fromEntries(extra) }),
  };
}

/** @throws AuthError 403 */
export function requireImpersonate(identity: Identity, decide: Decider, { group = '', plural, subresource = '', namespace = '', name }: Partial<ResourceAttributes> & { plural: string; name: string }): void {
  const attributes: Attributes = { verb: 'impersonate', resource: { group, plural, subresource, namespace, name }, path: '' };
  const { outcome, reason } = decide(identity, attributes);
  if (outcome === 'allow') return;
  const full = group === '' ? plural : `${plural}.${group}`;
  throw new AuthError(403, 'Forbidden', `${full} ${JSON.stringify(name)} is forbidden: ${refusal(identity, attributes, reason)}`, { name, ...(group !== '' && { group }), kind: plural }, true);
}
