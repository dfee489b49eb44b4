/*
 * Content "desktop": what a host without a monitor shows first. A lake under polar light answers
 * the pointer, clicks and keys: ridges and a light follow the pointer, clicks send out rings and
 * lanterns, a card with buttons can be dragged, and typed text appears and flies away on Enter.
 */
#include "landscape.h"
#include "scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RINGS = 8,
    LANTERNS = 24,
    SPARKS = 40,
    TEXT_LIMIT = 34,
    BUTTONS = WV_PALETTES + 1,
    CARD_WIDTH = 468,
    CARD_HEIGHT = 248,
    RATE_FRAMES = 30,
};
#define RING_SECONDS 1.1f

struct ring {
    float x, y;
    double born;
};

struct lantern {
    float x, y, size, sway, speed;
    int alive;
    char text[TEXT_LIMIT + 1];
};

struct spark {
    float x, y, speed_x, speed_y, life;
};

struct desktop {
    struct wv_landscape *landscape;
    struct wv_font *title, *body, *small;
    struct wv_random random;
    float scale;
    float pointer_x, pointer_y, light_x, light_y, look;
    float card_x, card_y, grab_x, grab_y;
    int dragging, pressed_button, palette;
    char typed[TEXT_LIMIT + 1];
    double typed_at;
    struct ring rings[RINGS];
    int ring_count;
    struct lantern lanterns[LANTERNS];
    struct spark sparks[SPARKS];
    int next_spark;
    double rate_since, rate;
    uint32_t rate_frame;
};

static void desktop_measure(int width, int height, int *surface_width, int *surface_height)
{
    *surface_width = width;
    *surface_height = height;
}

static void release_lantern(struct desktop *desktop, float x, float y, float size, const char *text)
{
    for (int i = 0; i < LANTERNS; i++) {
        struct lantern *lantern = &desktop->lanterns[i];
        if (lantern->alive) continue;
        lantern->x = x;
        lantern->y = y;
        lantern->size = size;
        lantern->sway = wv_random_unit(&desktop->random) * 6.28f;
        lantern->speed = 0.5f + 0.5f * wv_random_unit(&desktop->random);
        lantern->alive = 1;
        snprintf(lantern->text, sizeof lantern->text, "%s", text);
        return;
    }
}

static int desktop_begin(struct wv_scene *scene)
{
    struct desktop *desktop = calloc(1, sizeof *desktop);
    if (!desktop) return -1;
    scene->state = desktop;
    float scale = (float)scene->height / 720.0f;
    float narrow = (float)scene->width / 620.0f;
    desktop->scale = scale < narrow ? scale : narrow;
    desktop->random.state = scene->seed * 2654435761u + 1;
    desktop->landscape = wv_landscape_create(scene->width, scene->height, scene->seed);
    desktop->title = wv_font_create(30 * desktop->scale, 4.2f * desktop->scale);
    desktop->body = wv_font_create(11.5f * desktop->scale, 1.7f * desktop->scale);
    desktop->small = wv_font_create(9.5f * desktop->scale, 1.4f * desktop->scale);
    if (!desktop->landscape || !desktop->title || !desktop->body || !desktop->small) return -1;
    desktop->pointer_x = desktop->light_x = (float)scene->width * 0.62f;
    desktop->pointer_y = desktop->light_y = (float)scene->height * 0.55f;
    desktop->card_x = (float)scene->width * 0.5f - CARD_WIDTH * desktop->scale / 2;
    desktop->card_y = (float)scene->height * 0.2f;
    desktop->pressed_button = -1;
    for (int i = 0; i < 6; i++) {
        release_lantern(desktop, (float)scene->width * wv_random_unit(&desktop->random),
                        (float)scene->height * (0.15f + 0.5f * wv_random_unit(&desktop->random)),
                        3.5f + 3 * wv_random_unit(&desktop->random), "");
    }
    return 0;
}

/* Position of a button in the window: the times of day, then "Lantern". */
static void button_box(const struct desktop *desktop, int button, float box[4])
{
    float scale = desktop->scale;
    box[0] = desktop->card_x + (28 + 103 * (float)button) * scale;
    box[1] = desktop->card_y + 186 * scale;
    box[2] = 96 * scale;
    box[3] = 36 * scale;
}

static int inside(const float box[4], float x, float y)
{
    return x >= box[0] && y >= box[1] && x < box[0] + box[2] && y < box[1] + box[3];
}

static int button_at(const struct desktop *desktop, float x, float y)
{
    for (int i = 0; i < BUTTONS; i++) {
        float box[4];
        button_box(desktop, i, box);
        if (inside(box, x, y)) return i;
    }
    return -1;
}

static void press(struct wv_scene *scene, struct desktop *desktop, float x, float y)
{
    const float card[4] = {desktop->card_x, desktop->card_y, CARD_WIDTH * desktop->scale,
                           CARD_HEIGHT * desktop->scale};
    struct ring *ring = &desktop->rings[desktop->ring_count++ % RINGS];
    *ring = (struct ring){x, y, scene->seconds};
    desktop->pressed_button = button_at(desktop, x, y);
    if (desktop->pressed_button >= 0) {
        if (desktop->pressed_button < WV_PALETTES) {
            desktop->palette = desktop->pressed_button;
            wv_landscape_set_palette(desktop->landscape, desktop->palette);
        } else {
            release_lantern(desktop, (float)scene->width * wv_random_unit(&desktop->random),
                            (float)wv_landscape_shore(desktop->landscape) * 0.98f, 8, "");
        }
    } else if (inside(card, x, y)) {
        desktop->dragging = 1;
        desktop->grab_x = x - desktop->card_x;
        desktop->grab_y = y - desktop->card_y;
    } else {
        release_lantern(desktop, x, y, 7, "");
    }
}

static void type_key(struct wv_scene *scene, struct desktop *desktop,
                     const struct wv_scene_event *event)
{
    size_t length = strlen(desktop->typed);
    char character = event->typed[0];
    desktop->typed_at = scene->seconds;
    if (strcmp(event->key_name, "BackSpace") == 0) {
        if (length > 0) desktop->typed[length - 1] = 0;
    } else if (strcmp(event->key_name, "Return") == 0 || strcmp(event->key_name, "KP_Enter") == 0) {
        release_lantern(desktop, desktop->card_x + CARD_WIDTH * desktop->scale / 2,
                        desktop->card_y + 150 * desktop->scale, 8, desktop->typed);
        desktop->typed[0] = 0;
    } else if (character >= 32 && character < 127) {
        /* A full line loses its first character, as a terminal's would scroll. */
        if (length == TEXT_LIMIT) memmove(desktop->typed, desktop->typed + 1, length--);
        desktop->typed[length] = character;
        desktop->typed[length + 1] = 0;
    } else if (length == 0 && event->key_name[0]) {
        struct ring *ring = &desktop->rings[desktop->ring_count++ % RINGS];
        *ring = (struct ring){desktop->light_x, desktop->light_y, scene->seconds};
    }
}

static void desktop_event(struct wv_scene *scene, const struct wv_scene_event *event)
{
    struct desktop *desktop = scene->state;
    float x = (float)event->x, y = (float)event->y;
    if (event->kind == WV_EVENT_KEY) {
        type_key(scene, desktop, event);
        return;
    }
    desktop->pointer_x = x;
    desktop->pointer_y = y;
    if (event->kind == WV_EVENT_PRESS && event->button <= 3) press(scene, desktop, x, y);
    if (event->kind == WV_EVENT_PRESS && (event->button == 4 || event->button == 5)) {
        int step = event->button == 4 ? WV_PALETTES - 1 : 1;
        desktop->palette = (desktop->palette + step) % WV_PALETTES;
        wv_landscape_set_palette(desktop->landscape, desktop->palette);
    }
    if (event->kind == WV_EVENT_RELEASE) {
        desktop->dragging = 0;
        desktop->pressed_button = -1;
    }
    if (desktop->dragging) {
        desktop->card_x = x - desktop->grab_x;
        desktop->card_y = y - desktop->grab_y;
    }
}

static void move_lanterns(struct wv_scene *scene, struct desktop *desktop)
{
    float step = (float)(60 / scene->frames_per_second) * desktop->scale;
    for (int i = 0; i < LANTERNS; i++) {
        struct lantern *lantern = &desktop->lanterns[i];
        if (!lantern->alive) continue;
        lantern->y -= lantern->speed * step * (lantern->text[0] ? 1.0f : 0.55f);
        lantern->x += 0.35f * step * sinf((float)scene->seconds * 0.7f + lantern->sway);
        if (lantern->y < -40 * desktop->scale) lantern->alive = 0;
        if (!lantern->alive && i < 6) {
            release_lantern(desktop, (float)scene->width * wv_random_unit(&desktop->random),
                            (float)wv_landscape_shore(desktop->landscape) * 0.97f,
                            3.5f + 3 * wv_random_unit(&desktop->random), "");
        }
    }
}

/* Those that carry text are drawn once more in front of the card. */
static void draw_lanterns(struct wv_scene *scene, const struct desktop *desktop, int only_text)
{
    for (int i = 0; i < LANTERNS; i++) {
        const struct lantern *lantern = &desktop->lanterns[i];
        if (!lantern->alive || (only_text && !lantern->text[0])) continue;
        float size = lantern->size * desktop->scale;
        float flicker = 0.85f + 0.15f * sinf((float)scene->seconds * 7 + lantern->sway);
        wv_glow(&scene->surface, lantern->x, lantern->y, size * 5, 0xff9a3c, (int)(150 * flicker));
        wv_round_rect(&scene->surface, lantern->x - size * 0.75f, lantern->y - size, size * 1.5f,
                      size * 2, size * 0.6f, 0xffc46b, 240);
        if (lantern->text[0]) {
            wv_text(&scene->surface, desktop->body,
                    (int)lantern->x - wv_text_width(desktop->body, lantern->text) / 2,
                    (int)(lantern->y + size * 4), lantern->text, 0xffe7c2, 255);
        }
    }
}

static void draw_pointer(struct wv_scene *scene, struct desktop *desktop)
{
    float old_x = desktop->light_x, old_y = desktop->light_y;
    desktop->light_x += (desktop->pointer_x - desktop->light_x) * 0.35f;
    desktop->light_y += (desktop->pointer_y - desktop->light_y) * 0.35f;
    float moved = hypotf(desktop->light_x - old_x, desktop->light_y - old_y);
    if (moved > 2) {
        struct spark *spark = &desktop->sparks[desktop->next_spark++ % SPARKS];
        *spark = (struct spark){desktop->light_x, desktop->light_y,
                                wv_random_unit(&desktop->random) - 0.5f,
                                wv_random_unit(&desktop->random) - 0.3f, 1};
    }
    uint32_t accent = wv_landscape_accent(desktop->landscape);
    for (int i = 0; i < SPARKS; i++) {
        struct spark *spark = &desktop->sparks[i];
        if (spark->life <= 0) continue;
        wv_glow(&scene->surface, spark->x, spark->y, 9 * desktop->scale * spark->life, accent,
                (int)(200 * spark->life));
        spark->x += spark->speed_x;
        spark->y += spark->speed_y;
        spark->life -= 0.025f;
    }
    wv_glow(&scene->surface, desktop->light_x, desktop->light_y, 64 * desktop->scale, accent, 90);
    for (int i = 0; i < RINGS; i++) {
        float age = (float)(scene->seconds - desktop->rings[i].born) / RING_SECONDS;
        if (desktop->rings[i].born == 0 || age >= 1) continue;
        float eased = 1 - (1 - age) * (1 - age);
        for (int echo = 0; echo < 2; echo++) {
            float radius = (10 + (110 - 38 * (float)echo) * eased) * desktop->scale;
            wv_ring(&scene->surface, desktop->rings[i].x, desktop->rings[i].y, radius,
                    2.2f * desktop->scale, accent, (int)((1 - age) * (echo ? 110 : 220)));
        }
    }
}

static void draw_buttons(struct wv_scene *scene, const struct desktop *desktop)
{
    uint32_t accent = wv_landscape_accent(desktop->landscape);
    for (int i = 0; i < BUTTONS; i++) {
        float box[4];
        button_box(desktop, i, box);
        const char *label = i < WV_PALETTES ? wv_palette_name(i) : "Lantern";
        int chosen = i == desktop->palette, pressed = i == desktop->pressed_button;
        int hover = inside(box, desktop->pointer_x, desktop->pointer_y);
        float radius = box[3] / 2;
        wv_round_rect(&scene->surface, box[0], box[1], box[2], box[3], radius,
                      chosen ? accent : 0xffffff, chosen ? 235 : pressed ? 90 : hover ? 56 : 26);
        wv_text(&scene->surface, desktop->body,
                (int)(box[0] + (box[2] - (float)wv_text_width(desktop->body, label)) / 2),
                (int)(box[1] + box[3] / 2 + 5.5f * desktop->scale), label,
                chosen ? 0x0b1220 : 0xf4f7ff, 255);
    }
}

static void draw_field(struct wv_scene *scene, const struct desktop *desktop)
{
    float scale = desktop->scale;
    float x = desktop->card_x + 28 * scale, y = desktop->card_y + 126 * scale;
    float width = (CARD_WIDTH - 56) * scale;
    uint32_t accent = wv_landscape_accent(desktop->landscape);
    int baseline = (int)(y + 27 * scale), text_x = (int)(x + 16 * scale);
    wv_round_rect(&scene->surface, x, y, width, 42 * scale, 12 * scale, 0x03060d, 120);
    int fresh = scene->seconds - desktop->typed_at < 0.25 && desktop->typed_at > 0;
    wv_round_outline(&scene->surface, x, y, width, 42 * scale, 12 * scale, 1.4f * scale, accent,
                     fresh ? 255 : 110);
    if (desktop->typed[0]) {
        text_x = wv_text(&scene->surface, desktop->body, text_x, baseline, desktop->typed, 0xffffff,
                         255);
    } else {
        wv_text(&scene->surface, desktop->body, text_x + (int)(8 * scale), baseline,
                "Type something, then press Enter", 0xc3cde6, 150);
    }
    if (fresh || fmod(scene->seconds, 1.0) < 0.55) {
        wv_round_rect(&scene->surface, (float)text_x + 2 * scale, y + 12 * scale, 2 * scale,
                      18 * scale, scale, accent, 255);
    }
}

static void draw_card(struct wv_scene *scene, const struct desktop *desktop)
{
    float scale = desktop->scale, x = desktop->card_x, y = desktop->card_y;
    float width = CARD_WIDTH * scale, height = CARD_HEIGHT * scale;
    for (int i = 3; i > 0; i--) {
        float grow = (float)i * 4 * scale;
        wv_round_rect(&scene->surface, x - grow / 2, y + grow, width + grow, height, 26 * scale,
                      0x02040a, 26);
    }
    wv_round_rect(&scene->surface, x, y, width, height, 22 * scale, 0x0c1428, 196);
    wv_round_outline(&scene->surface, x, y, width, height, 22 * scale, 1.2f * scale, 0xffffff, 46);
    int left = (int)(x + 28 * scale);
    int end = wv_text(&scene->surface, desktop->title, left, (int)(y + 64 * scale), "Wavry",
                      0xffffff, 255);
    wv_glow(&scene->surface, (float)end + 12 * scale, y + 58 * scale, 16 * scale,
            wv_landscape_accent(desktop->landscape), 255);
    wv_text(&scene->surface, desktop->body, left, (int)(y + 100 * scale),
            "This desktop has no monitor. Drag me, click the sky.", 0xc3cde6, 255);
    draw_field(scene, desktop);
    draw_buttons(scene, desktop);
}

static void draw_status(struct wv_scene *scene, struct desktop *desktop)
{
    char text[64];
    struct tm local;
    time_t now = time(NULL);
    localtime_r(&now, &local);
    if (scene->frame - desktop->rate_frame >= RATE_FRAMES) {
        desktop->rate =
            (scene->frame - desktop->rate_frame) / (scene->seconds - desktop->rate_since);
        desktop->rate_frame = scene->frame;
        desktop->rate_since = scene->seconds;
    }
    snprintf(text, sizeof text, "%dx%d   %.0f frames/s   %02d:%02d:%02d", scene->width,
             scene->height, desktop->rate, local.tm_hour, local.tm_min, local.tm_sec);
    int x = scene->width - wv_text_width(desktop->small, text) - (int)(24 * desktop->scale);
    wv_text(&scene->surface, desktop->small, x, (int)(32 * desktop->scale), text, 0xffffff, 170);
}

static void desktop_draw(struct wv_scene *scene)
{
    struct desktop *desktop = scene->state;
    float wanted = desktop->pointer_x / (float)scene->width * 2 - 1;
    desktop->look += (wanted - desktop->look) * 0.08f;
    wv_landscape_draw(desktop->landscape, &scene->surface, scene->seconds, desktop->look);
    move_lanterns(scene, desktop);
    draw_lanterns(scene, desktop, 0);
    wv_landscape_mirror(desktop->landscape, &scene->surface, scene->seconds);
    draw_status(scene, desktop);
    draw_card(scene, desktop);
    draw_lanterns(scene, desktop, 1);
    draw_pointer(scene, desktop);
}

static void desktop_end(struct wv_scene *scene)
{
    struct desktop *desktop = scene->state;
    if (!desktop) return;
    wv_landscape_destroy(desktop->landscape);
    wv_font_destroy(desktop->title);
    wv_font_destroy(desktop->body);
    wv_font_destroy(desktop->small);
    free(desktop);
    scene->state = NULL;
}

const struct wv_content wv_content_desktop = {
    "desktop", 0, 0, desktop_measure, desktop_begin, desktop_draw, desktop_event, desktop_end,
};
