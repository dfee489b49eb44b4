/*
 * short_stream DISPLAY: a few frames through every part of the library, for valgrind: pattern and
 * X11, both encoders, requests, repair, shapes, input; at the end no memory may be left.
 */
#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "../native.h"
#include "check.h"

static uint8_t buffer[1u << 20];

static uint32_t read_frames(wv_output *output, int count)
{
    wv_record_header header = {.frame_id = 0};
    uint32_t last = 0;
    for (int tries = 0; count > 0 && tries < 200; tries++) {
        if (wv_output_next(output, buffer, sizeof buffer, 2000) <= 0) break;
        memcpy(&header, buffer, sizeof header);
        if (header.kind != WV_RECORD_VIDEO) continue;
        last = header.frame_id;
        count--;
    }
    return count == 0 ? last : 0;
}

static void check_stream(const char *display, int32_t encoder)
{
    char error[256] = "";
    wv_stream_config config = {.source_kind = display == NULL ? WV_SOURCE_PATTERN : WV_SOURCE_X11,
                               .width = 320,
                               .height = 240,
                               .fps_max = 30,
                               .fps_floor_millihz = 20000,
                               .qp = 30,
                               .encoder = encoder,
                               .threads = 2,
                               .framebuffer_shm_id = -1,
                               .settle_us = 500,
                               .flags = WV_STREAM_CURSOR};
    if (display != NULL) snprintf(config.display, sizeof config.display, "%s", display);
    wv_output *output = wv_output_create(1u << 20);
    wv_pool *pool = wv_pool_create(2, 1, 200000, 1u << 20);
    wv_encoder_pool *encoders = wv_encoder_pool_create(4, 2, 1u << 30);
    wv_stream *stream = wv_stream_create(output, pool, encoders, &config, error, sizeof error);
    CHECK(stream != NULL, "encoder %d on %s opens %s", encoder, display ? display : "pattern",
          error);
    if (stream != NULL) {
        wv_stream_start(stream);
        uint32_t last = read_frames(output, 4);
        CHECK(last > 0, "frames come");
        wv_stream_invalidate(stream, last);
        wv_stream_set_qp(stream, 40);
        wv_stream_request_refresh(stream);
        CHECK(read_frames(output, 3) > last, "and go on after a repair");
        wv_stream_request_keyframe(stream);
        CHECK(read_frames(output, 3) > last, "and after a keyframe");
        wv_stream_set_shape(stream, 2, 2);
        CHECK(read_frames(output, 4) > last, "and smaller, in two layers");
        wv_stream_set_shape(stream, 4, 1);
        CHECK(read_frames(output, 2) > last, "and as before");
        wv_stream_set_shape(stream, 2, 2);
        CHECK(read_frames(output, 2) > last, "and once more");
        CHECK(wv_stream_set_shape(stream, 1, 1) == WV_STATUS_INVALID &&
                  wv_stream_set_shape(stream, 4, 3) == WV_STATUS_INVALID,
              "shapes out of range are refused");
    }
    CHECK(wv_encoder_pool_destroy(encoders) == WV_STATUS_BUSY, "the encoder is in use");
    wv_stream_destroy(stream);
    wv_encoder_pool_stats_data stats;
    CHECK(wv_encoder_pool_stats(encoders, &stats) == WV_STATUS_OK && stats.active == 0 &&
              stats.idle == 2 && stats.reused >= 1,
          "%lu encoders made, %lu used again", (unsigned long)stats.created,
          (unsigned long)stats.reused);
    CHECK(wv_encoder_pool_destroy(encoders) == WV_STATUS_OK, "the encoders are free");
    wv_output_destroy(output);
    wv_pool_trim(pool, 0);
    CHECK(wv_pool_destroy(pool) == WV_STATUS_OK, "the pool is free");
}

/* openh264's encoders share threads, which must not touch one that ended while others go on. */
static void check_neighbours(void)
{
    char error[256] = "";
    wv_stream_config config = {.source_kind = WV_SOURCE_PATTERN,
                               .width = 320,
                               .height = 240,
                               .fps_max = 60,
                               .qp = 30,
                               .encoder = 1,
                               .threads = 2,
                               .framebuffer_shm_id = -1};
    wv_output *output = wv_output_create(1u << 20);
    wv_pool *pool = wv_pool_create(4, 4, 200000, 1u << 20);
    wv_encoder_pool *encoders = wv_encoder_pool_create(4, 0, 0);
    wv_stream *stays = wv_stream_create(output, pool, encoders, &config, error, sizeof error);
    wv_stream_start(stays);
    config.stream_id = 1;
    for (int turn = 0; turn < 4; turn++) {
        wv_stream *goes = wv_stream_create(output, pool, encoders, &config, error, sizeof error);
        wv_stream_start(goes);
        CHECK(read_frames(output, 6) > 0, "two streams, turn %d %s", turn, error);
        wv_stream_destroy(goes);
    }
    CHECK(read_frames(output, 4) > 0, "one goes on");
    wv_stream_destroy(stays);
    wv_output_destroy(output);
    CHECK(wv_encoder_pool_destroy(encoders) == WV_STATUS_OK, "none is kept");
    CHECK(wv_pool_destroy(pool) == WV_STATUS_OK, "and the frames are free");
}

int main(int count, char **words)
{
    if (count < 2) return 2;
    char error[256] = "", json[4096];
    check_stream(NULL, 0);
    check_stream(NULL, 1);
    check_stream(words[1], 0);
    check_neighbours();
    const uint8_t *name = (const uint8_t *)words[1];
    wv_input *input = wv_input_open(name, WV_INPUT_XTEST, 320, 240, error, sizeof error);
    CHECK(input != NULL, "input opens %s", error);
    CHECK(wv_input_key(input, 30, 1) == 0 && wv_input_release_all(input) == 1, "and releases");
    wv_input_close(input);
    wv_display_info_data info;
    CHECK(wv_display_info(name, &info) == 0 && info.width == 320, "info");
    CHECK(wv_candidates((uint8_t *)json, sizeof json) > 0, "candidates");
    CHECK(wv_candidates((uint8_t *)json, 50) == WV_STATUS_TOO_LARGE, "a short buffer is told");
    uint64_t memory[WV_MEMORY_TYPES * 4];
    wv_memory_stats(memory);
    for (int type = 0; type < WV_MEMORY_TYPES; type++) {
        CHECK(memory[type * 4] == 0 && memory[type * 4 + 1] == 0, "memory type %d is free", type);
    }
    return checks_end();
}
