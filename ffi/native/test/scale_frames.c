/*
 * scale_frames: every scaler against the mean of what each pixel covers, at both sizes and with
 * sides that do not divide.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../convert/scale.h"
#include "../stream.h"
#include "check.h"

static wv_frame make_frame(int width, int height, uint8_t **memory)
{
    wv_frame frame;
    *memory = calloc(1, wv_frame_layout(NULL, NULL, width, height));
    wv_frame_layout(&frame, *memory, width, height);
    return frame;
}

/* Waves of some pixels' length: smooth enough that a good filter is near the mean. */
static void draw(const wv_frame *frame)
{
    for (int plane = 0; plane < 3; plane++) {
        int part = plane == 0 ? 1 : 2;
        for (int y = 0; y < frame->height / part; y++) {
            for (int x = 0; x < frame->width / part; x++) {
                double wave = sin(x * 0.11 + plane) * cos(y * 0.07) * 90;
                frame->planes[plane][(long)y * frame->strides[plane] + x] =
                    (uint8_t)(128 + wave + (x + y) % 2 * 20);
            }
        }
    }
}

/* Mean of [from, to) of a line or of the lines between, parts of pixels counted as such. */
static double covered_mean(const uint8_t *plane, int stride, double x0, double x1, double y0,
                           double y1)
{
    double sum = 0, weights = 0;
    for (int y = (int)y0; y < y1; y++) {
        double tall = fmin(y + 1, y1) - fmax(y, y0);
        for (int x = (int)x0; x < x1; x++) {
            double weight = tall * (fmin(x + 1, x1) - fmax(x, x0));
            sum += weight * plane[(long)y * stride + x];
            weights += weight;
        }
    }
    return sum / weights;
}

/* Mean difference of a plane from what its pixels cover. */
static double error_of(const wv_frame *from, const wv_frame *to, int plane)
{
    int part = plane == 0 ? 1 : 2, width = to->width / part, height = to->height / part;
    double across = (double)(from->width / part) / width;
    double down = (double)(from->height / part) / height;
    double sum = 0;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            double wanted =
                covered_mean(from->planes[plane], from->strides[plane], x * across,
                             (x + 1) * across, y * down, (y + 1) * down);
            sum += fabs(to->planes[plane][(long)y * to->strides[plane] + x] - wanted);
        }
    }
    return sum / width / height;
}

static void check_scaler(const wv_scale_ops *ops, int width, int height, double allowed)
{
    wv_error error;
    CHECK(ops->probe(&error) == WV_STATUS_OK, "%s is there", ops->name);
    uint8_t *memory, *small_memory;
    wv_frame frame = make_frame(width, height, &memory);
    draw(&frame);
    for (uint32_t quarters = WV_SCALE_MIN; quarters < WV_SCALE_FULL; quarters++) {
        wv_frame small = make_frame(wv_scaled_side(width, quarters),
                                    wv_scaled_side(height, quarters), &small_memory);
        ops->run(&frame, &small);
        for (int plane = 0; plane < 3; plane++) {
            double mean = error_of(&frame, &small, plane);
            CHECK(mean < allowed, "%s: %dx%d to %dx%d, plane %d within %.2f", ops->name, width,
                  height, small.width, small.height, plane, mean);
        }
        free(small_memory);
    }
    free(memory);
}

static void check_sides(void)
{
    int even = 1;
    for (int side = 16; side < 4000; side += 2) {
        for (uint32_t quarters = WV_SCALE_MIN; quarters <= WV_SCALE_FULL; quarters++) {
            int scaled = wv_scaled_side(side, quarters);
            even &= scaled % 2 == 0 && scaled <= side && scaled >= WV_SIDE_MIN;
        }
        even &= wv_scaled_side(side, WV_SCALE_FULL) == side;
    }
    CHECK(even, "sides are even, at least %d, and whole at full size", WV_SIDE_MIN);
}

int main(int count, char **words)
{
    (void)words;
    int share = count > 1 ? 8 : 1;
    check_sides();
    check_scaler(&wv_scale_portable, 640 / share, 360 / share & ~1, 0.6);
    check_scaler(&wv_scale_portable, 1366 / share & ~1, 770 / share, 0.6);
    check_scaler(&wv_scale_libyuv, 640 / share, 360 / share & ~1, 3.0);
    check_scaler(&wv_scale_libyuv, 1366 / share & ~1, 770 / share, 3.0);
    return checks_end();
}
