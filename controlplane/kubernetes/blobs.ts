/** Where data elements and logs are, so that a new leader has them: a bucket and the database, or a folder that all replicas share. */
import type { Database } from '../db/database';
import type { BlobStore } from '../gateway/elements/blob-store';
import { DiskBlobStore } from '../gateway/elements/disk';
import { parseS3Url } from '../gateway/elements/s3-url';
import { LogFiles } from '../gateway/log-files';
import type { LogStore } from '../gateway/log-store';
import { LogTable } from '../gateway/log-table';
import type { KubernetesConfig } from './config';

/**
 * @param folder all replicas have to share it
 * @throws Error when the url is none
 */
export function openBlobs({ elementsUrl }: KubernetesConfig, folder: string): BlobStore {
  if (elementsUrl === undefined) return new DiskBlobStore(folder);
  // Loaded only when it is used: the client of S3 is as large as all the rest.
  const { S3BlobStore } = require('../gateway/elements/s3') as typeof import('../gateway/elements/s3');
  return new S3BlobStore(parseS3Url(elementsUrl));
}

/** In the shared folder when there is one; otherwise in PostgreSQL, which every leader reaches. */
export function openLogs({ blobsDir, databaseUrlFile }: KubernetesConfig, folder: string, tables: Database): LogStore {
  return blobsDir === undefined && databaseUrlFile !== undefined ? new LogTable(tables) : new LogFiles(folder);
}
