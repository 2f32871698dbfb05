/** All scenarios. */
import type { Scenario } from '../scenario';
import { APPLY_SCENARIOS } from './apply';
import { CORE_SCENARIOS } from './core';
import { GET_SCENARIOS } from './get';

export const SCENARIOS: readonly Scenario[] = [...CORE_SCENARIOS, ...GET_SCENARIOS, ...APPLY_SCENARIOS];
