/*
 * Slice headers of frames in two temporal layers. x264 makes each frame one that others may refer
 * to; here every other one becomes a real non-reference frame and frame numbers are counted anew, so
 * that the base layer alone is a stream without gaps, as hardware decoders ask for it.
 */
#ifndef WV_SLICE_HEADER_H
#define WV_SLICE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that a NAL unit of `count` bytes may take afterwards: shifted bits escape differently. */
static inline size_t wv_slice_header_room(size_t count)
{
    return count + count / 2 + 32;
}

/* What x264 wrote, which is checked, and what a slice shall say. */
typedef struct wv_slice_numbers {
    uint32_t x264_number;   /* frames since the keyframe, as x264 counts */
    uint32_t x264_distance; /* from it to its reference, at least 1 */
    uint32_t number;        /* frames since the keyframe that can be referred to */
    uint32_t distance;      /* from it to its reference, at least 1 */
    bool disposable;        /* no later frame refers to it */
} wv_slice_numbers;

/*
 * Copies the P slice `in` (start code included) of `count` bytes into `out`, which has
 * wv_slice_header_room(count), with 12-bit frame numbers; `plain` has `count` bytes and is scratch.
 * Gives the bytes written, or 0 when the unit is not as x264's baseline makes it or refers to
 * another frame.
 */
size_t wv_slice_header_rewrite(const uint8_t *in, size_t count, const wv_slice_numbers *numbers,
                               uint8_t *plain, uint8_t *out);

#endif
