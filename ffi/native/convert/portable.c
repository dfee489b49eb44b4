/*
 * Conversion in plain C, for machines without libyuv: the same BT.601 matrix in 8-bit fixed point,
 * chroma from the mean of 2x2 pixels. Correct and slow.
 */
#include "convert.h"

static int32_t probe(wv_error *error)
{
    wv_fail(error, WV_STATUS_OK, "built in");
    return WV_STATUS_OK;
}

static uint8_t luma(const uint8_t *bgrx)
{
    return (uint8_t)(((66 * bgrx[2] + 129 * bgrx[1] + 25 * bgrx[0] + 128) >> 8) + 16);
}

static void luma_row(const uint8_t *bgrx, uint8_t *y, int width)
{
    for (int x = 0; x < width; x++) y[x] = luma(bgrx + x * 4);
}

static void chroma_row(const uint8_t *top, const uint8_t *below, uint8_t *u, uint8_t *v, int width)
{
    for (int x = 0; x < width / 2; x++, top += 8, below += 8) {
        int blue = (top[0] + top[4] + below[0] + below[4] + 2) >> 2;
        int green = (top[1] + top[5] + below[1] + below[5] + 2) >> 2;
        int red = (top[2] + top[6] + below[2] + below[6] + 2) >> 2;
        u[x] = (uint8_t)((112 * blue - 74 * green - 38 * red + 0x8080) >> 8);
        v[x] = (uint8_t)((112 * red - 94 * green - 18 * blue + 0x8080) >> 8);
    }
}

static void rows(const wv_picture *picture, const wv_frame *frame, int first, int count)
{
    for (int row = first; row < first + count; row += 2) {
        const uint8_t *top = picture->pixels + (long)row * picture->stride;
        const uint8_t *below = top + picture->stride;
        uint8_t *y = frame->planes[0] + (long)row * frame->strides[0];
        luma_row(top, y, picture->width);
        luma_row(below, y + frame->strides[0], picture->width);
        chroma_row(top, below, frame->planes[1] + (long)(row / 2) * frame->strides[1],
                   frame->planes[2] + (long)(row / 2) * frame->strides[2], picture->width);
    }
}

const wv_convert_ops wv_convert_portable = {.name = "portable", .probe = probe, .rows = rows};
