/*
 * Kept frames: a mirror of x264's reference buffer. It tells which frame the next one refers to,
 * and the numbers by which decoders know frames where x264 counts some that they never see.
 */
#ifndef WV_KEPT_FRAMES_H
#define WV_KEPT_FRAMES_H

#include "slice_header.h"

/* Equal to REFERENCE_FRAMES_KEPT of src/wire/frame.ts. */
#define WV_KEPT_FRAMES_MAX 8

typedef struct wv_kept_frame {
    uint32_t frame_id;
    uint32_t x264_number, number; /* as in wv_slice_numbers */
    bool lost;
} wv_kept_frame;

/* Oldest first. */
typedef struct wv_kept_frames {
    wv_kept_frame frames[WV_KEPT_FRAMES_MAX];
    int count, max;
    uint32_t last_keyframe;
    uint32_t x264_number; /* frames since the keyframe */
    uint32_t number;      /* of the newest frame that can be referred to */
    bool renumbers;       /* since the keyframe, x264 counted frames that cannot be referred to */
} wv_kept_frames;

/* The newest frame that is not lost, to which the next one refers; NULL when there is none. */
const wv_kept_frame *wv_kept_reference(const wv_kept_frames *kept);
/* A keyframe was encoded, after which nothing before it counts. */
void wv_kept_keyframe(wv_kept_frames *kept, uint32_t frame_id);
/* Another frame was encoded. Fills its numbers; gives the frame that it refers to, 0 for none. */
uint32_t wv_kept_frame_numbers(wv_kept_frames *kept, uint32_t frame_id, bool disposable,
                               wv_slice_numbers *numbers);
/* A frame was encoded that nobody will see. */
void wv_kept_unsent(wv_kept_frames *kept, uint32_t frame_id);
/* frame_id and all later frames are lost. */
void wv_kept_lost_from(wv_kept_frames *kept, uint32_t frame_id);

#endif
