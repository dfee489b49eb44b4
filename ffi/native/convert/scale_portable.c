/*
 * Scaling in plain C, for machines without libyuv: each pixel is the mean of the area that it
 * covers, parts of pixels counted as such. Correct and slow.
 */
#include "scale.h"

#define ONE 256u /* weight of a whole pixel in one direction */

static int32_t probe(wv_error *error)
{
    error->status = WV_STATUS_OK;
    return WV_STATUS_OK;
}

/* Weight of source pixel `at` in what spans from `first` to `end`, in 1/256 of pixels. */
static uint32_t weight(uint32_t at, uint32_t first, uint32_t end)
{
    uint32_t from = at * ONE > first ? at * ONE : first;
    uint32_t to = (at + 1) * ONE < end ? (at + 1) * ONE : end;
    return to > from ? to - from : 0;
}

/* First 1/256 pixel of the source that pixel `at` of `small` covers. */
static uint32_t edge(int at, int large, int small)
{
    return (uint32_t)((uint64_t)at * (uint64_t)large * ONE / (uint64_t)small);
}

static uint8_t mean(const uint8_t *plane, int stride, const uint32_t x[2], const uint32_t y[2])
{
    uint64_t sum = 0, weights = 0;
    for (uint32_t row = y[0] / ONE; row * ONE < y[1]; row++) {
        uint32_t of_row = weight(row, y[0], y[1]);
        for (uint32_t column = x[0] / ONE; column * ONE < x[1]; column++) {
            uint64_t of_pixel = (uint64_t)of_row * weight(column, x[0], x[1]);
            sum += of_pixel * plane[(size_t)row * (size_t)stride + column];
            weights += of_pixel;
        }
    }
    return (uint8_t)((sum + weights / 2) / weights);
}

static void scale_plane(const uint8_t *from, int stride, int width, int height, uint8_t *to,
                        int to_stride, int to_width, int to_height)
{
    for (int row = 0; row < to_height; row++) {
        uint32_t y[2] = {edge(row, height, to_height), edge(row + 1, height, to_height)};
        for (int column = 0; column < to_width; column++) {
            uint32_t x[2] = {edge(column, width, to_width), edge(column + 1, width, to_width)};
            to[(size_t)row * (size_t)to_stride + (size_t)column] = mean(from, stride, x, y);
        }
    }
}

static void run(const wv_frame *from, const wv_frame *to)
{
    for (int plane = 0; plane < 3; plane++) {
        int part = plane == 0 ? 1 : 2;
        scale_plane(from->planes[plane], from->strides[plane], from->width / part,
                    from->height / part, to->planes[plane], to->strides[plane], to->width / part,
                    to->height / part);
    }
}

const wv_scale_ops wv_scale_portable = {.name = "portable", .probe = probe, .run = run};
