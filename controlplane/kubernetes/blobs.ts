/** Where data elements are: in the bucket that is named, otherwise in a folder. */
import type { BlobStore } from '../gateway/elements/blob-store';
import { DiskBlobStore } from '../gateway/elements/disk';
import { parseS3Url } from '../gateway/elements/s3-url';
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
