/*
 * Pool of staging frames, as the streams see it: one lease for each picture between conversion and
 * encoder, given back as soon as the encoder has read it.
 */
#ifndef WV_POOL_H
#define WV_POOL_H

#include "../native.h"

/* A frame of at least `bytes`, or NULL when all are out, too small, or memory is short. */
uint8_t *wv_pool_lease(wv_pool *pool, uint32_t bytes);
/* Gives a lease back. */
void wv_pool_release(wv_pool *pool, uint8_t *frame);
/* Bytes of each frame. */
uint32_t wv_pool_frame_bytes(const wv_pool *pool);

#endif
