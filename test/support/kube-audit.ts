/** The audit log of a real kube-apiserver: what the operator's service account asked for, and with which outcome. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATOR_NAMESPACE } from './kube-cluster';

export interface AuditEvent {
  stage: string;
  verb: string;
  user: { username: string };
  /** Absent: the request was for a path that is no resource. */
  objectRef?: { apiGroup?: string; resource: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
}

const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:gleaner`;

export class KubeAudit {
  private readonly log: string;
  /** For kube-apiserver. */
  readonly flags: readonly string[];

  /** @param folder is made; it outlives the server */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    const policy = join(folder, 'policy.yaml');
    this.log = join(folder, 'audit.log');
    writeFileSync(policy, `apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata, users: ["${OPERATOR}"]}]\n`);
    this.flags = [`--audit-policy-file=${policy}`, `--audit-log-path=${this.log}`];
  }

  events(): AuditEvent[] {
    // What is behind the last end of a line is still being written.
    return readFileSync(this.log, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as AuditEvent)
      .filter(({ user, stage }) => user.username === OPERATOR && stage !== 'RequestReceived');
  }

  /** What was refused for want of a right, each once: `update jobs/status.gleaner.dev`. */
  refused(): string[] {
    return [...new Set(this.events().filter(({ responseStatus }) => responseStatus?.code === 403).map((event) => `${event.verb} ${resourceOf(event)}`))];
  }
}

/** `jobs/status.gleaner.dev` */
export function resourceOf({ objectRef }: AuditEvent): string {
  const { apiGroup = '', resource = '', subresource } = objectRef ?? {};
  return `${resource}${subresource === undefined ? '' : `/${subresource}`}${apiGroup === '' ? '' : `.${apiGroup}`}`;
}
