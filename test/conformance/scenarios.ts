import { ACCESS_SCENARIOS } from './access-scenarios.ts';
import { ERROR_SCENARIOS } from './error-scenarios.ts';
import { KILL_SCENARIOS } from './kill-scenarios.ts';
import { LOOP_SCENARIOS } from './loop-scenarios.ts';
import { MISUSE_SCENARIOS } from './misuse-scenarios.ts';
import { OUTAGE_SCENARIOS } from './outage-scenarios.ts';
import type { Scenario } from './scenario.ts';

/** The rows of the table. */
export const SCENARIOS: readonly Scenario[] = [
  ...LOOP_SCENARIOS,
  ...OUTAGE_SCENARIOS,
  ...ACCESS_SCENARIOS,
  ...ERROR_SCENARIOS,
  ...MISUSE_SCENARIOS,
  ...KILL_SCENARIOS,
];
