/*
 * Convert: turns a captured picture into an I420 frame (BT.601, limited range, which the encoders
 * declare). Big pictures are split into two bands, one of them on a helper thread.
 */
#ifndef WV_CONVERT_H
#define WV_CONVERT_H

#include "../common.h"

typedef struct wv_convert_ops {
    const char *name;
    /* Finds the library; the error text says what is missing. */
    int32_t (*probe)(wv_error *error);
    /* Converts `rows` rows from the even row `first`. Needs a successful probe before. */
    void (*rows)(const wv_picture *picture, const wv_frame *frame, int first, int rows);
} wv_convert_ops;

extern const wv_convert_ops wv_convert_libyuv;
extern const wv_convert_ops wv_convert_portable;

#define WV_CONVERTERS 2
/* The candidate list, in the order in which it is tried. */
extern const wv_convert_ops *const WV_CONVERT_CANDIDATES[WV_CONVERTERS];

typedef struct wv_converter wv_converter;

/* Takes the first candidate that works, for pictures of width x height. */
int32_t wv_converter_open(int width, int height, wv_converter **converter, wv_error *error);
const char *wv_converter_name(const wv_converter *converter);
/* Converts the whole picture; both have the size given at open. */
void wv_converter_run(wv_converter *converter, const wv_picture *picture, const wv_frame *frame);
void wv_converter_close(wv_converter *converter);

#endif
