/** Which part answers a path of the one port. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { LINK_PATH } from '../crds/agent-link';
import type { AuditLog } from './auth/audit/log';
import type { Authorizer } from './auth/authorizer';
import type { Authenticator } from './auth/identity';
import { Gateway } from './gateway/gateway';
import { Access } from './gateway/http/access';
import { sendError } from './gateway/http/reply';

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void> | void;

export interface Routes {
  api: Handler;
  gateway: Handler;
  metrics: Registry;
  authenticator: Authenticator;
  authorizer: Authorizer;
  audit?: AuditLog;
}

/** Paths, or what they begin with, that are not the API's. */
export const OTHER_PATHS: readonly string[] = ['/metrics', LINK_PATH, ...Gateway.PREFIXES.map((prefix) => `/${prefix}`)];

export function route({ api, gateway, metrics, authenticator, authorizer, audit }: Routes): (req: IncomingMessage, res: ServerResponse) => void {
  const prefixes = new Set<string>(Gateway.PREFIXES);
  const access = new Access(authenticator, authorizer);
  const scrape: Handler = async (req, res) => {
    try {
      await access.require(req);
      res.setHeader('content-type', metrics.contentType);
      res.end(await metrics.metrics());
    } catch (error) {
      sendError(res, error, () => undefined);
    }
  };
  return (req, res) => {
    audit?.follow(req, res);
    const first = /^\/([a-z]+)/.exec(req.url ?? '')?.[1] ?? '';
    void (first === 'metrics' ? scrape : prefixes.has(first) ? gateway : api)(req, res);
  };
}
