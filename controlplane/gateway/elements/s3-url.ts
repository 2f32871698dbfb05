/** Where a bucket is, as one text: `s3://BUCKET[/PREFIX][?region=…&endpoint=https://…&path-style=true]`. Credentials are never part of it. Pure. */
import type { S3Options } from './s3';

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PARAMETERS = new Set(['region', 'endpoint', 'path-style']);

/** @throws Error that names the field, its value and the way out */
export function parseS3Url(text: string): S3Options {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refusal('', 'is no URL');
  }
  if (url.protocol !== 's3:') throw refusal('', `begins with ${url.protocol}//`);
  if (url.username !== '' || url.password !== '') {
    throw new Error('elements url: credentials in it would be seen in process lists and logs; give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or by the files that AWS_SHARED_CREDENTIALS_FILE names');
  }
  const bucket = url.host;
  if (!BUCKET.test(bucket)) throw refusal('', `names the bucket ${JSON.stringify(bucket)}, which is none`);
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw refusal('', `has the parameter ${JSON.stringify(name)}; there are ${[...PARAMETERS].join(', ')}`);
  }
  const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  const endpoint = endpointOf(url.searchParams.get('endpoint'));
  return {
    bucket,
    region: url.searchParams.get('region') ?? 'us-east-1',
    ...(path === '' ? {} : { prefix: `${path}/` }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(isPathStyle(url.searchParams.get('path-style')) ? { pathStyle: true } : {}),
  };
}

function endpointOf(text: string | null): string | undefined {
  if (text === null) return undefined;
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(text)) throw refusal('endpoint: ', `${JSON.stringify(text)} is not https://HOST[:PORT]`);
  return text;
}

function isPathStyle(text: string | null): boolean {
  if (text === null || text === 'false') return false;
  if (text === 'true') return true;
  throw refusal('path-style: ', `${JSON.stringify(text)} is not true or false`);
}

const refusal = (field: string, why: string): Error => new Error(`elements url: ${field}${why}; write s3://BUCKET/PREFIX?region=REGION&endpoint=https://HOST&path-style=true`);
