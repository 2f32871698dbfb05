/**
 * Kubernetes mode on machines that share nothing but the cluster: data elements in a bucket, all else in PostgreSQL. After the leader was
 * killed the other replica has results, their files and the output of attempts.
 */
import { join } from 'node:path';
import { KubeCluster } from '../support/kube-cluster';
import { describeWithKube } from '../support/kube-apiserver';
import { describeWithS3, S3Server } from '../support/s3';

const ROOT = join(__dirname, '..', '..');

class BucketCluster extends KubeCluster {
  credentials: NodeJS.ProcessEnv = {};

  override get env(): NodeJS.ProcessEnv {
    return { ...super.env, ...this.credentials };
  }
}

describeWithS3('an operator whose replicas share no folder', (program) => {
  describeWithKube('with two replicas', ['etcd', 'kube-apiserver', 'kube-controller-manager'], () => {
    const cluster = new BucketCluster();
    let server: S3Server;
    let bucket: string;

    beforeAll(async () => {
      server = await S3Server.start(program);
      const options = server.newBucket();
      bucket = options.bucket;
      cluster.credentials = { AWS_ACCESS_KEY_ID: options.credentials!.accessKeyId, AWS_SECRET_ACCESS_KEY: options.credentials!.secretAccessKey };
      cluster.sharesFolder = false;
      await cluster.startKube({ controllerManager: true, crds: false });
      cluster.flags.push('--elements-url', `s3://${bucket}/gleaner?region=${options.region}&endpoint=${encodeURIComponent(options.endpoint!)}&path-style=true`);
      await cluster.startReplica('a', ['--install-crds']);
      await cluster.startReplica('b');
      await cluster.serving('a', 120_000);
      await cluster.serving('b');
      await cluster.startAgentAndDeposit('50');
    }, 300_000);
    afterAll(async () => {
      await cluster.close();
      await server?.stop();
    }, 90_000);

    it('results, files and logs are there after the leader was killed', async () => {
      await cluster.kubectlOk(['apply', '-f', join(ROOT, 'examples/shell/job.yaml')]);
      await cluster.kubectlOk(['wait', '--for=condition=Complete', '--timeout=120s', 'jobs.gleaner.dev/squares'], undefined, 130_000);
      const first = await cluster.leader();
      await cluster.kill(first, 'SIGKILL');
      const next = first === 'a' ? 'b' : 'a';
      await cluster.serving(next, 60_000);
      expect(await cluster.leader()).toBe(next);
      expect(await cluster.ok(['logs', 'job/squares', '--index', '3'])).toBe('hello from index 3 of 5, attempt 1\n');
      const files = await cluster.resultFiles('squares');
      expect(JSON.parse(files['4/result.json'])).toEqual({ square: 16 });
      expect(files['4/note.txt']).toBe('index 4\n');
      const keys = server.files(bucket);
      expect(keys.length).toBeGreaterThan(5);
      for (const key of keys) expect(key).toMatch(/^gleaner\/[0-9a-f]{2}\/[0-9a-f]{64}$/);
      expect(await cluster.ok(['ledger', 'verify', ...cluster.databaseFlags])).toMatch(/^ledger verify: ok/);
    }, 300_000);
  });
});
