/**
 * Who asks, and what they may: answered by the cluster itself (TokenReview, SubjectAccessReview), so that users come with the tokens that
 * they have there, and RBAC of the cluster counts on Gleaner's own routes too.
 *
 * Answers are kept for a short while, positive ones longer than negative; at most MAX_KEPT of each. A token is kept as its SHA-256. When
 * the cluster cannot be asked, nobody is let in.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { refusal, type Attributes, type Authorizer } from '../auth/authorizer';
import type { Authenticator, Identity } from '../auth/identity';
import type { KubeApi } from '../store/cluster/api';

const TOKEN_MS = 30_000;
const ALLOWED_MS = 10_000;
const DENIED_MS = 3000;
const MAX_KEPT = 10_000;
const MAX_TOKEN_CHARS = 16_384;

interface TokenReview {
  status?: { authenticated?: boolean; error?: string; user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } };
}

interface SubjectAccessReview {
  status?: { allowed?: boolean; reason?: string };
}

/** What was asked lately. Several that ask the same at once share one question. */
class Kept<T> {
  private readonly entries = new Map<string, { until: number; value: Promise<T> }>();
  constructor(private readonly now: () => number) {}

  get(key: string, ask: () => Promise<T>, keepMs: (value: T) => number): Promise<T> {
    const known = this.entries.get(key);
    if (known && known.until > this.now()) return known.value;
    if (this.entries.size >= MAX_KEPT) this.entries.delete(this.entries.keys().next().value as string);
    const entry = { until: Infinity, value: ask() };
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.value.then(
      (value) => { entry.until = this.now() + keepMs(value); },
      () => { this.entries.delete(key); },
    );
    return entry.value;
  }
}

export class ClusterReviews implements Authenticator {
  private readonly identities: Kept<Identity | undefined>;
  private readonly decisions: Kept<boolean>;

  constructor(private readonly api: Pick<KubeApi, 'json'>, now: () => number = Date.now) {
    this.identities = new Kept(now);
    this.decisions = new Kept(now);
  }

  authenticate(req: IncomingMessage): Promise<Identity | undefined> {
    const token = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '')?.[1];
    if (token === undefined || token.length > MAX_TOKEN_CHARS) return Promise.resolve(undefined);
    const key = createHash('sha256').update(token).digest('base64');
    return this.identities.get(key, () => this.review(token), (identity) => (identity ? TOKEN_MS : DENIED_MS));
  }

  readonly authorizer: Authorizer = async (identity, attributes) => {
    const key = JSON.stringify([identity, attributes.verb, attributes.resource ?? attributes.path]);
    const allowed = await this.decisions.get(key, () => this.decide(identity, attributes), (yes) => (yes ? ALLOWED_MS : DENIED_MS));
    return allowed ? undefined : refusal(identity, attributes);
  };

  private async review(token: string): Promise<Identity | undefined> {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    const { status } = (await this.api.json({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body })) as TokenReview;
    const user = status?.authenticated === true ? status.user : undefined;
    return user?.username ? { user: user.username, groups: user.groups ?? [] } : undefined;
  }

  private async decide({ user, groups }: Identity, { verb, resource, path }: Attributes): Promise<boolean> {
    const asked = resource
      ? { resourceAttributes: { verb, group: resource.group, resource: resource.plural, subresource: resource.subresource, namespace: resource.namespace, name: resource.name } }
      : { nonResourceAttributes: { verb, path } };
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user, groups, ...asked } };
    const { status } = (await this.api.json({ method: 'POST', path: '/apis/authorization.k8s.io/v1/subjectaccessreviews', body })) as SubjectAccessReview;
    return status?.allowed === true;
  }
}
