/**
 * The ValidatingWebhookConfiguration that makes an API server ask the webhook.
 *
 * `failurePolicy: Fail` unless asked otherwise: a Job with an impossible matrix that slipped in while no replica answered would have to be
 * refused later, when its issuer does not look any more. What the control plane itself writes is not asked about (`exceptUsers`), so that a
 * webhook that does not answer never stops work that runs. Status and scale are other paths, and never asked about.
 */
import { hasChecks } from '../../crds/admission';
import { RESOURCES } from '../../crds/resources';
import { WEBHOOK_PATH } from './handler';

export type WebhookTarget = { url: string } | { service: { namespace: string; name: string; port?: number } };

export interface WebhookConfigurationOptions {
  target: WebhookTarget;
  /** PEM of the authority that signed the webhook's certificate. */
  caCertificate: string;
  name?: string;
  failurePolicy?: 'Fail' | 'Ignore';
  /** Users whose writes are not asked about, e.g. `system:serviceaccount:gleaner-system:gleaner`. */
  exceptUsers?: readonly string[];
  labels?: Readonly<Record<string, string>>;
}

export const WEBHOOK_NAME = 'admission.gleaner.dev';
/** The check takes a few milliseconds; an API server waits ten seconds by default, and its client with it. */
const TIMEOUT_SECONDS = 5;

export function webhookConfiguration({ target, caCertificate, name = 'gleaner', failurePolicy = 'Fail', exceptUsers = [], labels }: WebhookConfigurationOptions): object {
  const where = 'url' in target ? { url: new URL(WEBHOOK_PATH, target.url).href } : { service: { ...target.service, path: WEBHOOK_PATH } };
  const resources = RESOURCES.filter((resource) => hasChecks(resource.name)).map(({ plural }) => plural);
  const matchConditions = exceptUsers.length === 0 ? [] : [{ name: 'not-by-gleaner', expression: `!(request.userInfo.username in ${JSON.stringify(exceptUsers)})` }];
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name, ...(labels && { labels }) },
    webhooks: [
      {
        name: WEBHOOK_NAME,
        admissionReviewVersions: ['v1'],
        clientConfig: { ...where, caBundle: Buffer.from(caCertificate).toString('base64') },
        rules: [{ apiGroups: ['gleaner.dev'], apiVersions: ['v1alpha1'], operations: ['CREATE', 'UPDATE'], resources, scope: '*' }],
        failurePolicy,
        matchPolicy: 'Equivalent',
        sideEffects: 'None',
        timeoutSeconds: TIMEOUT_SECONDS,
        ...(matchConditions.length > 0 && { matchConditions }),
      },
    ],
  };
}
