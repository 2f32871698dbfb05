/** The kinds of Kubernetes' own groups that are served, in the same form as custom resources; one file each in `core/`. */
import { CONFIG_MAP } from './core/config-map';
import { EVENT } from './core/event';
import { LEASE } from './core/lease';
import { NAMESPACE } from './core/namespace';
import { SECRET } from './core/secret';
import type { Resource } from './resource';

export const CORE_KINDS: readonly Resource[] = [NAMESPACE, EVENT, SECRET, CONFIG_MAP, LEASE];
