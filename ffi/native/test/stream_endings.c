/*
 * stream_endings TIMES DISPLAY: each way in which a stream ends or fails to begin, TIMES over: after
 * each of them memory, descriptors and threads of the process are those of before.
 * stream_endings DISPLAY killed PID: a stream whose X server, process PID, is killed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../memory.h"
#include "../native.h"
#include "check.h"

#define RING (1u << 20)
#define FRAME_BYTES 200000u

static uint8_t buffer[RING];

typedef struct {
    int descriptors, threads;
    uint64_t live, bytes;
} holdings;

/* What a stream needs around it. */
typedef struct {
    wv_output *output;
    wv_pool *pool;
    wv_encoder_pool *encoders;
} rig;

static int entries(const char *folder)
{
    DIR *directory = opendir(folder);
    int count = 0;
    while (directory != NULL && readdir(directory) != NULL) count++;
    if (directory != NULL) closedir(directory);
    return count;
}

static holdings now_held(void)
{
    uint64_t memory[WV_MEMORY_TYPES * 4];
    wv_memory_stats(memory);
    holdings held = {.descriptors = entries("/proc/self/fd"),
                     .threads = entries("/proc/self/task")};
    for (int type = 0; type < WV_MEMORY_TYPES; type++) {
        held.live += memory[type * 4];
        held.bytes += memory[type * 4 + 1];
    }
    return held;
}

static rig open_rig(void)
{
    return (rig){.output = wv_output_create(RING),
                 .pool = wv_pool_create(4, 1, FRAME_BYTES, 4 * FRAME_BYTES),
                 .encoders = wv_encoder_pool_create(4, 2, 1u << 30)};
}

static int close_rig(const rig *parts)
{
    wv_output_destroy(parts->output);
    return wv_encoder_pool_destroy(parts->encoders) == WV_STATUS_OK &&
           wv_pool_destroy(parts->pool) == WV_STATUS_OK;
}

static wv_stream_config config_of(const char *display, int32_t encoder)
{
    wv_stream_config config = {.source_kind = display == NULL ? WV_SOURCE_PATTERN : WV_SOURCE_X11,
                               .width = 320,
                               .height = 240,
                               .fps_max = 60,
                               .fps_floor_millihz = 20000,
                               .qp = 30,
                               .encoder = encoder,
                               .threads = 2,
                               .framebuffer_shm_id = -1,
                               .flags = WV_STREAM_CURSOR};
    if (display != NULL) snprintf(config.display, sizeof config.display, "%s", display);
    return config;
}

static wv_stream *open_stream(const rig *parts, const wv_stream_config *config)
{
    char error[256];
    return wv_stream_create(parts->output, parts->pool, parts->encoders, config, error,
                            sizeof error);
}

static int frames_come(wv_output *output, int count)
{
    wv_record_header header;
    for (int tries = 0; count > 0 && tries < 200; tries++) {
        if (wv_output_next(output, buffer, sizeof buffer, 5000) <= 0) break;
        memcpy(&header, buffer, sizeof header);
        count -= header.kind == WV_RECORD_VIDEO;
    }
    return count == 0;
}

/* Waits for the record that says how the stream ended. */
static int ends(wv_output *output)
{
    wv_record_header header;
    for (int tries = 0; tries < 200; tries++) {
        if (wv_output_next(output, buffer, sizeof buffer, 5000) <= 0) return 0;
        memcpy(&header, buffer, sizeof header);
        if (header.kind != WV_RECORD_VIDEO && (int32_t)header.serial < 0) return 1;
    }
    return 0;
}

static int never_started(const char *display)
{
    rig parts = open_rig();
    wv_stream_config config = config_of(display, 0);
    wv_stream *stream = open_stream(&parts, &config);
    wv_stream_destroy(stream);
    return stream != NULL && close_rig(&parts);
}

static int stopped_at_once(const char *display)
{
    rig parts = open_rig();
    wv_stream_config config = config_of(display, 0);
    wv_stream *stream = open_stream(&parts, &config);
    int good = stream != NULL && wv_stream_start(stream) == WV_STATUS_OK &&
               wv_stream_stop(stream) == WV_STATUS_OK;
    wv_stream_destroy(stream);
    return good & close_rig(&parts);
}

/* Two streams with an encoder of each kind, which change while they run. */
static int changed_and_destroyed(const char *display)
{
    rig parts = open_rig();
    wv_stream_config first = config_of(display, 0), second = config_of(NULL, 1);
    second.stream_id = 1;
    wv_stream *streams[] = {open_stream(&parts, &first), open_stream(&parts, &second)};
    int good = streams[0] != NULL && streams[1] != NULL;
    for (int i = 0; good && i < 2; i++) wv_stream_start(streams[i]);
    good = good && frames_come(parts.output, 4);
    for (uint32_t quarters = 2; good && quarters <= 4; quarters++) {
        for (int i = 0; i < 2; i++) {
            wv_stream_set_shape(streams[i], quarters, 1);
            wv_stream_set_fps(streams[i], 20 * quarters);
            wv_stream_set_limits(streams[i], 40, 20000, 40000);
            wv_stream_request_keyframe(streams[i]);
        }
        good = frames_come(parts.output, 6);
    }
    for (int i = 0; i < 2; i++) wv_stream_destroy(streams[i]);
    return good & close_rig(&parts);
}

/* Nobody reads: the output fills up and the stream waits. */
static int unread(const char *display)
{
    rig parts = open_rig();
    wv_stream_config config = config_of(display, 0);
    config.qp = 1;
    wv_stream *stream = open_stream(&parts, &config);
    if (stream != NULL) wv_stream_start(stream);
    usleep(60000);
    wv_stream_destroy(stream);
    return stream != NULL && close_rig(&parts);
}

static int reader_gone(const char *display)
{
    rig parts = open_rig();
    wv_stream_config config = config_of(display, 0);
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return 0;
    wv_output_attach_fd(parts.output, pipe_ends[1]);
    wv_stream *stream = open_stream(&parts, &config);
    if (stream != NULL) wv_stream_start(stream);
    int good = stream != NULL && read(pipe_ends[0], buffer, 64) == 64;
    close(pipe_ends[0]);
    for (int i = 0; good && wv_output_post(parts.output, buffer, 1) != WV_STATUS_CLOSED; i++) {
        good = i < 1000;
        usleep(2000);
    }
    wv_stream_destroy(stream);
    close(pipe_ends[1]);
    return good & close_rig(&parts);
}

static wv_input *open_input(const char *display)
{
    char error[256];
    const uint8_t *name = (const uint8_t *)display;
    return wv_input_open(name, WV_INPUT_XTEST, 320, 240, error, sizeof error);
}

static int refused(const char *display)
{
    rig parts = open_rig();
    wv_stream_config wrong[] = {config_of(display, 99), config_of(":987654", 0),
                                config_of(display, 0), config_of(display, 0)};
    wrong[2].qp = 99;
    wrong[3].fps_max = 0;
    int good = 1;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        good &= open_stream(&parts, &wrong[i]) == NULL;
    }
    good &= open_input(":987654") == NULL;
    return good & close_rig(&parts);
}

/* The stream's thread, a user and one who only closes: each meets the end of the server itself. */
static int server_killed(const char *display, pid_t pid)
{
    rig parts = open_rig();
    wv_stream_config config = config_of(display, 0);
    wv_stream *stream = open_stream(&parts, &config);
    wv_input *used = open_input(display);
    wv_input *closed = open_input(display);
    if (stream != NULL) wv_stream_start(stream);
    int good = stream != NULL && used != NULL && closed != NULL && frames_come(parts.output, 1);
    if (good) kill(pid, SIGKILL);
    good = good && ends(parts.output);
    for (int i = 0; good && wv_input_key(used, 30, 1) == WV_STATUS_OK; i++) good = i < 1000;
    wv_input_close(used);
    wv_input_close(closed);
    wv_stream_destroy(stream);
    return good & close_rig(&parts);
}

static void check_given_back(const char *name, holdings before, int good)
{
    holdings after = now_held();
    CHECK(good, "%s", name);
    CHECK(after.live == before.live && after.bytes == before.bytes, "%s: memory (%lu bytes)", name,
          (unsigned long)after.bytes);
    CHECK(after.descriptors == before.descriptors, "%s: descriptors (%d to %d)", name,
          before.descriptors, after.descriptors);
    CHECK(after.threads == before.threads, "%s: threads (%d to %d)", name, before.threads,
          after.threads);
}

int main(int count, char **words)
{
    static const struct {
        const char *name;
        int (*run)(const char *display);
    } WAYS[] = {{"never started", never_started},
                {"stopped at once", stopped_at_once},
                {"changed and destroyed", changed_and_destroyed},
                {"unread", unread},
                {"reader gone", reader_gone},
                {"refused", refused}};
    if (count < 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(words[2], "killed") == 0 && count == 4) {
        holdings before = now_held();
        check_given_back("server killed", before, server_killed(words[1], (pid_t)atoi(words[3])));
        return checks_end();
    }
    /* Once before, for the libraries that are opened at their first use and stay. */
    changed_and_destroyed(words[2]);
    for (size_t way = 0; way < sizeof WAYS / sizeof *WAYS; way++) {
        holdings before = now_held();
        int good = 1;
        for (int times = 0; times < atoi(words[1]); times++) {
            good &= WAYS[way].run(times % 2 == 0 ? words[2] : NULL);
        }
        check_given_back(WAYS[way].name, before, good);
    }
    return checks_end();
}
