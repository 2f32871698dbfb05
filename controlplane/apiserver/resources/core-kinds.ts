/** The kinds of Kubernetes' own groups that are served, in the same form as custom resources; one file each in `core/`. */
import { CONFIG_MAP } from './core/config-map';
import { EVENT, EVENT_V1, EVENTS_VIEW } from './core/event';
import { LEASE } from './core/lease';
import { NAMESPACE } from './core/namespace';
import { POD_TEMPLATE } from './core/pod-template';
import { RBAC_KINDS } from './core/rbac';
import { SECRET } from './core/secret';
import { ENDPOINT_SLICE, ENDPOINTS, SERVICE } from './core/service';
import { SERVICE_ACCOUNT } from './core/service-account';
import type { View } from '../../store/view/view';
import type { Resource } from './resource';

/** How the store shows what is served in more than one form. */
export const VIEWS: readonly View[] = [EVENTS_VIEW];

export const CORE_KINDS: readonly Resource[] = [
  NAMESPACE, EVENT, SECRET, CONFIG_MAP, SERVICE_ACCOUNT, POD_TEMPLATE, SERVICE, ENDPOINTS, LEASE, ENDPOINT_SLICE, EVENT_V1, ...RBAC_KINDS,
];
