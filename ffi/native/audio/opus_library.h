/*
 * The library Opus, opened at run time because a machine may lack it: the functions of it that
 * sound.c and speaker.c call.
 */
#ifndef WV_OPUS_LIBRARY_H
#define WV_OPUS_LIBRARY_H

#include "../common.h"

#if __has_include(<opus/opus_multistream.h>)
#include <opus/opus_multistream.h>
#define WV_HAS_OPUS

#define WV_OPUS_FUNCTIONS(X)                                                          \
    X(opus_multistream_surround_encoder_get_size)                                     \
    X(opus_multistream_surround_encoder_init)                                         \
    X(opus_multistream_encode_float)                                                  \
    X(opus_multistream_encoder_ctl)                                                   \
    X(opus_decoder_get_size)                                                          \
    X(opus_decoder_init)                                                              \
    X(opus_decode_float)                                                              \
    X(opus_strerror)

typedef struct wv_opus_functions {
#define WV_DECLARE(name) __typeof__(name) *name;
    WV_OPUS_FUNCTIONS(WV_DECLARE)
#undef WV_DECLARE
} wv_opus_functions;

/* Filled by the first wv_opus_load that succeeds. */
extern wv_opus_functions wv_opus;
#endif

/* Opens the library for good. */
int32_t wv_opus_load(wv_error *error);
/* Says whether it is there; on success the error's text is its name. Keeps nothing open. */
int32_t wv_opus_probe(wv_error *error);

#endif
