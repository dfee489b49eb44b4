/*
 * Canvas: the shapes of the scene program, drawn in software with smooth edges. Each shape costs
 * its own bounding box and nothing more, so that a scene stays cheap beside what is measured.
 */
#include "canvas.h"

#include <math.h>
#include <stddef.h>

uint32_t wv_random_next(struct wv_random *random)
{
    uint32_t state = random->state ? random->state : 0x9e3779b9u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    random->state = state;
    return state;
}

float wv_random_unit(struct wv_random *random)
{
    return (float)(wv_random_next(random) >> 8) / 16777216.0f;
}

uint32_t wv_mix(uint32_t from, uint32_t to, int amount)
{
    /* Two channels at a time: red and blue never carry into each other. */
    uint32_t weight = (uint32_t)(amount + (amount >> 7));
    uint32_t red_blue = ((from & 0xff00ff) * (256 - weight) + (to & 0xff00ff) * weight) >> 8;
    uint32_t green = ((from & 0x00ff00) * (256 - weight) + (to & 0x00ff00) * weight) >> 8;
    return (red_blue & 0xff00ff) | (green & 0x00ff00);
}

static int clip(int *start, int *length, int limit)
{
    if (*start < 0) {
        *length += *start;
        *start = 0;
    }
    if (*start + *length > limit) *length = limit - *start;
    return *length > 0;
}

void wv_fill(struct wv_canvas *canvas, int x, int y, int width, int height, uint32_t color)
{
    if (!clip(&x, &width, canvas->width) || !clip(&y, &height, canvas->height)) return;
    for (int row = y; row < y + height; row++) {
        uint32_t *line = canvas->pixels + (size_t)row * (size_t)canvas->stride + x;
        for (int i = 0; i < width; i++) line[i] = color;
    }
}

WV_FAST static void blend_run(uint32_t *line, int count, uint32_t color, int alpha)
{
    uint32_t weight = (uint32_t)(alpha + (alpha >> 7)), rest = 256 - weight;
    uint32_t red_blue = (color & 0xff00ff) * weight, green = (color & 0x00ff00) * weight;
    for (int i = 0; i < count; i++) {
        uint32_t low = ((line[i] & 0xff00ff) * rest + red_blue) >> 8;
        uint32_t high = ((line[i] & 0x00ff00) * rest + green) >> 8;
        line[i] = (low & 0xff00ff) | (high & 0x00ff00);
    }
}

void wv_blend_rect(struct wv_canvas *canvas, int x, int y, int width, int height, uint32_t color,
                   int alpha)
{
    if (!clip(&x, &width, canvas->width) || !clip(&y, &height, canvas->height)) return;
    for (int row = y; row < y + height; row++) {
        uint32_t *line = canvas->pixels + (size_t)row * (size_t)canvas->stride + x;
        blend_run(line, width, color, alpha);
    }
}

static float round_rect_distance(float px, float py, float half_width, float half_height,
                                 float radius)
{
    float dx = fabsf(px) - half_width + radius;
    float dy = fabsf(py) - half_height + radius;
    float outside_x = dx > 0 ? dx : 0;
    float outside_y = dy > 0 ? dy : 0;
    float inside = dx > dy ? dx : dy;
    if (inside > 0) inside = 0;
    return sqrtf(outside_x * outside_x + outside_y * outside_y) + inside - radius;
}

static void blend_pixel(uint32_t *pixel, uint32_t color, float coverage, int alpha)
{
    if (coverage <= 0) return;
    int amount = coverage >= 1 ? alpha : (int)(coverage * (float)alpha);
    *pixel = wv_mix(*pixel, color, amount);
}

/* Only the corners need a distance per pixel: along a straight edge the coverage is constant, and
 * the inside is a plain run (or, for an outline, nothing). */
static void round_shape(struct wv_canvas *canvas, const float box[4], float radius,
                        float thickness, uint32_t color, int alpha)
{
    float half_width = box[2] / 2, half_height = box[3] / 2;
    float center_x = box[0] + half_width, center_y = box[1] + half_height;
    float edge = thickness / 2 + 1;
    int left = (int)floorf(box[0] - edge), top = (int)floorf(box[1] - edge);
    int width = (int)ceilf(box[2] + 2 * edge) + 1, height = (int)ceilf(box[3] + 2 * edge) + 1;
    if (!clip(&left, &width, canvas->width) || !clip(&top, &height, canvas->height)) return;
    for (int y = top; y < top + height; y++) {
        uint32_t *line = canvas->pixels + (size_t)y * (size_t)canvas->stride;
        float py = (float)y + 0.5f - center_y;
        int corner_row = fabsf(py) > half_height - radius - edge;
        float inset = corner_row ? radius + edge : edge;
        int run_left = (int)ceilf(box[0] + inset), run_right = (int)floorf(box[0] + box[2] - inset);
        float run_distance = corner_row ? fabsf(py) - half_height : -edge;
        if (thickness > 0) run_distance = fabsf(run_distance) - thickness / 2;
        float covered = 0.5f - run_distance;
        int run_alpha = covered >= 1 ? alpha : covered <= 0 ? 0 : (int)(covered * (float)alpha);
        for (int x = left; x < left + width; x++) {
            if (x >= run_left && x < run_right) {
                int end = run_right < left + width ? run_right : left + width;
                if (run_alpha > 0) blend_run(line + x, end - x, color, run_alpha);
                x = end - 1;
                continue;
            }
            float d = round_rect_distance((float)x + 0.5f - center_x, py, half_width, half_height,
                                          radius);
            if (thickness > 0) d = fabsf(d) - thickness / 2;
            blend_pixel(&line[x], color, 0.5f - d, alpha);
        }
    }
}

void wv_round_rect(struct wv_canvas *canvas, float x, float y, float width, float height,
                   float radius, uint32_t color, int alpha)
{
    round_shape(canvas, (float[4]){x, y, width, height}, radius, 0, color, alpha);
}

void wv_round_outline(struct wv_canvas *canvas, float x, float y, float width, float height,
                      float radius, float thickness, uint32_t color, int alpha)
{
    round_shape(canvas, (float[4]){x, y, width, height}, radius, thickness, color, alpha);
}

void wv_ring(struct wv_canvas *canvas, float x, float y, float radius, float thickness,
             uint32_t color, int alpha)
{
    float outer = radius + thickness / 2 + 1, inner = radius - thickness / 2 - 1;
    int left = (int)floorf(x - outer), top = (int)floorf(y - outer);
    int width = (int)ceilf(2 * outer) + 2, height = (int)ceilf(2 * outer) + 2;
    if (!clip(&left, &width, canvas->width) || !clip(&top, &height, canvas->height)) return;
    for (int row = top; row < top + height; row++) {
        uint32_t *line = canvas->pixels + (size_t)row * (size_t)canvas->stride;
        float dy = (float)row + 0.5f - y;
        int hole = inner > 0 && fabsf(dy) < inner ? (int)sqrtf(inner * inner - dy * dy) : 0;
        for (int column = left; column < left + width; column++) {
            float dx = (float)column + 0.5f - x;
            if (hole > 0 && fabsf(dx) < (float)hole) {
                column = (int)(x + (float)hole);
                continue;
            }
            float d = fabsf(sqrtf(dx * dx + dy * dy) - radius) - thickness / 2;
            blend_pixel(&line[column], color, 0.5f - d, alpha);
        }
    }
}

WV_FAST static void glow_run(uint32_t *line, int count, float first_dx, float row_near, float scale,
                             uint32_t color, float alpha)
{
    int red = (int)(color >> 16 & 0xff), green = (int)(color >> 8 & 0xff);
    int blue = (int)(color & 0xff);
    for (int i = 0; i < count; i++) {
        float dx = first_dx + (float)i;
        float near = row_near - dx * dx * scale;
        near = near < 0 ? 0 : near;
        int amount = (int)(near * near * near * alpha);
        int r = (int)(line[i] >> 16 & 0xff) + (red * amount >> 8);
        int g = (int)(line[i] >> 8 & 0xff) + (green * amount >> 8);
        int b = (int)(line[i] & 0xff) + (blue * amount >> 8);
        r = r > 255 ? 255 : r;
        g = g > 255 ? 255 : g;
        b = b > 255 ? 255 : b;
        line[i] = (uint32_t)(r << 16 | g << 8 | b);
    }
}

void wv_glow(struct wv_canvas *canvas, float x, float y, float radius, uint32_t color, int alpha)
{
    int left = (int)floorf(x - radius), top = (int)floorf(y - radius);
    int width = (int)ceilf(2 * radius) + 1, height = (int)ceilf(2 * radius) + 1;
    if (!clip(&left, &width, canvas->width) || !clip(&top, &height, canvas->height)) return;
    float scale = 1 / (radius * radius), faintest = cbrtf(1.0f / (float)(alpha > 0 ? alpha : 1));
    for (int row = top; row < top + height; row++) {
        uint32_t *line = canvas->pixels + (size_t)row * (size_t)canvas->stride;
        float dy = (float)row + 0.5f - y, row_near = 1 - dy * dy * scale;
        if (row_near <= 0) continue;
        /* Where the light is too weak to change a pixel, none is touched. */
        float reach = radius * sqrtf(fmaxf(0, row_near - faintest));
        int first = (int)(x - reach) > left ? (int)(x - reach) : left;
        int end = (int)(x + reach) + 1 < left + width ? (int)(x + reach) + 1 : left + width;
        if (end <= first) continue;
        glow_run(line + first, end - first, (float)first + 0.5f - x, row_near, scale, color,
                 (float)alpha);
    }
}
