/**
 * Media limits: the sizes that the media process allocates by, here because both processes need them:
 * the one to keep them, the other to know the sum before it starts.
 */

/** The ring of encoded frames: a keyframe of 2160p that the pipe did not take; older is too old. */
export const OUTPUT_RING_BYTES = 8 * 1024 * 1024;
/** One frame is being filled while another is encoded; the third absorbs a late release. */
export const STAGING_FRAMES = 3;
/** Encoders that wait for their next use: that of a stream that ended, or of a size that changed. */
export const IDLE_ENCODERS = 1;
/** Most bytes of them: one of 1080p. A larger one saves as little time and costs much more. */
export const IDLE_ENCODER_BYTES = 40_000_000;
/** Seconds that they wait. A size that swings, or a stream that restarts, comes back within them. */
export const IDLE_ENCODER_SECONDS = 5;
