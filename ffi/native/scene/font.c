/*
 * Font: a typeface of round strokes, kept as centre lines so that it has every size. The grid of a
 * glyph: baseline 0, small letters reach 10, capitals 14, descenders -4. A glyph's text is its
 * advance, then strokes separated by "/"; "~" marks the control point of a quadratic curve.
 */
#include "canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 32, COUNT = 95, MAX_SEGMENTS = 96, CURVE_STEPS = 8 };
#define CAP_UNITS 14.0f

static const char *const GLYPHS[COUNT] = {
    /*   */ "6",
    /* ! */ "5 2.5,14 2.5,5/2.5,0.6 2.5,0.4",
    /* " */ "8 2,14 2,10/6,14 6,10",
    /* # */ "12 4,13 3,1/9,13 8,1/1,9 11,9/1,5 11,5",
    /* $ */ "10 9,11 ~8,12.5 5,12.5 ~1,12.5 1,9.7 ~1,7.3 5,7 ~9,6.7 9,4 ~9,1.5 5,1.5 ~2,1.5 1,3/5,15 5,-1",
    /* % */ "14 11.5,14 2.5,0/3.5,14 ~1,14 1,11 ~1,8 3.5,8 ~6,8 6,11 ~6,14 3.5,14/10.5,6 ~8,6 8,3 ~8,0 10.5,0 ~13,0 13,3 ~13,6 10.5,6",
    /* & */ "12 11,0 4,8.5 ~2.5,10 2.5,11.4 ~2.5,14 5,14 ~7.5,14 7.5,11.5 ~7.5,9.5 4.5,7.6 ~1,5.5 1,3.3 ~1,0 4.8,0 ~9.5,0 10,6",
    /* ' */ "4 2,14 2,10",
    /* ( */ "6 5,15.5 ~1.5,12 1.5,6 ~1.5,0 5,-3.5",
    /* ) */ "6 1,15.5 ~4.5,12 4.5,6 ~4.5,0 1,-3.5",
    /* * */ "9 4.5,13 4.5,6/1.5,11.2 7.5,7.8/7.5,11.2 1.5,7.8",
    /* + */ "11 5.5,11 5.5,2/1,6.5 10,6.5",
    /* , */ "5 2.8,0.8 1.6,-2.6",
    /* - */ "8 1.5,6 6.5,6",
    /* . */ "5 2.5,0.6 2.5,0.4",
    /* / */ "8 7,15 1,-2",
    /* 0 */ "11 1,7 ~1,14 5.5,14 ~10,14 10,7 ~10,0 5.5,0 ~1,0 1,7",
    /* 1 */ "8 1.5,11.5 5,14 5,0",
    /* 2 */ "10 1,10.8 ~1.2,14 5,14 ~9,14 9,10.5 ~9,8 6,5 1,0 9.2,0",
    /* 3 */ "10 1,12 ~2.2,14 5,14 ~8.6,14 8.6,10.8 ~8.6,7.5 4,7.5/4,7.5 ~9.2,7.5 9.2,3.8 ~9.2,0 5,0 ~1.8,0 0.8,2.4",
    /* 4 */ "11 7.5,0 7.5,14 1,4 10,4",
    /* 5 */ "10 8.5,14 2,14 1.5,7.8 ~3,8.8 5,8.8 ~9.2,8.8 9.2,4.4 ~9.2,0 5,0 ~2,0 0.8,2.2",
    /* 6 */ "10.5 8.6,13 ~7.8,14 6,14 ~1,14 1,6 ~1,0 5.3,0 ~9.5,0 9.5,4.4 ~9.5,8.6 5.3,8.6 ~1.4,8.6 1,4.6",
    /* 7 */ "10 1,14 9,14 3.5,0",
    /* 8 */ "10.5 5.2,7.6 ~1.4,7.6 1.4,10.8 ~1.4,14 5.2,14 ~9,14 9,10.8 ~9,7.6 5.2,7.6 ~0.9,7.6 0.9,3.8 ~0.9,0 5.2,0 ~9.6,0 9.6,3.8 ~9.6,7.6 5.2,7.6",
    /* 9 */ "10.5 1.9,1 ~2.7,0 4.5,0 ~9.5,0 9.5,8 ~9.5,14 5.2,14 ~1,14 1,9.6 ~1,5.4 5.2,5.4 ~9.1,5.4 9.5,9.4",
    /* : */ "5 2.5,8.6 2.5,8.4/2.5,0.6 2.5,0.4",
    /* ; */ "5 2.5,8.6 2.5,8.4/2.8,0.8 1.6,-2.6",
    /* < */ "10 8.5,11 1.5,6.5 8.5,2",
    /* = */ "11 1,8.6 10,8.6/1,4.4 10,4.4",
    /* > */ "10 1.5,11 8.5,6.5 1.5,2",
    /* ? */ "9 1,11 ~1.2,14 4.5,14 ~8,14 8,11 ~8,9 6,7.6 ~4.3,6.4 4.3,4.4/4.3,0.6 4.3,0.4",
    /* @ */ "15 10.5,8 ~10.5,9.8 7.8,9.8 ~4.6,9.8 4.6,6 ~4.6,2.6 7.2,2.6 ~10.5,2.6 10.5,8/10.5,8 ~10,2.4 12,2.4 ~14,2.4 14,6.5 ~14,13.5 7.5,13.5 ~1,13.5 1,6 ~1,-2 8,-2 ~10,-2 11.5,-1.2",
    /* A */ "13 1,0 6.5,14 12,0/2.9,4.6 10.1,4.6",
    /* B */ "11 1.5,0 1.5,14 5.5,14 ~9,14 9,10.8 ~9,7.6 5.5,7.6 1.5,7.6/5.5,7.6 ~10,7.6 10,3.8 ~10,0 5.5,0 1.5,0",
    /* C */ "12 11,11.2 ~9.6,14 6.6,14 ~1,14 1,7 ~1,0 6.6,0 ~9.6,0 11,2.8",
    /* D */ "12.5 1.5,0 1.5,14 5.2,14 ~11.5,14 11.5,7 ~11.5,0 5.2,0 1.5,0",
    /* E */ "10.5 9.2,14 1.5,14 1.5,0 9.2,0/1.5,7.4 8,7.4",
    /* F */ "10 9,14 1.5,14 1.5,0/1.5,7.2 7.8,7.2",
    /* G */ "13 11.4,11.4 ~9.8,14 6.8,14 ~1,14 1,7 ~1,0 6.8,0 ~11.8,0 11.8,6.4 7.4,6.4",
    /* H */ "12.5 1.5,14 1.5,0/11,14 11,0/1.5,7.3 11,7.3",
    /* I */ "4.5 2.2,14 2.2,0",
    /* J */ "9 7.5,14 7.5,4 ~7.5,0 4.2,0 ~1.4,0 0.9,3",
    /* K */ "11.5 1.5,14 1.5,0/10,14 1.5,5.6/4.6,8.6 10.6,0",
    /* L */ "9.5 1.5,14 1.5,0 8.8,0",
    /* M */ "15 1.5,0 1.5,14 7.5,4 13.5,14 13.5,0",
    /* N */ "12.5 1.5,0 1.5,14 11,0 11,14",
    /* O */ "14 1,7 ~1,14 7,14 ~13,14 13,7 ~13,0 7,0 ~1,0 1,7",
    /* P */ "11 1.5,0 1.5,14 5.6,14 ~10,14 10,10.2 ~10,6.4 5.6,6.4 1.5,6.4",
    /* Q */ "14 1,7 ~1,14 7,14 ~13,14 13,7 ~13,0 7,0 ~1,0 1,7/8.6,4 13,-0.8",
    /* R */ "11.5 1.5,0 1.5,14 5.6,14 ~10,14 10,10.4 ~10,6.8 5.6,6.8 1.5,6.8/6,6.8 10.4,0",
    /* S */ "11 9.6,11.6 ~8.4,14 5.4,14 ~1.4,14 1.4,10.6 ~1.4,7.8 5.5,7.3 ~10,6.8 10,3.7 ~10,0 5.6,0 ~2.2,0 1,2.6",
    /* T */ "11 0.8,14 10.2,14/5.5,14 5.5,0",
    /* U */ "12.5 1.5,14 1.5,5.4 ~1.5,0 6.2,0 ~11,0 11,5.4 11,14",
    /* V */ "12.5 1,14 6.2,0 11.5,14",
    /* W */ "18 1,14 5,0 9,12.6 13,0 17,14",
    /* X */ "12 1.2,14 10.8,0/10.8,14 1.2,0",
    /* Y */ "12 1,14 6,6.6 11,14/6,6.6 6,0",
    /* Z */ "11.5 1.4,14 10.2,14 1.2,0 10.4,0",
    /* [ */ "6 5,15.5 2,15.5 2,-3.5 5,-3.5",
    /* \ */ "8 1,15 7,-2",
    /* ] */ "6 1,15.5 4,15.5 4,-3.5 1,-3.5",
    /* ^ */ "10 1.5,8.5 5,14 8.5,8.5",
    /* _ */ "10 0.5,-2.5 9.5,-2.5",
    /* ` */ "6 2,14.5 4,12",
    /* a */ "10 1.6,8.4 ~2.6,10 4.8,10 ~8.4,10 8.4,6.6 8.4,0/8.4,6 4.6,5.8 ~1,5.6 1,2.9 ~1,0 4,0 ~7.6,0 8.4,3.4",
    /* b */ "10.5 1.5,14 1.5,0/1.5,5 ~1.5,10 5.4,10 ~9.5,10 9.5,5 ~9.5,0 5.4,0 ~1.5,0 1.5,5",
    /* c */ "9.5 8.6,7.8 ~7.6,10 5.2,10 ~1,10 1,5 ~1,0 5.2,0 ~7.6,0 8.6,2.2",
    /* d */ "10.5 9,14 9,0/9,5 ~9,10 5.1,10 ~1,10 1,5 ~1,0 5.1,0 ~9,0 9,5",
    /* e */ "10 1.1,5.3 9,5.3 ~9,10 5.1,10 ~1,10 1,5 ~1,0 5.2,0 ~7.8,0 8.8,2.2",
    /* f */ "6.5 6.2,13.7 ~5.8,14 5,14 ~2.8,14 2.8,11 2.8,0/0.6,9.4 5.8,9.4",
    /* g */ "10.5 9,10 9,-0.4 ~9,-4 5,-4 ~2.4,-4 1.4,-2.4/9,5.2 ~9,10 5.1,10 ~1,10 1,5.2 ~1,0.4 5.1,0.4 ~9,0.4 9,5.2",
    /* h */ "10 1.5,14 1.5,0/1.5,5.4 ~1.7,10 5.2,10 ~8.5,10 8.5,6 8.5,0",
    /* i */ "4.4 2.2,9.8 2.2,0/2.2,13.6 2.2,13.4",
    /* j */ "4.6 2.4,9.8 2.4,-1.4 ~2.4,-4 0.2,-4/2.4,13.6 2.4,13.4",
    /* k */ "9.4 1.5,14 1.5,0/8,9.8 1.5,3.8/4.2,6.3 8.6,0",
    /* l */ "5 2,14 2,2.2 ~2,0 4.2,0.1",
    /* m */ "15.5 1.5,9.8 1.5,0/1.5,5.6 ~1.7,10 4.8,10 ~7.8,10 7.8,6.2 7.8,0/7.8,5.6 ~8,10 11,10 ~14,10 14,6.2 14,0",
    /* n */ "10 1.5,9.8 1.5,0/1.5,5.4 ~1.7,10 5.2,10 ~8.5,10 8.5,6 8.5,0",
    /* o */ "10.4 1,5 ~1,10 5.2,10 ~9.4,10 9.4,5 ~9.4,0 5.2,0 ~1,0 1,5",
    /* p */ "10.5 1.5,9.8 1.5,-4/1.5,5 ~1.5,10 5.4,10 ~9.5,10 9.5,5 ~9.5,0 5.4,0 ~1.5,0 1.5,5",
    /* q */ "10.5 9,9.8 9,-4/9,5 ~9,10 5.1,10 ~1,10 1,5 ~1,0 5.1,0 ~9,0 9,5",
    /* r */ "7 1.5,9.8 1.5,0/1.5,5.4 ~1.8,10 5,10 ~5.8,10 6.4,9.7",
    /* s */ "9 7.6,8.2 ~6.6,10 4.4,10 ~1.3,10 1.3,7.6 ~1.3,5.6 4.5,5.2 ~7.9,4.8 7.9,2.6 ~7.9,0 4.5,0 ~2,0 1,1.9",
    /* t */ "7 3,13 3,3 ~3,0 6,0.2/0.7,9.4 6,9.4",
    /* u */ "10 1.5,9.8 1.5,4 ~1.5,0 4.8,0 ~8.3,0 8.5,4.6/8.5,9.8 8.5,0",
    /* v */ "9.6 0.9,9.8 4.8,0 8.7,9.8",
    /* w */ "14 0.9,9.8 3.9,0 7,8.8 10.1,0 13.1,9.8",
    /* x */ "9.2 1,9.8 8.2,0/8.2,9.8 1,0",
    /* y */ "9.6 0.9,9.8 4.9,0.2/8.8,9.8 4.4,-1.6 ~3.4,-4 1.2,-4",
    /* z */ "9 1,9.8 7.8,9.8 0.9,0 8,0",
    /* { */ "7 5.5,15.5 ~3,15.5 3,12.5 3,8 ~3,6 1,6 ~3,6 3,4 3,-0.5 ~3,-3.5 5.5,-3.5",
    /* | */ "5 2.5,15.5 2.5,-3.5",
    /* } */ "7 1.5,15.5 ~4,15.5 4,12.5 4,8 ~4,6 6,6 ~4,6 4,4 4,-0.5 ~4,-3.5 1.5,-3.5",
    /* ~ */ "11 1,5.4 ~1.8,8 3.6,8 ~5,8 5.8,6.8 ~6.8,5.4 7.8,5.4 ~9.4,5.4 10,8",
};

struct glyph {
    int left, top, width, height, advance;
    uint8_t *coverage;
};

struct wv_font {
    struct glyph glyphs[COUNT];
};

struct segments {
    float points[MAX_SEGMENTS][4];
    int count;
    float advance;
};

static void add_segment(struct segments *out, const float from[2], const float to[2])
{
    if (out->count == MAX_SEGMENTS) return;
    float *segment = out->points[out->count++];
    segment[0] = from[0];
    segment[1] = from[1];
    segment[2] = to[0];
    segment[3] = to[1];
}

static void add_curve(struct segments *out, const float a[2], const float b[2], const float c[2])
{
    float from[2] = {a[0], a[1]};
    for (int step = 1; step <= CURVE_STEPS; step++) {
        float t = (float)step / CURVE_STEPS, s = 1 - t;
        float to[2] = {s * s * a[0] + 2 * s * t * b[0] + t * t * c[0],
                       s * s * a[1] + 2 * s * t * b[1] + t * t * c[1]};
        add_segment(out, from, to);
        from[0] = to[0];
        from[1] = to[1];
    }
}

static void parse_glyph(const char *text, struct segments *out)
{
    char *next;
    float last[2] = {0, 0}, control[2] = {0, 0};
    int have_last = 0, have_control = 0;
    out->count = 0;
    out->advance = strtof(text, &next);
    while (*next) {
        if (*next == ' ') {
            next++;
        } else if (*next == '/') {
            have_last = 0;
            next++;
        } else {
            int is_control = *next == '~';
            float point[2];
            point[0] = strtof(next + is_control, &next);
            point[1] = strtof(next + 1, &next);
            if (is_control) {
                memcpy(control, point, sizeof control);
            } else {
                if (have_last && have_control) add_curve(out, last, control, point);
                else if (have_last) add_segment(out, last, point);
                memcpy(last, point, sizeof last);
                have_last = 1;
            }
            have_control = is_control;
        }
    }
}

static float segment_distance(const float *s, float x, float y)
{
    float dx = s[2] - s[0], dy = s[3] - s[1];
    float length = dx * dx + dy * dy;
    float t = length > 0 ? ((x - s[0]) * dx + (y - s[1]) * dy) / length : 0;
    if (t < 0) t = 0;
    if (t > 1) t = 1;
    float ex = x - s[0] - t * dx, ey = y - s[1] - t * dy;
    return sqrtf(ex * ex + ey * ey);
}

static int render_glyph(struct glyph *glyph, const struct segments *shape, float scale,
                        float weight)
{
    float min_x = 1e9f, min_y = 1e9f, max_x = -1e9f, max_y = -1e9f;
    glyph->advance = (int)lroundf(shape->advance * scale + weight * 0.7f);
    if (shape->count == 0) return 0;
    for (int i = 0; i < shape->count; i++) {
        for (int end = 0; end < 4; end += 2) {
            min_x = fminf(min_x, shape->points[i][end]);
            max_x = fmaxf(max_x, shape->points[i][end]);
            min_y = fminf(min_y, shape->points[i][end + 1]);
            max_y = fmaxf(max_y, shape->points[i][end + 1]);
        }
    }
    float margin = weight / 2 + 1;
    glyph->left = (int)floorf(min_x * scale - margin);
    glyph->top = (int)floorf(-max_y * scale - margin);
    glyph->width = (int)ceilf(max_x * scale + margin) - glyph->left;
    glyph->height = (int)ceilf(-min_y * scale + margin) - glyph->top;
    glyph->coverage = malloc((size_t)glyph->width * (size_t)glyph->height);
    if (!glyph->coverage) return -1;
    for (int y = 0; y < glyph->height; y++) {
        for (int x = 0; x < glyph->width; x++) {
            float px = ((float)(x + glyph->left) + 0.5f) / scale;
            float py = -((float)(y + glyph->top) + 0.5f) / scale;
            float nearest = 1e9f;
            for (int i = 0; i < shape->count; i++) {
                nearest = fminf(nearest, segment_distance(shape->points[i], px, py));
            }
            float covered = weight / 2 - nearest * scale + 0.5f;
            covered = covered < 0 ? 0 : covered > 1 ? 1 : covered;
            glyph->coverage[y * glyph->width + x] = (uint8_t)(covered * 255);
        }
    }
    return 0;
}

struct wv_font *wv_font_create(float cap_height, float weight)
{
    struct wv_font *font = calloc(1, sizeof *font);
    struct segments shape;
    if (!font) return NULL;
    for (int i = 0; i < COUNT; i++) {
        parse_glyph(GLYPHS[i], &shape);
        if (render_glyph(&font->glyphs[i], &shape, cap_height / CAP_UNITS, weight) < 0) {
            wv_font_destroy(font);
            return NULL;
        }
    }
    return font;
}

void wv_font_destroy(struct wv_font *font)
{
    if (!font) return;
    for (int i = 0; i < COUNT; i++) free(font->glyphs[i].coverage);
    free(font);
}

static const struct glyph *glyph_of(const struct wv_font *font, char character)
{
    int code = (unsigned char)character;
    if (code < FIRST || code >= FIRST + COUNT) code = '?';
    return &font->glyphs[code - FIRST];
}

static void draw_glyph(struct wv_canvas *canvas, const struct glyph *glyph, int x, int y,
                       uint32_t color, int alpha)
{
    for (int row = 0; row < glyph->height; row++) {
        int target_y = y + glyph->top + row;
        if (target_y < 0 || target_y >= canvas->height) continue;
        uint32_t *line = canvas->pixels + (size_t)target_y * (size_t)canvas->stride;
        const uint8_t *coverage = glyph->coverage + row * glyph->width;
        for (int column = 0; column < glyph->width; column++) {
            int target_x = x + glyph->left + column;
            if (coverage[column] == 0 || target_x < 0 || target_x >= canvas->width) continue;
            line[target_x] = wv_mix(line[target_x], color, coverage[column] * alpha / 255);
        }
    }
}

int wv_text(struct wv_canvas *canvas, const struct wv_font *font, int x, int y, const char *text,
            uint32_t color, int alpha)
{
    for (; *text; text++) {
        const struct glyph *glyph = glyph_of(font, *text);
        if (glyph->coverage) draw_glyph(canvas, glyph, x, y, color, alpha);
        x += glyph->advance;
    }
    return x;
}

int wv_text_width(const struct wv_font *font, const char *text)
{
    int width = 0;
    for (; *text; text++) width += glyph_of(font, *text)->advance;
    return width;
}
