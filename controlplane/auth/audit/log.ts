/**
 * The audit log: who did what, when, with which outcome. One line per request when it is over; a watch is one request. Health checks are
 * left out. Bodies, headers and tokens are never looked at.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';

import { auditLine } from './event';
import { RotatingFile } from './file';
import { openRecord } from './record';

export interface AuditLogOptions {
  path: string;
  maxBytes: number;
  maxFiles: number;
  registry: Registry;
  onError: (error: unknown) => void;
  now?: () => number;
  flushMs?: number;
}

/** @returns undefined when the configuration has none */
export function openAuditLog({ auditLog }: { auditLog?: Pick<AuditLogOptions, 'path' | 'maxBytes' | 'maxFiles'> }, registry: Registry, logger: Pick<Logger, 'error'>): AuditLog | undefined {
  return auditLog && new AuditLog({ ...auditLog, registry, onError: (error) => logger.error({ err: error }, 'the audit log cannot be written; lines are lost') });
}

const HEALTH = /^\/(?:healthz|livez|readyz)(?:[/?]|$)/;
const GIVEN_ID = /^[A-Za-z0-9._-]{1,64}$/;

export class AuditLog {
  readonly #file: RotatingFile;
  readonly #now: () => number;

  constructor({ path, maxBytes, maxFiles, registry, onError, now = Date.now, flushMs }: AuditLogOptions) {
    this.#file = new RotatingFile({ path, maxBytes, maxFiles, onError, ...(flushMs !== undefined && { flushMs }) });
    this.#now = now;
    const file = this.#file;
    registry.registerMetric(new Counter({
      name: 'gleaner_audit_dropped_total', help: 'Lines of the audit log that were lost because they could not be written.', registers: [],
      collect() {
        this.reset();
        this.inc(file.dropped);
      },
    }));
  }

  /** Writes a line when this request is over. */
  follow(req: IncomingMessage, res: ServerResponse): void {
    const { method = '', url = '/', headers } = req;
    if (HEALTH.test(url)) return;
    const record = openRecord(req);
    const receivedAt = this.#now();
    const given = headers['audit-id'];
    const auditId = typeof given === 'string' && GIVEN_ID.test(given) ? given : randomUUID();
    res.setHeader('Audit-Id', auditId);
    // The socket forgets its address when it is closed.
    const address = req.socket.remoteAddress ?? '';
    res.once('close', () => {
      this.#file.add(auditLine(record, { auditId, method, uri: url, userAgent: headers['user-agent'] ?? '', address, code: res.statusCode, receivedAt, endedAt: this.#now() }));
    });
  }

  /** Writes what waits. */
  close(): Promise<void> {
    return this.#file.close();
  }
}
