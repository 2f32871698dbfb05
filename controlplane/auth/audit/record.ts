/** What is learnt of a request while it is served, for the audit log. Kept on the request itself. */
import type { IncomingMessage } from 'node:http';

import type { Attributes } from '../authorizer';
import type { Identity } from '../identity';

export interface RequestRecord {
  /** Who it is; with `impersonated`, who acts as that one. */
  identity?: Identity;
  impersonated?: Identity;
  attributes?: Attributes;
  apiVersion?: string;
  /** Why it was allowed or refused, when that was said. */
  decision?: 'allow' | 'forbid';
  reason?: string;
}

const RECORD = Symbol('audit record');

interface Recorded extends IncomingMessage {
  [RECORD]?: RequestRecord;
}

/** From now on what happens to this request is noted. */
export function openRecord(req: IncomingMessage): RequestRecord {
  return ((req as Recorded)[RECORD] = {});
}

/** undefined when nobody records. */
export const recordOf = (req: IncomingMessage): RequestRecord | undefined => (req as Recorded)[RECORD];

export function noteImpersonation(req: IncomingMessage, identity: Identity, impersonated: Identity): void {
  const record = recordOf(req);
  if (record) Object.assign(record, { identity, impersonated });
}

export function noteIdentity(req: IncomingMessage, identity: Identity): void {
  const record = recordOf(req);
  if (record) record.identity ??= identity;
}

export function noteAttributes(req: IncomingMessage, attributes: Attributes, apiVersion?: string): void {
  const record = recordOf(req);
  if (!record) return;
  record.attributes = attributes;
  if (apiVersion !== undefined) record.apiVersion = apiVersion;
}

export function noteDecision(req: IncomingMessage, refused: string | undefined): void {
  const record = recordOf(req);
  if (!record) return;
  record.decision = refused === undefined ? 'allow' : 'forbid';
  if (refused !== undefined) record.reason = refused;
}
