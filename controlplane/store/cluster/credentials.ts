/**
 * How to reach a Kubernetes API and who we are there: client-node reads kubeconfigs (current context), the service account of a pod,
 * exec plugins and token files; we keep what it says for `REFRESH_MS`, so that a rotated token is taken up and a request costs no read.
 */
import type { AgentOptions, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

export interface Credentials {
  /** `https://10.0.0.1:443`, without a slash at its end. */
  readonly server: string;
  /** Of the context, or of the pod's service account. */
  readonly namespace: string;
  /** What TLS needs, and headers. Cheap: asked for with every connection and request. @throws Error when a plugin or a file fails */
  get(): Promise<Access>;
  /** What was given is refused: the next `get` asks anew. */
  refused(): void;
}

export interface Access {
  tls: Pick<AgentOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'>;
  headers: Readonly<Record<string, string>>;
  /** Changes when `tls` does: connections of an older one are not used again. */
  generation: number;
}

/** A token file of a pod is renewed an hour before its end. */
const REFRESH_MS = 60_000;

export interface CredentialsOptions {
  /** Absent: $KUBECONFIG, ~/.kube/config, or the pod's service account, as client-node finds them. */
  kubeconfig?: string;
  context?: string;
  now?: () => number;
}

/** @throws Error naming what is missing */
export function loadCredentials({ kubeconfig, context, now = Date.now }: CredentialsOptions = {}): Credentials {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  return credentialsOf(config, kubeconfig ?? 'the default kubeconfig', now);
}

/** From a kubeconfig's text. */
export function credentialsFromText(text: string, now: () => number = Date.now): Credentials {
  const config = new KubeConfig();
  config.loadFromString(text);
  return credentialsOf(config, 'the kubeconfig', now);
}

function credentialsOf(config: KubeConfig, origin: string, now: () => number): Credentials {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`${origin}: its current-context ${JSON.stringify(config.getCurrentContext() ?? '')} names no cluster: choose one with "kubectl config use-context"`);
  if (!cluster.server.startsWith('https://')) throw new Error(`${origin}: server ${JSON.stringify(cluster.server)} must begin with https://`);
  let kept: { access: Access; until: number } | undefined;
  let asking: Promise<Access> | undefined;
  let tlsText = '';
  let generation = 0;
  const ask = async (): Promise<Access> => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized, auth } = options;
    const tls = withoutUndefined({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized });
    const text = JSON.stringify(tls);
    if (text !== tlsText) {
      tlsText = text;
      generation += 1;
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
    if (typeof auth === 'string') headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
    const access = { tls, headers, generation };
    kept = { access, until: now() + REFRESH_MS };
    return access;
  };
  return {
    server: cluster.server.replace(/\/$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    get: () => {
      if (kept && kept.until > now()) return Promise.resolve(kept.access);
      asking ??= ask().finally(() => { asking = undefined; });
      return asking;
    },
    refused: () => { kept = undefined; },
  };
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
