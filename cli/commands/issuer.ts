/** `gleaner issuer create`: a namespace, who may work in it, and the kubeconfig with which they do. */
import { writeFileSync } from 'node:fs';
import { type Command } from 'commander';
import { parseDuration } from '../../crds/duration';
import { kubeconfig } from '../../controlplane/auth/kubeconfig';
import type { Client } from '../client';
import { CliError, EXIT } from '../errors';
import { note } from '../output';
import { type TargetOptions, targetOptions, withClient } from '../target';

interface IssuerOptions extends TargetOptions {
  account: string;
  ttl: string;
  kubeconfig?: string;
  server?: string;
}

const ROLE = 'gleaner-issuer';
const RBAC = 'rbac.authorization.k8s.io';
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** What a kubeconfig can be asked to be good for; tokens know seconds up to 2^32. */
const MAX_TTL = '87600h';

function seconds(ttl: string): number {
  let ms: number;
  try {
    ms = parseDuration(ttl);
  } catch (error) {
    throw new CliError(`--ttl: ${(error as Error).message}`, EXIT.usage);
  }
  if (ms < parseDuration('10m') || ms > parseDuration(MAX_TTL)) throw new CliError(`--ttl ${ttl}: must be from 10m to ${MAX_TTL}`, EXIT.usage);
  return Math.floor(ms / 1000);
}

function checkName(what: string, name: string): string {
  if (!NAME.test(name)) throw new CliError(`${what} ${JSON.stringify(name)}: must be 1 to 63 small letters, digits and "-", with a letter or digit at both ends`, EXIT.usage);
  return name;
}

/** Makes what is missing: run again, it gives another kubeconfig for the same issuer. */
async function createIssuer(client: Client, namespace: string, account: string, ttlSeconds: number): Promise<{ token: string; expiresAt: string }> {
  await ensure(client, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await ensure(client, accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account } });
  await ensure(client, `/apis/${RBAC}/v1/namespaces/${namespace}/rolebindings`, {
    apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: `${ROLE}-${account}` },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: ROLE },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
  });
  const made = await client.json<{ status: { token: string; expirationTimestamp: string } }>('POST', `${accounts}/${account}/token`, {
    apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: ttlSeconds },
  });
  return { token: made.status.token, expiresAt: made.status.expirationTimestamp };
}

/** Unless it is there. */
async function ensure(client: Client, collection: string, object: object): Promise<void> {
  try {
    await client.json('POST', collection, object);
  } catch (error) {
    if (!(error instanceof CliError && error.reason === 'AlreadyExists')) throw error;
  }
}

export function addIssuerCommands(program: Command): void {
  const issuer = program.command('issuer').description('who may run Jobs');
  targetOptions(issuer.command('create <namespace>').description('make an issuer: a namespace, a service account that may work in it and nowhere else, and its kubeconfig'), false)
    .option('--account <name>', 'name of the service account', 'issuer')
    .option('--ttl <duration>', 'how long the kubeconfig is good', '720h')
    .option('--kubeconfig <file>', 'write the kubeconfig to this file instead of standard output')
    .option('--server <url>', 'address of the server in the kubeconfig (default: the one that is used now)')
    .addHelpText('after', [
      '',
      'What is there already stays: run it again for another kubeconfig. All kubeconfigs of an issuer end at once with',
      '"kubectl delete serviceaccount issuer -n NAMESPACE".',
      '',
      'Examples:',
      '  gleaner issuer create lab-a > lab-a.kubeconfig',
      '  gleaner issuer create lab-a --ttl 24h --server https://gleaner.example.org:7643 --kubeconfig lab-a.kubeconfig',
    ].join('\n'))
    .action(async (namespace: string, options: IssuerOptions) =>
      withClient(options, async (client) => {
        const ttlSeconds = seconds(options.ttl);
        const account = checkName('--account', options.account);
        const { token, expiresAt } = await createIssuer(client, checkName('namespace', namespace), account, ttlSeconds);
        const { server, ca } = client.target;
        if (ca === undefined) throw new CliError('the kubeconfig in use names no CA certificate: use --data DIR, or one that does', EXIT.failed);
        const text = kubeconfig({ server: options.server ?? server, caCertificate: ca, token, namespace, name: `gleaner-${namespace}` });
        if (options.kubeconfig === undefined) process.stdout.write(text);
        else writeFileSync(options.kubeconfig, text, { mode: 0o600 });
        note(`issuer ${account} of namespace ${namespace}; the kubeconfig is good until ${expiresAt}`);
      }));
}
