/**
 * Hosts that are killed while they record: every file plays, loses less than a second, and holds bit by
 * bit what the encoder gave. The second ten are in recording_kill_again_test.ts; `bench record_kill`
 * does a hundred.
 */

// timeout: 170 s

import t from "tap";
import { checkKilledRecordings } from "./recording_kill_checks.ts";

t.setTimeout(160_000);

t.test("Ten hosts that are killed leave files that play", async (t) => {
  await checkKilledRecordings(t, 10, "recording kills");
});
