/*
 * Pattern: a generated picture with motion and the frame marker, for machines without any display
 * and for tests. Only what moves is drawn again, so it costs little beside encoding.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../marker.h"
#include "../memory.h"
#include "capture.h"

#define DEFAULT_WIDTH 1280
#define DEFAULT_HEIGHT 720
#define SIDE_MAX 8192u
#define BARS 8
#define BALLS 6

typedef struct {
    int x, y; /* top left corner in the last frame */
    int speed_x, speed_y;
    uint32_t colour;
} ball;

typedef struct {
    wv_capture base;
    uint32_t *pixels;
    size_t bytes;
    uint64_t interval_us, next_us;
    uint32_t frame;
    int side; /* of a ball, pixels */
    ball balls[BALLS];
} pattern_capture;

static const uint32_t COLOURS[BARS] = {0xc0c0c0, 0xc0c000, 0x00c0c0, 0x00c000,
                                       0xc000c0, 0xc00000, 0x0000c0, 0x202020};

/* The still picture behind everything that moves: colour bars over a ramp of grey. */
static uint32_t backdrop(const pattern_capture *self, int x, int y)
{
    if (y < self->base.height * 3 / 4) return COLOURS[x * BARS / self->base.width];
    uint32_t grey = (uint32_t)(x * 255 / self->base.width);
    return grey << 16 | grey << 8 | grey;
}

/* Grain that moves with a ball, so that motion and quantiser show. */
static uint32_t grain(int x, int y)
{
    uint32_t mixed = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u;
    return (mixed ^ mixed >> 15) & 0x1f1f1f;
}

static void fill(pattern_capture *self, const ball *at, int erase)
{
    for (int y = at->y; y < at->y + self->side; y++) {
        uint32_t *row = self->pixels + (size_t)y * (size_t)self->base.width;
        for (int x = at->x; x < at->x + self->side; x++) {
            row[x] = erase ? backdrop(self, x, y) : at->colour ^ grain(x - at->x, y - at->y);
        }
    }
}

/* Moves one step and turns round at the edges; the marker's rows stay free. */
static void move(const pattern_capture *self, ball *moving)
{
    moving->x += moving->speed_x;
    moving->y += moving->speed_y;
    if (moving->x < 0 || moving->x > self->base.width - self->side) {
        moving->speed_x = -moving->speed_x;
        moving->x += 2 * moving->speed_x;
    }
    if (moving->y < WV_MARKER_HEIGHT || moving->y > self->base.height - self->side) {
        moving->speed_y = -moving->speed_y;
        moving->y += 2 * moving->speed_y;
    }
}

static void draw(pattern_capture *self)
{
    uint8_t marker[WV_MARKER_BYTES];
    self->frame++;
    wv_marker_encode(marker, self->frame, (uint32_t)wv_now_us(), 0);
    for (int i = 0; i < BALLS; i++) {
        fill(self, &self->balls[i], 1);
        move(self, &self->balls[i]);
    }
    for (int i = 0; i < BALLS; i++) fill(self, &self->balls[i], 0);
    if (self->base.width >= WV_MARKER_WIDTH) {
        wv_marker_draw((uint8_t *)self->pixels, self->base.width * 4, marker);
    }
}

static void pattern_close(wv_capture *capture)
{
    pattern_capture *self = (pattern_capture *)capture;
    wv_memory_free(WV_MEMORY_CAPTURE, self->pixels, self->bytes);
    wv_memory_free(WV_MEMORY_CAPTURE, self, sizeof *self);
}

static void pattern_set_fps(wv_capture *capture, uint32_t fps_max)
{
    ((pattern_capture *)capture)->interval_us = 1000000u / fps_max;
}

static int32_t pattern_open(const wv_stream_config *config, wv_capture **capture, wv_error *error)
{
    uint32_t width = config->width > 0 ? config->width & ~1u : DEFAULT_WIDTH;
    uint32_t height = config->height > 0 ? config->height & ~1u : DEFAULT_HEIGHT;
    if (width < 64 || height < 128 || width > SIDE_MAX || height > SIDE_MAX) {
        return wv_fail(error, WV_STATUS_INVALID, "pattern of %ux%u; 64x128 to %ux%u is possible",
                       width, height, SIDE_MAX, SIDE_MAX);
    }
    pattern_capture *self = wv_memory_new(WV_MEMORY_CAPTURE, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for a pattern");
    self->base = (wv_capture){
        .ops = &wv_capture_pattern, .width = (int)width, .height = (int)height};
    self->bytes = (size_t)width * height * 4;
    self->pixels = wv_memory_new(WV_MEMORY_CAPTURE, self->bytes);
    if (self->pixels == NULL) {
        pattern_close(&self->base);
        return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for a pattern of %ux%u", width,
                       height);
    }
    for (int y = 0; y < (int)height; y++) {
        uint32_t *row = self->pixels + (size_t)y * width;
        for (int x = 0; x < (int)width; x++) row[x] = backdrop(self, x, y);
    }
    self->side = (int)(height < width ? height : width) / 8;
    for (int i = 0; i < BALLS; i++) {
        self->balls[i] = (ball){.x = (int)(width - (unsigned)self->side) * i / BALLS,
                                .y = WV_MARKER_HEIGHT + i,
                                .speed_x = 3 + i,
                                .speed_y = 1 + i % 3,
                                .colour = COLOURS[BARS - 1 - i] ^ 0x3f3f3f};
    }
    pattern_set_fps(&self->base, config->fps_max);
    *capture = &self->base;
    return WV_STATUS_OK;
}

static int32_t pattern_wait(wv_capture *capture, int wake_fd, uint64_t until_us)
{
    pattern_capture *self = (pattern_capture *)capture;
    for (;;) {
        uint64_t now = wv_now_us();
        if (now >= self->next_us) {
            self->next_us += self->interval_us;
            if (self->next_us <= now) self->next_us = now + self->interval_us;
            return WV_EVENT_DAMAGE;
        }
        if (now >= until_us) return 0;
        uint64_t left_us = (until_us < self->next_us ? until_us : self->next_us) - now;
        struct timespec left = {.tv_sec = (time_t)(left_us / 1000000u),
                                .tv_nsec = (long)(left_us % 1000000u) * 1000};
        struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
        if (ppoll(&wake, 1, &left, NULL) < 0 && errno != EINTR) return WV_STATUS_FAILED;
        if (wake.revents != 0) return 0;
    }
}

static int32_t pattern_grab(wv_capture *capture, wv_picture *picture)
{
    pattern_capture *self = (pattern_capture *)capture;
    draw(self);
    *picture = (wv_picture){.pixels = (const uint8_t *)self->pixels,
                            .stride = self->base.width * 4,
                            .width = self->base.width,
                            .height = self->base.height};
    return WV_STATUS_OK;
}

/* Draws only when it is grabbed. */
static int32_t pattern_overtaken(wv_capture *capture)
{
    (void)capture;
    return 0;
}

static int32_t pattern_cursor(wv_capture *capture, wv_cursor *cursor)
{
    (void)capture;
    (void)cursor;
    return WV_STATUS_UNSUPPORTED;
}

/* Never waits for anybody. */
static void pattern_interrupt(wv_capture *capture)
{
    (void)capture;
}

/* Its size never changes. */
static int32_t pattern_follow(wv_capture *capture, wv_error *error)
{
    (void)capture;
    (void)error;
    return 0;
}

const wv_capture_ops wv_capture_pattern = {
    .name = "pattern",
    .open = pattern_open,
    .wait = pattern_wait,
    .follow = pattern_follow,
    .grab = pattern_grab,
    .overtaken = pattern_overtaken,
    .cursor = pattern_cursor,
    .set_fps = pattern_set_fps,
    .interrupt = pattern_interrupt,
    .close = pattern_close,
};
