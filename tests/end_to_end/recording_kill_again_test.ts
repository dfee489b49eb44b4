/**
 * Ten more hosts that are killed while they record, as in recording_kill_test.ts: every file plays and
 * holds bit by bit what the encoder gave.
 */

// timeout: 170 s

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { killRecordingHosts } from "./recording_kills.ts";

t.setTimeout(160_000);

t.test("Ten more hosts that are killed leave files that play", async (t) => {
  const random = seededRandom("recording kills, again");
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
