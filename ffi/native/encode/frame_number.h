/*
 * Frame numbers of H.264 made wider, from the 4 bits that x264 writes to 12. After a repair the
 * numbers have a gap, and libavcodec (so Chromium's software decoder, too) misplaces a gap across
 * the wrap and shows nothing for up to 16 frames; with 12 bits that wrap is 256 times as rare.
 */
#ifndef WV_FRAME_NUMBER_H
#define WV_FRAME_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Bytes by which one NAL unit may grow. */
#define WV_FRAME_NUMBER_GROWTH 32

/*
 * Copies the NAL unit `in` (start code included) of `count` bytes into out, which holds at least
 * count + WV_FRAME_NUMBER_GROWTH, with wide frame numbers: in a sequence parameter set the declared
 * width, in a slice the number itself; frame_number counts frames since the keyframe. Other units
 * stay as they are. Gives the bytes written, or 0 when the unit is not as x264's baseline makes it.
 */
size_t wv_frame_number_widen(const uint8_t *in, size_t count, uint32_t frame_number, uint8_t *out);

#endif
