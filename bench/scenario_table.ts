/**
 * Scenario table: every scenario of the bench command, once. `bench --help` and the parser read it.
 */

import { anyScenario, type Scenario } from "./scenario.ts";
import { fuzz } from "./scenarios/fuzz.ts";

/** All scenarios, in the order of --help. */
export const SCENARIOS: readonly Scenario[] = [
  anyScenario(fuzz),
];
