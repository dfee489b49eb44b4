/*
 * The library x264, opened at run time because its licence is not this project's: the functions of it
 * that x264.c calls.
 */
#ifndef WV_X264_LIBRARY_H
#define WV_X264_LIBRARY_H

#include "../common.h"

#if __has_include(<x264.h>)
#include <x264.h>
#define WV_HAS_X264

typedef struct wv_x264_functions {
    int (*param_default_preset)(x264_param_t *, const char *, const char *);
    int (*param_apply_profile)(x264_param_t *, const char *);
    void (*picture_init)(x264_picture_t *);
    x264_t *(*encoder_open)(x264_param_t *);
    int (*encoder_headers)(x264_t *, x264_nal_t **, int *);
    int (*encoder_encode)(x264_t *, x264_nal_t **, int *, x264_picture_t *, x264_picture_t *);
    int (*encoder_invalidate_reference)(x264_t *, int64_t);
    void (*encoder_close)(x264_t *);
    const x264_level_t *levels;
} wv_x264_functions;

/* Filled by the first wv_x264_probe that succeeds. */
extern wv_x264_functions wv_x264;
#endif

/* Finds the library; on success the error's text is its name. */
int32_t wv_x264_probe(wv_error *error);

#endif
