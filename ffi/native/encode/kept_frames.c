/*
 * Kept frames: see the header. x264 drops the oldest when its buffer is full, lost or not.
 */
#include "kept_frames.h"

#include <string.h>

const wv_kept_frame *wv_kept_reference(const wv_kept_frames *kept)
{
    for (int i = kept->count - 1; i >= 0; i--) {
        if (!kept->frames[i].lost) return &kept->frames[i];
    }
    return NULL;
}

static void keep(wv_kept_frames *kept, uint32_t frame_id, bool lost)
{
    if (kept->count > 0 && kept->count == kept->max) {
        kept->count--;
        memmove(kept->frames, kept->frames + 1, sizeof *kept->frames * (size_t)kept->count);
    }
    kept->frames[kept->count++] = (wv_kept_frame){.frame_id = frame_id,
                                                  .x264_number = kept->x264_number,
                                                  .number = kept->number,
                                                  .lost = lost};
}

void wv_kept_keyframe(wv_kept_frames *kept, uint32_t frame_id)
{
    kept->count = 0;
    kept->last_keyframe = frame_id;
    kept->x264_number = kept->number = 0;
    kept->renumbers = false;
    keep(kept, frame_id, false);
}

uint32_t wv_kept_frame_numbers(wv_kept_frames *kept, uint32_t frame_id, bool disposable,
                               wv_slice_numbers *numbers)
{
    const wv_kept_frame *reference = wv_kept_reference(kept);
    if (reference == NULL) return 0;
    uint32_t reference_id = reference->frame_id;
    kept->x264_number++;
    *numbers = (wv_slice_numbers){.x264_number = kept->x264_number,
                                  .x264_distance = kept->x264_number - reference->x264_number,
                                  .number = kept->number + 1,
                                  .distance = kept->number + 1 - reference->number,
                                  .disposable = disposable};
    if (!disposable) kept->number++;
    kept->renumbers |= disposable;
    keep(kept, frame_id, disposable);
    return reference_id;
}

void wv_kept_unsent(wv_kept_frames *kept, uint32_t frame_id)
{
    kept->x264_number++;
    kept->renumbers = true;
    keep(kept, frame_id, true);
}

void wv_kept_lost_from(wv_kept_frames *kept, uint32_t frame_id)
{
    for (int i = 0; i < kept->count; i++) {
        if (kept->frames[i].frame_id >= frame_id) kept->frames[i].lost = true;
    }
}
