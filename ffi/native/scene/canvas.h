/*
 * Canvas: drawing into a block of BGRX memory for the scene program. Colours are 0xRRGGBB,
 * alpha is 0..255, coordinates are pixels with y down; everything is clipped to the canvas.
 */
#ifndef WV_SCENE_CANVAS_H
#define WV_SCENE_CANVAS_H

#include <stdint.h>

/* Vector code for the machine at hand where the compiler can choose at run time. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WV_FAST __attribute__((optimize("O3"), target_clones("avx2", "default")))
#elif defined(__GNUC__) && !defined(__clang__)
#define WV_FAST __attribute__((optimize("O3")))
#else
#define WV_FAST
#endif

/* A view of pixels; it does not own them. `stride` counts pixels. */
struct wv_canvas {
    uint32_t *pixels;
    int stride;
    int width;
    int height;
};

/* Glyphs of one size, rendered once with smooth edges. */
struct wv_font;

/* Small fast generator (xorshift32) so that equal seeds give equal pictures. */
struct wv_random {
    uint32_t state;
};

uint32_t wv_random_next(struct wv_random *random);
/* Uniform in [0, 1). */
float wv_random_unit(struct wv_random *random);

/* `amount` 0 gives `from`, 255 gives `to`. */
uint32_t wv_mix(uint32_t from, uint32_t to, int amount);

void wv_fill(struct wv_canvas *canvas, int x, int y, int width, int height, uint32_t color);
void wv_blend_rect(struct wv_canvas *canvas, int x, int y, int width, int height, uint32_t color,
                   int alpha);
/* Rectangle with round corners and smooth edges. */
void wv_round_rect(struct wv_canvas *canvas, float x, float y, float width, float height,
                   float radius, uint32_t color, int alpha);
/* Outline of the same, `thickness` pixels wide, centred on the edge. */
void wv_round_outline(struct wv_canvas *canvas, float x, float y, float width, float height,
                      float radius, float thickness, uint32_t color, int alpha);
/* Ring of `thickness` around a circle of `radius`; a disc when thickness >= 2 * radius. */
void wv_ring(struct wv_canvas *canvas, float x, float y, float radius, float thickness,
             uint32_t color, int alpha);
/* Adds light that falls off smoothly to nothing at `radius`. */
void wv_glow(struct wv_canvas *canvas, float x, float y, float radius, uint32_t color, int alpha);

/* `cap_height` is the height of a capital in pixels; `weight` the width of its strokes. The caller
 * destroys the font. NULL when memory is short. */
struct wv_font *wv_font_create(float cap_height, float weight);
void wv_font_destroy(struct wv_font *font);
/* Draws ASCII text with its baseline at `y`; returns the x after the last glyph. Characters
 * outside 32..126 are drawn as '?'. */
int wv_text(struct wv_canvas *canvas, const struct wv_font *font, int x, int y, const char *text,
            uint32_t color, int alpha);
int wv_text_width(const struct wv_font *font, const char *text);

#endif
