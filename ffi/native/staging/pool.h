/*
 * Pool of staging frames, as the streams see it: one lease for each picture between conversion and
 * encoder, given back as soon as the encoder has read it.
 */
#ifndef WV_POOL_H
#define WV_POOL_H

#include "../native.h"

/* Bytes of each frame. */
uint32_t wv_pool_frame_bytes(const wv_pool *pool);
/*
 * From now on frames of this size, of which as many may exist as before. While one is leased they
 * stay as they are, and WV_STATUS_BUSY says that those are too small; WV_STATUS_TOO_LARGE that all
 * together would exceed the pool's limit.
 */
int32_t wv_pool_reshape(wv_pool *pool, uint32_t frame_bytes);

#endif
