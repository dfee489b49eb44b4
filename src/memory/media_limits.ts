/**
 * Media limits: the sizes that the media process allocates by, here because both processes need them:
 * the one to keep them, the other to know the sum before it starts.
 */

/** The ring of encoded frames: a keyframe of 2160p that the pipe did not take; older is too old. */
export const OUTPUT_RING_BYTES = 8 * 1024 * 1024;
/** One frame is being filled while another is encoded; the third absorbs a late release. */
export const STAGING_FRAMES = 3;
