/*
 * Content "video": what a camera gives. A soft picture larger than the window drifts as if held in
 * a hand, lights move in it, and every pixel of every frame carries fresh sensor noise. The noise
 * is added as bytes that cannot overflow, which the compiler turns into vector additions. Content
 * "grain" is the same at night: so much noise that any bitrate is used up.
 */
#include "scene.h"

#include <math.h>
#include <stdlib.h>

enum { SWAY = 64, GRAIN_ROOM = 1024, DAY_GRAIN = 18, NIGHT_GRAIN = 56, LIGHTS = 3 };

struct video {
    uint32_t *picture;
    int picture_width;
    uint8_t *grain;
    struct wv_random random;
};

static void video_measure(int width, int height, int *surface_width, int *surface_height)
{
    *surface_width = width;
    *surface_height = height;
}

/* The colour of a place, which leaves room for `grain` to be added. */
static uint32_t picture_color(float x, float y, int grain)
{
    int most = 242 - grain;
    float sky = 1 - y;
    float hills = 0.62f + 0.06f * sinf(x * 7) + 0.03f * sinf(x * 19 + 1);
    float red = 40 + 130 * sky, green = 52 + 110 * sky, blue = 80 + 125 * sky;
    if (y > hills) {
        float depth = (y - hills) * 3;
        float pattern = 18 * sinf(x * 63 + y * 40) * sinf(y * 71);
        red = 58 + 60 * depth + pattern;
        green = 84 + 40 * depth + pattern;
        blue = 46 + 20 * depth + pattern / 2;
    }
    int r = (int)red, g = (int)green, b = (int)blue;
    return (uint32_t)(r < 0 ? 0 : r > most ? most : r) << 16 |
           (uint32_t)(g < 0 ? 0 : g > most ? most : g) << 8 |
           (uint32_t)(b < 0 ? 0 : b > most ? most : b);
}

static int begin_with_grain(struct wv_scene *scene, int grain)
{
    struct video *video = calloc(1, sizeof *video);
    if (!video) return -1;
    scene->state = video;
    video->random.state = scene->seed;
    video->picture_width = scene->width + 2 * SWAY;
    int picture_height = scene->height + 2 * SWAY;
    size_t grain_bytes = (size_t)scene->width * 4 + (size_t)GRAIN_ROOM * 64;
    video->picture = malloc((size_t)video->picture_width * (size_t)picture_height * 4);
    video->grain = malloc(grain_bytes);
    if (!video->picture || !video->grain) return -1;
    for (int y = 0; y < picture_height; y++) {
        for (int x = 0; x < video->picture_width; x++) {
            video->picture[(size_t)y * (size_t)video->picture_width + (size_t)x] =
                picture_color((float)x / (float)picture_height, (float)y / (float)picture_height,
                              grain);
        }
    }
    for (size_t i = 0; i < grain_bytes; i++) {
        video->grain[i] = (uint8_t)(wv_random_next(&video->random) % (uint32_t)grain);
    }
    return 0;
}

static int video_begin(struct wv_scene *scene)
{
    return begin_with_grain(scene, DAY_GRAIN);
}

static int grain_begin(struct wv_scene *scene)
{
    return begin_with_grain(scene, NIGHT_GRAIN);
}

static void add_grain(uint8_t *restrict target, const uint8_t *restrict picture,
                      const uint8_t *restrict grain, int bytes)
{
    for (int i = 0; i < bytes; i++) target[i] = (uint8_t)(picture[i] + grain[i]);
}

static void video_draw(struct wv_scene *scene)
{
    struct video *video = scene->state;
    float t = (float)scene->seconds;
    int left = SWAY + (int)(SWAY * 0.6f * sinf(t * 1.1f) + SWAY * 0.3f * sinf(t * 2.7f));
    int top = SWAY + (int)(SWAY * 0.5f * cosf(t * 0.9f) + SWAY * 0.3f * sinf(t * 3.1f));
    for (int y = 0; y < scene->height; y++) {
        const uint32_t *line =
            video->picture + (size_t)(top + y) * (size_t)video->picture_width + left;
        uint32_t offset = wv_random_next(&video->random) % (GRAIN_ROOM * 60);
        add_grain((uint8_t *)(scene->surface.pixels + (size_t)y * (size_t)scene->surface.stride),
                  (const uint8_t *)line, video->grain + offset, scene->width * 4);
    }
    for (int i = 0; i < LIGHTS; i++) {
        float phase = t * (0.5f + 0.2f * (float)i) + (float)i * 2.1f;
        wv_glow(&scene->surface, (float)scene->width * (0.5f + 0.4f * sinf(phase)),
                (float)scene->height * (0.3f + 0.2f * cosf(phase * 1.3f)),
                (float)scene->height / 8, 0xffd9a0, 110);
    }
}

static void video_end(struct wv_scene *scene)
{
    struct video *video = scene->state;
    if (!video) return;
    free(video->picture);
    free(video->grain);
    free(video);
    scene->state = NULL;
}

const struct wv_content wv_content_video = {
    "video", 0, 1, video_measure, video_begin, video_draw, wv_ignore_event, video_end,
};

const struct wv_content wv_content_grain = {
    "grain", 0, 1, video_measure, grain_begin, video_draw, wv_ignore_event, video_end,
};
