/** One line of the audit log: an `audit.k8s.io/v1` Event at level Metadata. No bodies, no credentials. Pure. */
import { ANONYMOUS, UNAUTHENTICATED, type Identity } from '../identity';
import type { RequestRecord } from './record';

export interface Served {
  auditId: string;
  method: string;
  uri: string;
  userAgent: string;
  address: string;
  code: number;
  /** Milliseconds since the epoch. */
  receivedAt: number;
  endedAt: number;
}

const MAX_URI = 2048;
const MAX_AGENT = 256;
const MAX_REASON = 1024;
const NOBODY: Identity = { user: ANONYMOUS, groups: [UNAUTHENTICATED] };

/** With the newline. Texts of clients are cut to bounded lengths. */
export function auditLine({ identity = NOBODY, impersonated, attributes, apiVersion, decision, reason }: RequestRecord, served: Served): string {
  const { auditId, method, uri, userAgent, address, code, receivedAt, endedAt } = served;
  const resource = attributes?.resource;
  const event = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: auditId,
    stage: 'ResponseComplete',
    requestURI: cut(uri, MAX_URI),
    verb: attributes?.verb ?? method.toLowerCase(),
    user: userOf(identity),
    ...(impersonated && { impersonatedUser: userOf(impersonated) }),
    sourceIPs: address === '' ? [] : [address],
    ...(userAgent !== '' && { userAgent: cut(userAgent, MAX_AGENT) }),
    ...(resource && {
      objectRef: {
        resource: resource.plural,
        ...(resource.namespace !== '' && { namespace: resource.namespace }),
        ...(resource.name !== '' && { name: resource.name }),
        ...(resource.group !== '' && { apiGroup: resource.group }),
        ...(apiVersion !== undefined && { apiVersion: apiVersion.slice(apiVersion.indexOf('/') + 1) }),
        ...(resource.subresource !== '' && { subresource: resource.subresource }),
      },
    }),
    responseStatus: { metadata: {}, ...(code >= 400 && { status: 'Failure' }), code },
    requestReceivedTimestamp: new Date(receivedAt).toISOString(),
    stageTimestamp: new Date(endedAt).toISOString(),
    ...(decision && {
      annotations: {
        'authorization.k8s.io/decision': decision,
        ...(reason !== undefined && { 'authorization.k8s.io/reason': cut(reason, MAX_REASON) }),
      },
    }),
  };
  return `${JSON.stringify(event)}\n`;
}

function userOf({ user, uid, groups, extra }: Identity): object {
  return { username: user, ...(uid && { uid }), groups, ...(extra && { extra }) };
}

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}…` : text);
