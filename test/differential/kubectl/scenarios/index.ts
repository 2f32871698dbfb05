/** All scenarios. */
import type { Scenario } from '../scenario';
import { APPLY_SCENARIOS } from './apply';
import { APPLYING_SCENARIOS } from './applying';
import { CORE_SCENARIOS } from './core';
import { DELETING_SCENARIOS } from './deleting';
import { DISCOVERY_SCENARIOS } from './discovery';
import { GET_SCENARIOS } from './get';
import { WAITING_SCENARIOS } from './waiting';

export const SCENARIOS: readonly Scenario[] = [
  ...CORE_SCENARIOS, ...GET_SCENARIOS, ...APPLY_SCENARIOS, ...DELETING_SCENARIOS, ...WAITING_SCENARIOS, ...APPLYING_SCENARIOS, ...DISCOVERY_SCENARIOS,
];
