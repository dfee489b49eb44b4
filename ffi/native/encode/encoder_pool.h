/*
 * Encoder pool: the encoders of all streams of a process, in use or idle. A request takes an idle
 * encoder of the same configuration, else opens one below the limit, else makes the oldest idle one
 * into what is wanted, where that encoder can, else closes it for a new one. Idle ones are bounded
 * in number and bytes; whoever owns the pool says when they have been idle for too long.
 */
#ifndef WV_ENCODER_POOL_H
#define WV_ENCODER_POOL_H

#include "encode.h"

/*
 * Gives an encoder for config, of candidate `index` or the first that works for -1; its index or a
 * negative status. Its first frame is a keyframe. Without a pool (NULL) it is opened.
 */
int32_t wv_encoder_pool_acquire(wv_encoder_pool *pool, int32_t index,
                                const wv_encode_config *config, wv_encoder **encoder,
                                wv_error *error);
/* Takes it back to keep it, unless it failed or nobody will want it; without a pool it is closed. */
void wv_encoder_pool_release(wv_encoder_pool *pool, wv_encoder *encoder, bool is_wanted);

#endif
