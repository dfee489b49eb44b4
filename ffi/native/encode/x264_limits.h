/*
 * What a configuration means for x264: frames that it keeps for repairs, level, and memory.
 */
#ifndef WV_X264_LIMITS_H
#define WV_X264_LIMITS_H

#include "encode.h"

/* Frames to keep: as many as wanted, and no more than common decoders do at this size. */
int wv_x264_frames_kept(const wv_encode_config *config);
/* The lowest level that fits as many kept frames as there may ever be; -1 leaves it to x264. */
int wv_x264_lowest_level(const wv_encode_config *config);
/* Bytes that x264 allocates: within 5 % of what was measured from 360p to 2160p. */
size_t wv_x264_library_bytes(const wv_encode_config *config);

#endif
