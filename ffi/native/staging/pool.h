/*
 * Pool of staging frames, as the streams see it: one lease for each picture between conversion and
 * encoder, given back as soon as the encoder has read it.
 */
#ifndef WV_POOL_H
#define WV_POOL_H

#include "../native.h"

/* Bytes of each frame. */
uint32_t wv_pool_frame_bytes(const wv_pool *pool);

#endif
