/*
 * Scene: what the contents of the measuring program share. A content paints into one block of
 * shared memory (the surface), which may be larger than the window; each frame puts one
 * window-sized part of it on the screen, so scrolling and panning cost no drawing at all.
 */
#ifndef WV_SCENE_H
#define WV_SCENE_H

#include "canvas.h"

#include <stdint.h>

/* Areas that a frame paints over the prepared surface and that the next frame takes back. */
#define WV_MAX_PATCHES 24

struct wv_patch {
    int x, y, width, height;
    uint32_t *pixels;
    int capacity;
};

/* What the input events mean to a content; positions are window pixels. */
enum wv_event_kind { WV_EVENT_MOTION, WV_EVENT_PRESS, WV_EVENT_RELEASE, WV_EVENT_KEY };

struct wv_scene_event {
    enum wv_event_kind kind;
    int x, y;
    /* Button number for PRESS and RELEASE. */
    int button;
    /* Name of the key for KEY, as X calls it, and the character it types, "" when none. */
    const char *key_name;
    const char *typed;
};

struct wv_scene {
    struct wv_canvas surface;
    /* Size of the window, and the part of the surface that the next frame shows. */
    int width, height;
    int source_x, source_y;
    uint32_t seed;
    /* Draws so far, and the content rate. */
    uint32_t frame;
    double frames_per_second;
    /* Seconds since the program began. */
    double seconds;
    uint16_t input_count;
    struct wv_patch patches[WV_MAX_PATCHES];
    int patch_count;
    /* The content's own memory; the content frees it in `end`. */
    void *state;
};

/* One kind of content; no entry is optional. */
struct wv_content {
    const char *name;
    /* Draws only once and after input. */
    int still;
    /* Frame marker drawn unless told otherwise. */
    int marked;
    /* Size of the surface for a window. */
    void (*measure)(int width, int height, int *surface_width, int *surface_height);
    /* Paints what never changes; 0 or -1 when memory is short. Called again after a resize. */
    int (*begin)(struct wv_scene *scene);
    /* Paints what changed and sets source_x, source_y. */
    void (*draw)(struct wv_scene *scene);
    void (*event)(struct wv_scene *scene, const struct wv_scene_event *event);
    void (*end)(struct wv_scene *scene);
};

extern const struct wv_content wv_content_scroll, wv_content_game, wv_content_video,
    wv_content_grain, wv_content_still, wv_content_desktop;

/* Remembers an area of the surface until wv_patches_restore; clipped. 0 when there is no room. */
int wv_patch_save(struct wv_scene *scene, int x, int y, int width, int height);
/* Puts all remembered areas back, newest first. */
void wv_patches_restore(struct wv_scene *scene);
void wv_patches_free(struct wv_scene *scene);

/* For contents without input. */
void wv_ignore_event(struct wv_scene *scene, const struct wv_scene_event *event);

#endif
