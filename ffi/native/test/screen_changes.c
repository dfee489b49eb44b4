/*
 * screen_changes DISPLAY: a screen and a monitor of it change under streams that go on: sizes, places,
 * a size that has no room, and a monitor that is unplugged; at the end no memory may be left.
 */
#include <X11/extensions/Xrandr.h>
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../native.h"
#include "../screen/resize.c"
#include "check.h"

static uint8_t buffer[1u << 20];

typedef struct {
    wv_output *output;
    wv_pool *pool;
    wv_encoder_pool *encoders;
    wv_stream *stream;
} parts;

static void open_parts(parts *self, const char *display, const char *monitor)
{
    char error[256] = "";
    wv_stream_config config = {.source_kind = WV_SOURCE_X11,
                               .fps_max = 60,
                               .fps_floor_millihz = 30000,
                               .qp = 30,
                               .framebuffer_shm_id = -1,
                               .settle_us = 500,
                               .flags = WV_STREAM_CURSOR};
    snprintf(config.display, sizeof config.display, "%s", display);
    snprintf(config.monitor, sizeof config.monitor, "%s", monitor);
    self->output = wv_output_create(1u << 20);
    /* Rows are padded: two frames of 600x400 and no larger ones. */
    self->pool = wv_pool_create(2, 1, 100, 2 * 640 * 400 * 3 / 2);
    self->encoders = wv_encoder_pool_create(2, 1, 1u << 30);
    self->stream =
        wv_stream_create(self->output, self->pool, self->encoders, &config, error, sizeof error);
    CHECK(self->stream != NULL, "a stream of \"%s\" opens %s", monitor, error);
    if (self->stream != NULL) wv_stream_start(self->stream);
}

static void close_parts(parts *self)
{
    wv_stream_destroy(self->stream);
    CHECK(wv_encoder_pool_destroy(self->encoders) == WV_STATUS_OK, "the encoders are free");
    wv_output_destroy(self->output);
    CHECK(wv_pool_destroy(self->pool) == WV_STATUS_OK, "the frames are free");
}

/* Reads up to a record of kind that has this size; 0 when none comes. */
static int read_until(wv_output *output, int kind, int width, int height, wv_record_header *header)
{
    for (int tries = 0; tries < 300; tries++) {
        if (wv_output_next(output, buffer, sizeof buffer, 2000) <= 0) return 0;
        memcpy(header, buffer, sizeof *header);
        bool failed = header->kind == WV_RECORD_STATUS && (int32_t)header->serial < 0;
        if (failed && kind != WV_RECORD_STATUS) return 0;
        if (header->kind != kind) continue;
        if (failed || (header->width == width && header->height == height)) return 1;
    }
    return 0;
}

static void set_monitor(wv_display *display, int x, int width, int height)
{
    XRRMonitorInfo monitor = {.name = XInternAtom(display->x, "part", False),
                              .x = x,
                              .width = width,
                              .height = height,
                              .mwidth = 100,
                              .mheight = 100};
    XRRDeleteMonitor(display->x, display->root, monitor.name);
    if (width > 0) XRRSetMonitor(display->x, display->root, &monitor);
    wv_display_sync(display);
}

static void check_sizes(const char *name, wv_display *display)
{
    static const int SIZES[][2] = {{320, 200}, {601, 399}, {64, 64}, {200, 400}, {600, 400}};
    parts self;
    wv_error error = {.text = ""};
    wv_record_header header;
    CHECK(wv_resize_screen(display, 400, 300, 96, &error) == WV_STATUS_OK, "it fits %s",
          error.text);
    open_parts(&self, name, "");
    CHECK(read_until(self.output, WV_RECORD_VIDEO, 400, 300, &header), "frames come");
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        int width = SIZES[i][0], height = SIZES[i][1];
        uint32_t before = header.frame_id;
        int32_t status = wv_resize_screen(display, width, height, 96, &error);
        CHECK(status == WV_STATUS_OK, "a screen of %dx%d", width, height);
        if (i % 2 == 1) wv_stream_set_shape(self.stream, 2 + i % 3, 1 + i % 2);
        else wv_stream_set_shape(self.stream, 4, 1);
        wv_stream_invalidate(self.stream, before);
        wv_stream_stats_data stats = {.width = 0};
        for (int tries = 0; tries < 200 && stats.width != (width & ~1); tries++) {
            wv_output_next(self.output, buffer, sizeof buffer, 20);
            wv_stream_stats(self.stream, &stats);
        }
        CHECK(stats.width == (width & ~1) && stats.height == (height & ~1), "is followed");
    }
    CHECK(read_until(self.output, WV_RECORD_VIDEO, 600, 400, &header), "at last whole");
    CHECK(wv_resize_screen(display, 640, 480, 96, &error) == WV_STATUS_OK, "a screen too large");
    CHECK(read_until(self.output, WV_RECORD_STATUS, -1, -1, &header) &&
              (int32_t)header.serial == WV_STATUS_TOO_LARGE,
          "ends the stream, and says why");
    close_parts(&self);
    CHECK(wv_resize_screen(display, 641, 480, 96, &error) == WV_STATUS_TOO_LARGE, "no larger: %s",
          error.text);
}

static void check_monitor(const char *name, wv_display *display)
{
    parts self;
    wv_record_header header;
    set_monitor(display, 0, 320, 240);
    open_parts(&self, name, "part");
    CHECK(read_until(self.output, WV_RECORD_VIDEO, 320, 240, &header), "a part comes");
    set_monitor(display, 300, 320, 240);
    wv_stream_stats_data stats = {.x = 0};
    for (int tries = 0; tries < 200 && stats.x != 300; tries++) {
        wv_output_next(self.output, buffer, sizeof buffer, 20);
        wv_stream_stats(self.stream, &stats);
    }
    CHECK(stats.x == 300 && stats.screen_changes == 1, "and is followed to another place");
    set_monitor(display, 500, 320, 240);
    CHECK(read_until(self.output, WV_RECORD_VIDEO, 140, 240, &header), "over the edge it is cut");
    set_monitor(display, 0, 0, 0);
    CHECK(read_until(self.output, WV_RECORD_STATUS, -1, -1, &header) &&
              (int32_t)header.serial == WV_STATUS_UNAVAILABLE,
          "unplugged it ends");
    close_parts(&self);
}

int main(int count, char **words)
{
    if (count < 2) return 2;
    wv_display display;
    wv_error error;
    if (wv_display_open(&display, words[1], &error) != WV_STATUS_OK) return 2;
    check_sizes(words[1], &display);
    check_monitor(words[1], &display);
    wv_display_close(&display);
    uint64_t memory[WV_MEMORY_TYPES * 4];
    wv_memory_stats(memory);
    for (int type = 0; type < WV_MEMORY_TYPES; type++) {
        CHECK(memory[type * 4] == 0 && memory[type * 4 + 1] == 0, "memory type %d is free", type);
    }
    return checks_end();
}
