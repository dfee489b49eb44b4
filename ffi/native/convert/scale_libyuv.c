/*
 * Scaling by libyuv, opened at run time as the converter is: its box filter has vector code for
 * both sizes in use, three quarters and a half.
 */
#include <dlfcn.h>
#include <pthread.h>

#include "scale.h"

#define LIBRARY "libyuv.so.0"
#define FILTER_BOX 3 /* kFilterBox of libyuv/scale.h */

typedef int (*i420_scale)(const uint8_t *y, int y_stride, const uint8_t *u, int u_stride,
                          const uint8_t *v, int v_stride, int width, int height, uint8_t *to_y,
                          int to_y_stride, uint8_t *to_u, int to_u_stride, uint8_t *to_v,
                          int to_v_stride, int to_width, int to_height, int filter);

static i420_scale scale;

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) scale = (i420_scale)dlsym(library, "I420Scale");
}

static int32_t probe(wv_error *error)
{
    static pthread_once_t loaded = PTHREAD_ONCE_INIT;
    pthread_once(&loaded, load);
    if (scale == NULL) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "%s is not installed", LIBRARY);
    }
    error->status = WV_STATUS_OK;
    return WV_STATUS_OK;
}

static void run(const wv_frame *from, const wv_frame *to)
{
    scale(from->planes[0], from->strides[0], from->planes[1], from->strides[1], from->planes[2],
          from->strides[2], from->width, from->height, to->planes[0], to->strides[0],
          to->planes[1], to->strides[1], to->planes[2], to->strides[2], to->width, to->height,
          FILTER_BOX);
}

const wv_scale_ops wv_scale_libyuv = {.name = "libyuv", .probe = probe, .run = run};
