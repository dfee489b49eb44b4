/*
 * Patches: small areas of the surface that a frame paints over (the marker, a head-up display) and
 * that are put back before the next one, so that the prepared picture below stays whole.
 */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

int wv_patch_save(struct wv_scene *scene, int x, int y, int width, int height)
{
    const struct wv_canvas *surface = &scene->surface;
    if (x < 0) {
        width += x;
        x = 0;
    }
    if (y < 0) {
        height += y;
        y = 0;
    }
    if (x + width > surface->width) width = surface->width - x;
    if (y + height > surface->height) height = surface->height - y;
    if (width <= 0 || height <= 0 || scene->patch_count == WV_MAX_PATCHES) return 0;
    struct wv_patch *patch = &scene->patches[scene->patch_count];
    if (patch->capacity < width * height) {
        uint32_t *pixels = realloc(patch->pixels, (size_t)width * (size_t)height * 4);
        if (!pixels) return 0;
        patch->pixels = pixels;
        patch->capacity = width * height;
    }
    patch->x = x;
    patch->y = y;
    patch->width = width;
    patch->height = height;
    for (int row = 0; row < height; row++) {
        memcpy(patch->pixels + row * width,
               surface->pixels + (size_t)(y + row) * (size_t)surface->stride + x,
               (size_t)width * 4);
    }
    scene->patch_count++;
    return 1;
}

void wv_patches_restore(struct wv_scene *scene)
{
    const struct wv_canvas *surface = &scene->surface;
    while (scene->patch_count > 0) {
        const struct wv_patch *patch = &scene->patches[--scene->patch_count];
        for (int row = 0; row < patch->height; row++) {
            memcpy(surface->pixels + (size_t)(patch->y + row) * (size_t)surface->stride + patch->x,
                   patch->pixels + row * patch->width, (size_t)patch->width * 4);
        }
    }
}

void wv_patches_free(struct wv_scene *scene)
{
    for (int i = 0; i < WV_MAX_PATCHES; i++) {
        free(scene->patches[i].pixels);
        scene->patches[i] = (struct wv_patch){0};
    }
    scene->patch_count = 0;
}

void wv_ignore_event(struct wv_scene *scene, const struct wv_scene_event *event)
{
    (void)scene;
    (void)event;
}
