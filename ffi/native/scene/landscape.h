/*
 * Landscape: the moving picture behind the demonstration desktop: sky, polar light, mountain
 * ridges that shift with the pointer, and a lake that mirrors all of it.
 */
#ifndef WV_SCENE_LANDSCAPE_H
#define WV_SCENE_LANDSCAPE_H

#include "canvas.h"

#define WV_RIDGES 4
#define WV_PALETTES 3

struct wv_landscape;

/* NULL when memory is short. The caller destroys it. */
struct wv_landscape *wv_landscape_create(int width, int height, uint32_t seed);
void wv_landscape_destroy(struct wv_landscape *landscape);
/* Time of day to move to, 0 to WV_PALETTES - 1. */
void wv_landscape_set_palette(struct wv_landscape *landscape, int palette);
const char *wv_palette_name(int palette);
/* Accent colour at this moment. */
uint32_t wv_landscape_accent(const struct wv_landscape *landscape);
/* First row of the lake. */
int wv_landscape_shore(const struct wv_landscape *landscape);
/* Sky and mountains. `look` is -1 (left) to 1 (right). */
void wv_landscape_draw(struct wv_landscape *landscape, struct wv_canvas *canvas, double seconds,
                       float look);
/* The lake, out of what is on the canvas above it. */
void wv_landscape_mirror(const struct wv_landscape *landscape, struct wv_canvas *canvas,
                         double seconds);

#endif
