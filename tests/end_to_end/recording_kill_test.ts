/**
 * Hosts that are killed while they record: every file plays, loses less than a second, and holds bit by
 * bit what the encoder gave. The second ten are in recording_kill_again_test.ts; `bench record_kill`
 * does a hundred.
 */

// timeout: 170 s

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { killRecordingHosts } from "./recording_kills.ts";

t.setTimeout(160_000);

t.test("Ten hosts that are killed leave files that play", async (t) => {
  const random = seededRandom("recording kills");
  const { outcomes, unplayable } = await killRecordingHosts(10, random, (outcome) => {
    t.comment(JSON.stringify(outcome));
    const { frames, framesAsLeft, complaints, compared, different, livedUs, lostUs } = outcome;
    t.ok(lostUs <= 1_000_000, `lost ${lostUs} us`);
    t.equal(complaints, "", "ffprobe has nothing to say");
    t.equal(different, 0, `all of ${compared} samples are those of the encoder`);
    t.ok(frames > 0 || livedUs < 1_000_000, `${frames} frames of ${livedUs} us`);
    t.ok(framesAsLeft >= frames, "before it was mended it played as well");
  });
  t.equal(outcomes.length, 10);
  t.strictSame(unplayable, [], "Chromium plays them all");
});
