/**
 * Ten more hosts that are killed while they record, as in recording_kill_test.ts: every file plays and
 * holds bit by bit what the encoder gave.
 */

// timeout: 170 s

import t from "tap";
import { checkKilledRecordings } from "./recording_kill_checks.ts";

t.setTimeout(160_000);

t.test("Ten more hosts that are killed leave files that play", async (t) => {
  await checkKilledRecordings(t, 10, "recording kills, again");
});
