/** One line of the audit log: an `audit.k8s.io/v1` Event at level Metadata. No bodies, no credentials. Pure. */
import type { ResourceAttributes } from '../authorizer';
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

/** With the newline. Texts of clients are cut to bounded lengths. Put together by hand: every request pays for it. */
export function auditLine({ identity = NOBODY, impersonated, attributes, apiVersion, decision, reason }: RequestRecord, served: Served): string {
  const { auditId, method, uri, userAgent, address, code, receivedAt, endedAt } = served;
  return (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":' + quote(auditId) +
    ',"stage":"ResponseComplete","requestURI":' + quote(cut(uri, MAX_URI)) +
    ',"verb":' + quote(attributes?.verb ?? method.toLowerCase()) +
    ',"user":' + userOf(identity) +
    (impersonated ? ',"impersonatedUser":' + userOf(impersonated) : '') +
    ',"sourceIPs":[' + (address === '' ? '' : quote(address)) + ']' +
    (userAgent === '' ? '' : ',"userAgent":' + quote(cut(userAgent, MAX_AGENT))) +
    (attributes?.resource ? ',"objectRef":' + refOf(attributes.resource, apiVersion) : '') +
    ',"responseStatus":{"metadata":{},' + (code >= 400 ? '"status":"Failure",' : '') + '"code":' + String(code) +
    '},"requestReceivedTimestamp":"' + microTime(receivedAt) + '","stageTimestamp":"' + microTime(endedAt) + '"' +
    (decision ? ',"annotations":{"authorization.k8s.io/decision":"' + decision + '"' + (reason === undefined ? '' : ',"authorization.k8s.io/reason":' + quote(cut(reason, MAX_REASON))) + '}' : '') +
    '}\n'
  );
}

/** The time that was written last: requests come and go many in a millisecond. */
let last = { ms: NaN, text: '' };

/** Kubernetes' MicroTime has six digits after the point, no fewer. */
function microTime(ms: number): string {
  if (ms !== last.ms) last = { ms, text: `${new Date(ms).toISOString().slice(0, -1)}000Z` };
  return last.text;
}
const quote = (text: string): string => JSON.stringify(text);
const optional = (name: string, value: string): string => (value === '' ? '' : `,"${name}":${quote(value)}`);

function refOf({ plural, namespace, name, group, subresource }: ResourceAttributes, apiVersion = ''): string {
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return `{"resource":${quote(plural)}${optional('namespace', namespace)}${optional('name', name)}${optional('apiGroup', group)}${optional('apiVersion', version)}${optional('subresource', subresource)}}`;
}

/** By identity: those of tokens are the same objects every time. */
const users = new WeakMap<Identity, string>();

function userOf(identity: Identity): string {
  let text = users.get(identity);
  if (text === undefined) {
    const { user, uid, groups, extra } = identity;
    text = JSON.stringify({ username: user, ...(uid && { uid }), groups, ...(extra && { extra }) });
    users.set(identity, text);
  }
  return text;
}

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}…` : text);
