/*
 * Landscape: painted row by row with integer arithmetic that the compiler turns into vector code:
 * about a millisecond for 1280x720. The lake is the rows above it, upside down, dimmed and swaying.
 */
#include "landscape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STARS = 150, LOOK_PIXELS = 40, BLEND_FRAMES = 75 };

struct palette {
    const char *name;
    uint32_t sky[3];
    uint32_t ridges[2];
    uint32_t light[2];
    uint32_t body;
    uint32_t accent;
    int stars;
    int lights;
};

static const struct palette PALETTES[WV_PALETTES] = {
    {"Night", {0x070b1e, 0x14224a, 0x35557f}, {0x2a4468, 0x060a14}, {0x3cf0b0, 0x7a5cff},
     0xe8eefc, 0x5ee6b8, 255, 210},
    {"Dawn", {0x2b3a78, 0xb9698f, 0xffc48a}, {0xa8688a, 0x1c1730}, {0xffd9b0, 0xff8fa8},
     0xfff1d0, 0xffb27a, 50, 70},
    {"Dusk", {0x120e2e, 0x4b2a6e, 0xd8587c}, {0x6a3a78, 0x0d0a1c}, {0xff6fb0, 0x6d7bff},
     0xffdcc2, 0xff7fb2, 150, 120},
};

struct wv_landscape {
    int width, height, shore;
    int16_t *ridges[WV_RIDGES];
    int16_t *edge, *fade, *strength;
    float stars[STARS][3];
    struct palette now;
    struct palette from;
    int target;
    int blend;
};

static const uint8_t DITHER[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};

static void make_ridge(struct wv_landscape *landscape, int index, struct wv_random *random)
{
    float depth = (float)(index + 1) / WV_RIDGES;
    float base = (float)landscape->shore - (float)landscape->height * (0.26f - 0.23f * depth);
    float phases[5], size = (float)landscape->height * (0.085f - 0.03f * depth);
    for (int i = 0; i < 5; i++) phases[i] = wv_random_unit(random) * 6.28f;
    for (int x = 0; x < landscape->width + 2 * LOOK_PIXELS; x++) {
        float u = (float)x / (float)landscape->height;
        float y = 0.9f * sinf(u * 2.1f + phases[0]) + 0.5f * sinf(u * 4.9f + phases[1]);
        /* Folded waves make peaks instead of hills on the far ridges. */
        y += (1 - depth) * (1.3f - 2 * fabsf(sinf(u * 5.3f + phases[2]))) +
             (1 - depth) * 0.5f * (0.6f - fabsf(sinf(u * 13.7f + phases[3])));
        y += 0.1f * sinf(u * 31 + phases[4]) + (wv_random_unit(random) - 0.5f) * 0.035f * depth;
        landscape->ridges[index][x] = (int16_t)(base - size * y);
    }
}

static int allocate(struct wv_landscape *landscape)
{
    size_t columns = (size_t)landscape->width + 2 * LOOK_PIXELS;
    for (int i = 0; i < WV_RIDGES; i++) {
        landscape->ridges[i] = malloc(columns * sizeof(int16_t));
        if (!landscape->ridges[i]) return -1;
    }
    landscape->edge = malloc(columns * sizeof(int16_t));
    landscape->fade = malloc(columns * sizeof(int16_t));
    landscape->strength = malloc(columns * sizeof(int16_t));
    return landscape->edge && landscape->fade && landscape->strength ? 0 : -1;
}

struct wv_landscape *wv_landscape_create(int width, int height, uint32_t seed)
{
    struct wv_landscape *landscape = calloc(1, sizeof *landscape);
    struct wv_random random = {seed};
    if (!landscape) return NULL;
    landscape->width = width;
    landscape->height = height;
    landscape->shore = height * 72 / 100;
    if (allocate(landscape) < 0) {
        wv_landscape_destroy(landscape);
        return NULL;
    }
    for (int i = 0; i < WV_RIDGES; i++) make_ridge(landscape, i, &random);
    for (int i = 0; i < STARS; i++) {
        landscape->stars[i][0] = wv_random_unit(&random) * (float)width;
        landscape->stars[i][1] = wv_random_unit(&random) * (float)landscape->shore * 0.8f;
        landscape->stars[i][2] = wv_random_unit(&random) * 6.28f;
    }
    landscape->now = landscape->from = PALETTES[0];
    landscape->blend = BLEND_FRAMES;
    return landscape;
}

void wv_landscape_destroy(struct wv_landscape *landscape)
{
    if (!landscape) return;
    for (int i = 0; i < WV_RIDGES; i++) free(landscape->ridges[i]);
    free(landscape->edge);
    free(landscape->fade);
    free(landscape->strength);
    free(landscape);
}

void wv_landscape_set_palette(struct wv_landscape *landscape, int palette)
{
    landscape->from = landscape->now;
    landscape->target = palette;
    landscape->blend = 0;
}

const char *wv_palette_name(int palette)
{
    return PALETTES[palette].name;
}

uint32_t wv_landscape_accent(const struct wv_landscape *landscape)
{
    return landscape->now.accent;
}

int wv_landscape_shore(const struct wv_landscape *landscape)
{
    return landscape->shore;
}

static void blend_palette(struct wv_landscape *landscape)
{
    if (landscape->blend >= BLEND_FRAMES) return;
    const struct palette *from = &landscape->from, *to = &PALETTES[landscape->target];
    float t = (float)++landscape->blend / BLEND_FRAMES;
    int amount = (int)(255 * t * t * (3 - 2 * t));
    struct palette *now = &landscape->now;
    for (int i = 0; i < 3; i++) now->sky[i] = wv_mix(from->sky[i], to->sky[i], amount);
    for (int i = 0; i < 2; i++) now->ridges[i] = wv_mix(from->ridges[i], to->ridges[i], amount);
    for (int i = 0; i < 2; i++) now->light[i] = wv_mix(from->light[i], to->light[i], amount);
    now->body = wv_mix(from->body, to->body, amount);
    now->accent = wv_mix(from->accent, to->accent, amount);
    now->stars = from->stars + (to->stars - from->stars) * amount / 255;
    now->lights = from->lights + (to->lights - from->lights) * amount / 255;
}

/* Four neighbouring pixels of one row of the gradient, dithered so that no bands show. */
static void sky_pattern(const struct palette *palette, float position, int y, uint32_t out[4])
{
    int lower = position > 0.55f;
    float local = lower ? (position - 0.55f) / 0.45f : position / 0.55f;
    uint32_t a = palette->sky[lower], b = palette->sky[lower + 1];
    for (int x = 0; x < 4; x++) {
        uint32_t color = 0;
        for (int shift = 0; shift < 24; shift += 8) {
            float from = (float)(a >> shift & 0xff), to = (float)(b >> shift & 0xff);
            int value = (int)(from + (to - from) * local + (float)DITHER[y & 3][x] / 16.0f);
            color |= (uint32_t)(value > 255 ? 255 : value) << shift;
        }
        out[x] = color;
    }
}

/* Lower edge, upward reach and strength of the polar light for each column. */
static void move_lights(struct wv_landscape *landscape, double seconds)
{
    float t = (float)seconds, height = (float)landscape->height;
    for (int x = 0; x < landscape->width; x++) {
        float u = (float)x / height;
        float wave = sinf(u * 2.3f + t * 0.21f) + 0.5f * sinf(u * 5.1f - t * 0.33f) +
                     0.22f * sinf(u * 11.7f + t * 0.6f);
        float curtain = 0.5f + 0.3f * sinf(u * 3.7f - t * 0.4f) + 0.2f * sinf(u * 17 + t * 0.9f);
        landscape->edge[x] = (int16_t)(height * (0.36f + 0.07f * wave));
        landscape->fade[x] = (int16_t)(256 * 256 / (height * (0.2f + 0.1f * curtain)) / 2);
        landscape->strength[x] = (int16_t)(curtain * (float)landscape->now.lights);
    }
}

WV_FAST static void draw_sky_row(const struct wv_landscape *landscape, uint32_t *restrict line,
                                 int y, const uint32_t *restrict pattern)
{
    const int16_t *restrict edge = landscape->edge;
    const int16_t *restrict fade = landscape->fade;
    const int16_t *restrict strength = landscape->strength;
    int low_red = (int)(landscape->now.light[0] >> 16 & 0xff);
    int low_green = (int)(landscape->now.light[0] >> 8 & 0xff);
    int low_blue = (int)(landscape->now.light[0] & 0xff);
    int high_red = (int)(landscape->now.light[1] >> 16 & 0xff);
    int high_green = (int)(landscape->now.light[1] >> 8 & 0xff);
    int high_blue = (int)(landscape->now.light[1] & 0xff);
    for (int x = 0; x < landscape->width; x++) {
        int up = edge[x] - y;
        int above = 256 - (up * fade[x] >> 7);
        int below = 256 + up * 12;
        int light = above < below ? above : below;
        light = light < 0 ? 0 : light > 256 ? 256 : light;
        int glow = light * light >> 8;
        int low = glow * light * strength[x] >> 17;
        int high = (glow - (glow * light >> 8)) * strength[x] >> 8;
        int base = (int)pattern[x & 3];
        int red = (base >> 16 & 0xff) + ((low_red * low + high_red * high) >> 8);
        int green = (base >> 8 & 0xff) + ((low_green * low + high_green * high) >> 8);
        int blue = (base & 0xff) + ((low_blue * low + high_blue * high) >> 8);
        red = red > 255 ? 255 : red;
        green = green > 255 ? 255 : green;
        blue = blue > 255 ? 255 : blue;
        line[x] = (uint32_t)(red << 16 | green << 8 | blue);
    }
}

WV_FAST static void fill_row(uint32_t *restrict line, int width,
                             const uint32_t *restrict pattern)
{
    for (int x = 0; x < width; x++) line[x] = pattern[x & 3];
}

static void draw_sky(const struct wv_landscape *landscape, struct wv_canvas *canvas)
{
    /* The light reaches 21 rows below its edge and some way above: the rest is plain gradient. */
    int first = landscape->height, last = 0;
    for (int x = 0; x < landscape->width; x += 4) {
        int top = landscape->edge[x] - 256 * 128 / landscape->fade[x];
        if (top < first) first = top;
        if (landscape->edge[x] > last) last = landscape->edge[x];
    }
    for (int y = 0; y < landscape->shore; y++) {
        uint32_t pattern[4], *line = canvas->pixels + (size_t)y * (size_t)canvas->stride;
        sky_pattern(&landscape->now, (float)y / (float)landscape->shore, y, pattern);
        if (y < first || y > last + 24) {
            fill_row(line, landscape->width, pattern);
        } else {
            draw_sky_row(landscape, line, y, pattern);
        }
    }
}

WV_FAST static void draw_ridge_row(uint32_t *restrict line, const int16_t *restrict top,
                                   int width, int y, uint32_t color)
{
    for (int x = 0; x < width; x++) line[x] = top[x] <= y ? color : line[x];
}

static void draw_stars(const struct wv_landscape *landscape, struct wv_canvas *canvas,
                       double seconds)
{
    for (int i = 0; i < STARS; i++) {
        const float *star = landscape->stars[i];
        float twinkle = 0.55f + 0.45f * sinf((float)seconds * (0.6f + star[2] * 0.2f) + star[2]);
        int alpha = (int)(twinkle * (float)landscape->now.stars);
        wv_glow(canvas, star[0], star[1], i % 9 == 0 ? 3.4f : 2.0f, 0xffffff, alpha);
    }
}

static void draw_ridges(const struct wv_landscape *landscape, struct wv_canvas *canvas, float look)
{
    for (int i = 0; i < WV_RIDGES; i++) {
        float depth = (float)i / (WV_RIDGES - 1);
        const int16_t *top =
            landscape->ridges[i] + LOOK_PIXELS + (int)(look * LOOK_PIXELS * (0.2f + 0.7f * depth));
        int first = landscape->height;
        for (int x = 0; x < landscape->width; x++) first = top[x] < first ? top[x] : first;
        uint32_t color =
            wv_mix(landscape->now.ridges[0], landscape->now.ridges[1], (int)(255 * depth));
        for (int y = first < 0 ? 0 : first; y < landscape->shore; y++) {
            /* Haze lies at the foot of every ridge. */
            int haze = (int)(70 * (1 - depth) * (float)(y - first) /
                             (float)(landscape->shore - first + 1));
            draw_ridge_row(canvas->pixels + (size_t)y * (size_t)canvas->stride, top,
                           landscape->width, y, wv_mix(color, landscape->now.sky[2], haze));
        }
    }
}

void wv_landscape_draw(struct wv_landscape *landscape, struct wv_canvas *canvas, double seconds,
                       float look)
{
    float body_x = (float)landscape->width * 0.78f - look * 6;
    float body_y = (float)landscape->height * 0.17f, size = (float)landscape->height;
    blend_palette(landscape);
    move_lights(landscape, seconds);
    draw_sky(landscape, canvas);
    draw_stars(landscape, canvas, seconds);
    wv_glow(canvas, body_x, body_y, size * 0.17f, landscape->now.body, 90);
    wv_ring(canvas, body_x, body_y, size * 0.0135f, size * 0.027f, landscape->now.body, 255);
    draw_ridges(landscape, canvas, look);
}

WV_FAST static void dim_row(uint32_t *restrict target, const uint32_t *restrict source, int width,
                            uint32_t tint)
{
    uint32_t little_tint = tint >> 3 & 0x1f1f1f;
    for (int x = 0; x < width; x++) {
        uint32_t color = source[x];
        target[x] = (color >> 1 & 0x7f7f7f) + (color >> 3 & 0x1f1f1f) + little_tint;
    }
}

void wv_landscape_mirror(const struct wv_landscape *landscape, struct wv_canvas *canvas,
                         double seconds)
{
    float t = (float)seconds;
    int lake = landscape->height - landscape->shore;
    for (int row = 0; row < lake; row++) {
        float depth = (float)row / (float)lake;
        float near = 0.15f + depth;
        int sway = (int)(near * 7 * sinf((float)row * 0.32f / near + t * 1.6f) +
                         near * 3 * sinf((float)row * 0.11f - t * 0.9f));
        int bob = (int)(near * 2 * sinf((float)row * 0.5f / near - t * 2.1f));
        int source_y = landscape->shore - 1 - (int)((float)row * 1.55f) + bob;
        if (source_y >= landscape->shore) source_y = landscape->shore - 1;
        if (source_y < 0) source_y = 0;
        uint32_t *target =
            canvas->pixels + (size_t)(landscape->shore + row) * (size_t)canvas->stride;
        const uint32_t *source = canvas->pixels + (size_t)source_y * (size_t)canvas->stride;
        uint32_t tint = wv_mix(landscape->now.sky[2], landscape->now.sky[0], (int)(255 * depth));
        int left = sway > 0 ? sway : 0, right = sway < 0 ? -sway : 0;
        int width = landscape->width - left - right;
        dim_row(target + left, source + right, width, tint);
        for (int x = 0; x < left; x++) target[x] = target[left];
        for (int x = landscape->width - right; x < landscape->width; x++) {
            target[x] = target[landscape->width - right - 1];
        }
    }
}
