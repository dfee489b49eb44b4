/*
 * Content "game": a noisy textured landscape under a panning camera, with a steady head-up display
 * and moving figures. The landscape is painted once, larger than the window; a frame shows another
 * part of it and paints only figures and display.
 */
#include "scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROAM_X = 960, ROAM_Y = 480, STEP_X = 6, STEP_Y = 3, FIGURES = 8, LATTICE = 64 };

struct game {
    struct wv_font *font;
    float phases[FIGURES];
};

static void game_measure(int width, int height, int *surface_width, int *surface_height)
{
    *surface_width = width + ROAM_X;
    *surface_height = height + ROAM_Y;
}

static float lattice_noise(const float *lattice, float x, float y)
{
    int column = (int)x, row = (int)y;
    float fx = x - (float)column, fy = y - (float)row;
    fx = fx * fx * (3 - 2 * fx);
    fy = fy * fy * (3 - 2 * fy);
    const float *top = lattice + (row & (LATTICE - 1)) * LATTICE;
    const float *bottom = lattice + ((row + 1) & (LATTICE - 1)) * LATTICE;
    int next = (column + 1) & (LATTICE - 1);
    column &= LATTICE - 1;
    float a = top[column] + (top[next] - top[column]) * fx;
    float b = bottom[column] + (bottom[next] - bottom[column]) * fx;
    return a + (b - a) * fy;
}

static uint32_t ground_color(float height, int grain)
{
    static const uint32_t BANDS[] = {0x16324a, 0x2b5c6e, 0xb59f6b, 0x5d7f3a, 0x3c5c2c, 0x5c5348,
                                     0x8b8378};
    float position = height * 6;
    if (position > 5.99f) position = 5.99f;
    int band = (int)position;
    uint32_t color = wv_mix(BANDS[band], BANDS[band + 1], (int)((position - (float)band) * 255));
    return grain > 0 ? wv_mix(color, 0xffffff, grain) : wv_mix(color, 0, -grain);
}

static int game_begin(struct wv_scene *scene)
{
    static float lattice[LATTICE * LATTICE];
    struct game *game = calloc(1, sizeof *game);
    struct wv_random random = {scene->seed};
    if (!game) return -1;
    scene->state = game;
    game->font = wv_font_create(13, 2);
    if (!game->font) return -1;
    for (int i = 0; i < LATTICE * LATTICE; i++) lattice[i] = wv_random_unit(&random);
    for (int i = 0; i < FIGURES; i++) game->phases[i] = wv_random_unit(&random) * 6.28f;
    for (int y = 0; y < scene->surface.height; y++) {
        uint32_t *line = scene->surface.pixels + (size_t)y * (size_t)scene->surface.stride;
        for (int x = 0; x < scene->surface.width; x++) {
            float fx = (float)x, fy = (float)y;
            float height = lattice_noise(lattice, fx / 190, fy / 190) * 0.6f +
                           lattice_noise(lattice, fx / 61, fy / 61) * 0.25f +
                           lattice_noise(lattice, fx / 17, fy / 17) * 0.15f;
            int grain = (int)(wv_random_next(&random) % 45) - 22;
            line[x] = ground_color(height, grain);
        }
    }
    return 0;
}

static int bounce(uint32_t frame, int step, int range)
{
    int position = (int)((uint64_t)frame * (unsigned)step % (unsigned)(2 * range));
    return position < range ? position : 2 * range - position;
}

static void draw_figure(struct wv_scene *scene, int index, float phase)
{
    float t = (float)scene->seconds * 0.9f + phase;
    float x = (float)scene->source_x + (float)scene->width * (0.5f + 0.38f * sinf(t * 0.7f));
    float y = (float)scene->source_y + (float)scene->height * (0.5f + 0.36f * cosf(t + phase));
    uint32_t color = index % 2 ? 0xe05a47 : 0x4fb3ff;
    if (!wv_patch_save(scene, (int)x - 18, (int)y - 24, 36, 44)) return;
    wv_round_rect(&scene->surface, x - 9, y - 8, 18, 26, 7, color, 255);
    wv_ring(&scene->surface, x, y - 14, 4, 8, 0xf3d9b1, 255);
}

static void draw_display(struct wv_scene *scene, const struct game *game)
{
    struct wv_canvas *surface = &scene->surface;
    int x = scene->source_x + 24, y = scene->source_y + scene->height - 60;
    char text[32];
    if (wv_patch_save(scene, x, y, 260, 40)) {
        wv_round_rect(surface, (float)x, (float)y, 260, 40, 10, 0x0b0f14, 190);
        wv_round_rect(surface, (float)x + 14, (float)y + 14, 150, 12, 6, 0x3a1f24, 255);
        wv_round_rect(surface, (float)x + 14, (float)y + 14, 112, 12, 6, 0xe2574c, 255);
        snprintf(text, sizeof text, "%u", (unsigned)(scene->seconds * 10));
        wv_text(surface, game->font, x + 180, y + 26, text, 0xf2f4f8, 255);
    }
    int center_x = scene->source_x + scene->width / 2;
    int center_y = scene->source_y + scene->height / 2;
    if (wv_patch_save(scene, center_x - 16, center_y - 16, 32, 32)) {
        wv_ring(surface, (float)center_x, (float)center_y, 10, 2, 0xffffff, 220);
    }
}

static void game_draw(struct wv_scene *scene)
{
    const struct game *game = scene->state;
    scene->source_x = bounce(scene->frame, STEP_X, ROAM_X);
    scene->source_y = bounce(scene->frame, STEP_Y, ROAM_Y);
    for (int i = 0; i < FIGURES; i++) draw_figure(scene, i, game->phases[i]);
    draw_display(scene, game);
}

static void game_end(struct wv_scene *scene)
{
    struct game *game = scene->state;
    if (game) wv_font_destroy(game->font);
    free(game);
    scene->state = NULL;
}

const struct wv_content wv_content_game = {
    "game", 0, 1, game_measure, game_begin, game_draw, wv_ignore_event, game_end,
};
