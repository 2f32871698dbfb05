import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { describeBlobStore, digestOf } from '../../controlplane/gateway/elements/conformance';
import { S3BlobStore, type S3Options } from '../../controlplane/gateway/elements/s3';
import { describeWithS3, S3Server } from '../support/s3';

const HOUR_MS = 3_600_000;

describeWithS3('data elements in a bucket', (program) => {
  let server: S3Server;
  const stores: S3BlobStore[] = [];
  beforeAll(async () => {
    server = await S3Server.start(program);
  });
  afterAll(async () => {
    for (const each of stores) each.stop();
    await server.stop();
  });
  const open = async (options: S3Options): Promise<S3BlobStore> => {
    const blobs = new S3BlobStore(options);
    stores.push(blobs);
    await blobs.start();
    return blobs;
  };

  describeBlobStore('S3', async () => {
    const options = server.newBucket();
    return { blobs: await open(options), reopen: () => open(options), left: async () => server.files(options.bucket), cleanup: async () => undefined };
  });

  test('several control planes share a bucket by prefix', async () => {
    const options = server.newBucket();
    const [one, other] = [await open({ ...options, prefix: 'one/' }), await open({ ...options, prefix: 'other/' })];
    const content = Buffer.from('hello');
    const digest = digestOf(content);
    async function* source(): AsyncGenerator<Buffer> {
      yield content;
    }
    await one.put(digest, source(), 10);
    expect([await one.size(digest), await other.size(digest)]).toEqual([5, undefined]);
    expect(server.files(options.bucket)).toEqual([`one/${digest.slice(7, 9)}/${digest.slice(7)}`]);
  });

  test('parts that a killed process left are dropped at the start, once nobody can be at work on them any more', async () => {
    const options = server.newBucket();
    const { bucket: Bucket, region, endpoint, credentials } = options;
    const client = new S3Client({ region, endpoint: endpoint!, credentials: credentials!, forcePathStyle: true });
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'ab/left' }));
    await client.send(new UploadPartCommand({ Bucket, Key: 'ab/left', UploadId, PartNumber: 1, Body: Buffer.alloc(100) }));
    const left = async (): Promise<number> => (await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.length ?? 0;
    await open({ ...options, now: () => Date.now() + 23 * HOUR_MS });
    expect(await left()).toBe(1);
    await open({ ...options, now: () => Date.now() + 25 * HOUR_MS });
    expect(await left()).toBe(0);
    client.destroy();
  });

  test('a bucket that is not there, and credentials that are wrong, are refused with the way out and without the secret', async () => {
    const options = server.newBucket();
    await expect(open({ ...options, bucket: 'nowhere' })).rejects.toThrow('bucket nowhere: there is no such bucket; make it, or check its name');
    const wrong = { accessKeyId: 'gleaner-test', secretAccessKey: 'wrong-secret' };
    const refused = open({ ...options, credentials: wrong });
    await expect(refused).rejects.toThrow(`bucket ${options.bucket}: the credentials may not use it`);
    await expect(refused).rejects.not.toThrow('wrong-secret');
  });
});
