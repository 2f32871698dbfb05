/**
 * Makes the cluster's API server ask the webhook: writes the configuration when it is missing or another, and nothing when it is there as
 * it should be. Replicas may do it at the same time: the one that comes second finds it there.
 */
import { webhookConfiguration, type WebhookConfigurationOptions } from './configuration';

/** The cluster's API, as far as this needs it. */
export interface ClusterApi {
  request(request: { method: 'GET' | 'POST' | 'PUT'; path: string; body?: unknown }): Promise<{ status: number; body: unknown }>;
}

const PATH = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const TRIES = 3;

/** Control plane writes are not asked about. @throws Error when the cluster refuses, naming the right that is missing */
export async function registerWebhook(api: ClusterApi, options: Omit<WebhookConfigurationOptions, 'exceptUsers'>): Promise<'made' | 'changed' | 'as it was'> {
  const wanted = webhookConfiguration({ ...options, exceptUsers: [await ownName(api)] }) as Configuration;
  const path = `${PATH}/${wanted.metadata.name}`;
  for (let left = TRIES; ; left--) {
    const found = await api.request({ method: 'GET', path });
    if (found.status === 200 && includes(found.body, wanted)) return 'as it was';
    const answer =
      found.status === 404
        ? await api.request({ method: 'POST', path: PATH, body: wanted })
        : await api.request({ method: 'PUT', path, body: over(found.body as Configuration, wanted) });
    if (answer.status < 300) return found.status === 404 ? 'made' : 'changed';
    // Another replica was faster.
    if (answer.status !== 409 || left === 1) throw refused(answer.body);
  }
}

interface Configuration {
  metadata: { name: string; labels?: Record<string, string>; [field: string]: unknown };
}

/** What others say of the object (whose release it is, e.g.) stays. */
const over = ({ metadata }: Configuration, wanted: Configuration): Configuration =>
  ({ ...wanted, metadata: { ...metadata, ...wanted.metadata, labels: { ...metadata.labels, ...wanted.metadata.labels } } });

function refused(body: unknown): Error {
  const message = (body as { message?: string } | null)?.message ?? 'the cluster refused it';
  return new Error(`the webhook cannot be registered: ${message}; see deploy/base/rbac.yaml, or start without --webhook`);
}

/** By which the API server knows this control plane. */
async function ownName(api: ClusterApi): Promise<string> {
  const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const { status, body } = await api.request({ method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: kind });
  const name = (body as { status?: { userInfo?: { username?: string } } }).status?.userInfo?.username;
  if (status >= 300 || !name) throw refused(body);
  return name;
}

/** Whether all that `wanted` says stands in `found`, which may say more: an API server fills in defaults. */
function includes(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(found) && found.length === wanted.length && wanted.every((item, index) => includes(found[index], item));
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  return typeof found === 'object' && found !== null && Object.entries(wanted).every(([key, value]) => includes((found as Record<string, unknown>)[key], value));
}
