/*
 * convert_frames: every converter against the BT.601 formula, and two bands against one.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../convert/convert.h"
#include "../memory.h"
#include "../stream.h"
#include "check.h"

static uint8_t *make_pixels(int width, int height)
{
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 4);
    srand(5);
    for (int i = 0; pixels != NULL && i < width * height; i++) {
        /* Blocks of 2x2 of one colour, so that chroma has an exact value. */
        int block = i / width / 2 * width + i % width / 2;
        uint32_t colour = (uint32_t)block * 2654435761u;
        memcpy(pixels + (size_t)i * 4, &colour, 4);
    }
    return pixels;
}

/* Largest difference of a plane from the formula. */
static double error_of(const wv_frame *frame, const wv_picture *picture, int plane)
{
    static const double WEIGHTS[3][4] = {{65.481, 128.553, 24.966, 16},
                                         {-37.797, -74.203, 112, 128},
                                         {112, -93.786, -18.214, 128}};
    double worst = 0;
    int step = plane == 0 ? 1 : 2;
    for (int y = 0; y < picture->height; y += step) {
        for (int x = 0; x < picture->width; x += step) {
            const uint8_t *bgrx = picture->pixels + (long)y * picture->stride + x * 4;
            double wanted = WEIGHTS[plane][3] + (WEIGHTS[plane][0] * bgrx[2] +
                                                 WEIGHTS[plane][1] * bgrx[1] +
                                                 WEIGHTS[plane][2] * bgrx[0]) / 255;
            int got = frame->planes[plane][(long)(y / step) * frame->strides[plane] + x / step];
            double error = fabs(got - wanted);
            if (error > worst) worst = error;
        }
    }
    return worst;
}

static void check_formula(const wv_convert_ops *ops)
{
    int width = 646, height = 202;
    uint8_t *pixels = make_pixels(width, height);
    wv_picture picture = {pixels, width * 4, width, height};
    wv_frame frame;
    wv_error error;
    uint8_t *planes = malloc(wv_frame_layout(NULL, NULL, width, height));
    wv_frame_layout(&frame, planes, width, height);
    CHECK(ops->probe(&error) == WV_STATUS_OK, "%s is there: %s", ops->name, error.text);
    ops->rows(&picture, &frame, 0, height);
    for (int plane = 0; plane < 3; plane++) {
        double worst = error_of(&frame, &picture, plane);
        CHECK(worst < 2.0, "%s: plane %d is BT.601 in limited range within %.2f", ops->name, plane,
              worst);
    }
    free(planes);
    free(pixels);
}

static void check_bands(void)
{
    int width = 2570, height = 1446;
    uint8_t *pixels = make_pixels(width, height);
    uint32_t bytes = wv_frame_layout(NULL, NULL, width, height);
    uint8_t *one = calloc(1, bytes), *two = calloc(1, bytes);
    wv_picture picture = {pixels, width * 4, width, height};
    wv_frame whole, banded;
    wv_converter *converter;
    wv_error error;
    wv_frame_layout(&whole, one, width, height);
    wv_frame_layout(&banded, two, width, height);
    CHECK(wv_converter_open(width, height, &converter, &error) == WV_STATUS_OK, "opens");
    wv_convert_libyuv.rows(&picture, &whole, 0, height);
    int equal = 1;
    for (int i = 0; i < 20; i++) {
        memset(two, 0, bytes);
        wv_converter_run(converter, &picture, &banded);
        equal &= memcmp(one, two, bytes) == 0;
    }
    CHECK(equal, "two bands make the same frame as one, 20 times");
    wv_converter_close(converter);
    free(one);
    free(two);
    free(pixels);
}

int main(void)
{
    check_formula(&wv_convert_libyuv);
    check_formula(&wv_convert_portable);
    check_bands();
    uint64_t memory[WV_MEMORY_TYPES * 4];
    wv_memory_stats(memory);
    CHECK(memory[WV_MEMORY_CONVERT * 4] == 0, "all memory came back");
    return checks_end();
}
