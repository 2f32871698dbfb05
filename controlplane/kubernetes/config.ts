/** A Service is one of the operator's own namespace. */
export type WebhookPlace = { url: string } | { service: string; port: number };

/** What kubernetes mode needs beyond the embedded mode's configuration. */
export interface KubernetesConfig {
  /** Absent: $KUBECONFIG, ~/.kube/config, or the pod's service account. */
  kubeconfig?: string;
  context?: string;
  /** The operator's own namespace: Lease, keys, address. Absent: the context's, or the pod's. */
  namespace?: string;
  leaseName: string;
  leaseDurationMs: number;
  /** Where other replicas reach this one. 0: any free port. */
  peerPort: number;
  /** Name or address of this replica for the others. */
  advertise: string;
  /** What agents and users reach all replicas by: it is announced in the cluster. Absent: this replica's own port. */
  publicUrl?: string;
  installCrds: boolean;
  /** How the cluster's API server reaches this operator, to ask about what schema and CEL cannot say. Absent: it is not asked. */
  webhook?: { where: WebhookPlace; failurePolicy: 'Fail' | 'Ignore' };
  /** Files with the URL of the PostgreSQL database, and with its password. Absent: SQLite in the folder of blobs, for one replica. */
  databaseUrlFile?: string;
  databasePasswordFile?: string;
  /** CA that verifies the database. */
  databaseCaFile?: string;
  /** Bucket of the data elements, `s3://BUCKET/PREFIX?…` (gateway/elements/s3-url.ts). Absent: in the folder of blobs. */
  elementsUrl?: string;
  /** Elements and logs, in a folder that all replicas share. Absent: below the data folder. */
  blobsDir?: string;
}

export const DEFAULT_PEER_PORT = 7644;

/** Renewals, tries and the point of giving up: 1 s, 375 ms and 2.25 s of a Lease of 3 s, so that one renewal may fail. */
export function leaseTimes(durationMs: number): { durationSeconds: number; renewMs: number; retryMs: number; deadlineMs: number } {
  const durationSeconds = Math.ceil(durationMs / 1000);
  const ms = durationSeconds * 1000;
  return { durationSeconds, renewMs: ms / 3, retryMs: ms / 8, deadlineMs: ms * 0.75 };
}
