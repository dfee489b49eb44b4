/**
 * Recording kill checks: what the tests ask of files whose hosts were killed while they recorded: they
 * lose less than a second, play, and hold bit by bit what the encoder gave.
 */

import type { Test } from "tap";
import { seededRandom } from "../seeded.ts";
import { killRecordingHosts } from "./recording_kills.ts";

/** Kills `count` hosts at random points of the sequence `name` and looks at what is left. */
export async function checkKilledRecordings(t: Test, count: number, name: string): Promise<void> {
  const random = seededRandom(name);
  const { outcomes, unplayable } = await killRecordingHosts(count, random, (outcome) => {
    t.comment(JSON.stringify(outcome));
    const { frames, framesAsLeft, complaints, compared, different, livedUs, lostUs } = outcome;
    t.ok(lostUs <= 1_000_000, `lost ${lostUs} us`);
    t.equal(complaints, "", "ffprobe has nothing to say");
    t.equal(different, 0, `all of ${compared} samples are those of the encoder`);
    t.ok(frames > 0 || livedUs < 1_000_000, `${frames} frames of ${livedUs} us`);
    t.ok(framesAsLeft >= frames, "before it was mended it played as well");
  });
  t.equal(outcomes.length, count);
  t.strictSame(unplayable, [], "Chromium plays them all");
}
