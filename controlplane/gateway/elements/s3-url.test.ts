import { parseS3Url } from './s3-url';

test.each([
  ['s3://gleaner', { bucket: 'gleaner', region: 'us-east-1' }],
  ['s3://gleaner/a/b/?region=eu-1', { bucket: 'gleaner', prefix: 'a/b/', region: 'eu-1' }],
  ['s3://lab.data?endpoint=https://minio:9000&path-style=true', { bucket: 'lab.data', region: 'us-east-1', endpoint: 'https://minio:9000', pathStyle: true }],
  ['s3://lab?path-style=false', { bucket: 'lab', region: 'us-east-1' }],
])('%s', (text, expected) => expect(parseS3Url(text)).toEqual(expected));

test.each([
  ['gleaner', 'is no URL; write s3://BUCKET'],
  ['https://gleaner/x', 'begins with https://'],
  ['s3://key:secret@gleaner', 'give them as AWS_ACCESS_KEY_ID'],
  ['s3://G_x', 'names the bucket "G_x"'],
  ['s3://gleaner?acl=public', 'has the parameter "acl"; there are region, endpoint, path-style'],
  ['s3://gleaner?endpoint=minio:9000', 'endpoint: "minio:9000" is not https://HOST'],
  ['s3://gleaner?endpoint=https://k:s@minio', 'endpoint: '],
  ['s3://gleaner?path-style=yes', 'path-style: "yes" is not true or false'],
])('%s is refused', (text, words) => expect(() => parseS3Url(text)).toThrow(words));
