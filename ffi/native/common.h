/*
 * What every part of the library shares: the clock, the error text and the two shapes of a picture.
 */
#ifndef WV_COMMON_H
#define WV_COMMON_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "native.h"

/* Why something could not be opened; the text has no final period. */
typedef struct wv_error {
    int32_t status;
    char text[240];
} wv_error;

/* Fills error and gives status back, for `return wv_fail(...)`. */
__attribute__((format(printf, 3, 4))) static inline int32_t wv_fail(wv_error *error,
                                                                    int32_t status,
                                                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->status = status;
    return status;
}

/* CLOCK_MONOTONIC in microseconds. */
static inline uint64_t wv_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* A raw frame as captured: 4 bytes a pixel, blue first, the fourth without meaning. Borrowed. */
typedef struct wv_picture {
    const uint8_t *pixels;
    int stride; /* bytes */
    int width;
    int height;
} wv_picture;

/* A raw frame as the encoders take it: I420, BT.601, limited range. */
typedef struct wv_frame {
    uint8_t *planes[3];
    int strides[3]; /* bytes */
    int width;
    int height;
} wv_frame;

#endif
