/*
 * Contents "scroll" and "still": a full screen of program-like text. Scroll moves it by 4 pixels a
 * frame: the text is painted once, twice as high as the window, and frames show a moving part.
 */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

enum { SCROLL_STEP = 4, MARGIN = 28 };

static const char *const WORDS[] = {
    "frame", "packet", "window", "stream", "const", "return", "await", "buffer", "if", "for",
    "length", "offset", "value", "encode", "bytes", "time", "limit", "queue", "push", "pull",
    "next", "source", "repair", "symbol", "pixel", "delay", "=", "+", "<", "=>", "()", "{", "}",
    "the", "and", "of", "a", "when", "order", "clock", "rate", "0x1f", "42", "1080", "60", "true",
};
static const uint32_t INKS[] = {0xd8dee9, 0xd8dee9, 0xd8dee9, 0x88c0d0, 0xa3be8c, 0xebcb8b,
                                0xb48ead, 0x81a1c1, 0x6c7a96};

static void text_measure(int width, int height, int *surface_width, int *surface_height)
{
    *surface_width = width;
    *surface_height = height * 2;
}

static void still_measure(int width, int height, int *surface_width, int *surface_height)
{
    *surface_width = width;
    *surface_height = height;
}

static void paint_line(struct wv_canvas *canvas, const struct wv_font *font, int y, int line,
                       struct wv_random *random)
{
    int indent = (int)(wv_random_next(random) % 5) * 30;
    int x = MARGIN + 64 + indent;
    char number[12];
    int digits = 0, value = line;
    do {
        number[digits++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (int i = 0; i < digits / 2; i++) {
        char swap = number[i];
        number[i] = number[digits - 1 - i];
        number[digits - 1 - i] = swap;
    }
    number[digits] = 0;
    wv_text(canvas, font, MARGIN, y, number, 0x4c566a, 255);
    unsigned ragged = wv_random_next(random) % (unsigned)(canvas->width / 3);
    int end = canvas->width - MARGIN - (int)ragged;
    while (x < end) {
        const char *word = WORDS[wv_random_next(random) % (sizeof WORDS / sizeof *WORDS)];
        uint32_t ink = INKS[wv_random_next(random) % (sizeof INKS / sizeof *INKS)];
        x = wv_text(canvas, font, x, y, word, ink, 255) + 8;
    }
}

/* One window height of text; its lines fit a whole number of times, so copies of it join. */
static int paint_page(struct wv_scene *scene)
{
    struct wv_font *font = wv_font_create(scene->height >= 1000 ? 11.5f : 10, 1.5f);
    struct wv_canvas page = scene->surface;
    struct wv_random random = {scene->seed};
    if (!font) return -1;
    page.height = scene->height;
    wv_fill(&page, 0, 0, page.width, page.height, 0x20242e);
    wv_fill(&page, 0, 0, MARGIN + 48, page.height, 0x1b1f27);
    int lines = scene->height / (scene->height >= 1000 ? 23 : 19);
    for (int line = 0; line < lines; line++) {
        int top = (int)((int64_t)line * scene->height / lines);
        int bottom = (int)((int64_t)(line + 1) * scene->height / lines);
        if (line % 17 == 9) wv_fill(&page, 0, top, page.width, bottom - top, 0x2b303b);
        if (line % 9 != 3) paint_line(&page, font, bottom - 7, line + 1, &random);
    }
    wv_font_destroy(font);
    return 0;
}

static int scroll_begin(struct wv_scene *scene)
{
    if (paint_page(scene) < 0) return -1;
    size_t page = (size_t)scene->surface.stride * (size_t)scene->height;
    memcpy(scene->surface.pixels + page, scene->surface.pixels, page * 4);
    return 0;
}

static void scroll_draw(struct wv_scene *scene)
{
    scene->source_y = (int)((uint64_t)scene->frame * SCROLL_STEP % (unsigned)scene->height);
}

static int still_begin(struct wv_scene *scene)
{
    return paint_page(scene);
}

static void still_draw(struct wv_scene *scene)
{
    scene->source_y = 0;
}

static void text_end(struct wv_scene *scene)
{
    (void)scene;
}

const struct wv_content wv_content_scroll = {
    "scroll", 0, 1, text_measure, scroll_begin, scroll_draw, wv_ignore_event, text_end,
};
const struct wv_content wv_content_still = {
    "still", 1, 1, still_measure, still_begin, still_draw, wv_ignore_event, text_end,
};
