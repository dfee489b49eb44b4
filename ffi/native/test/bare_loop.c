/*
 * bare_loop: the calls of a stream (damage wait, grab, convert, encode) one after the other in one
 * loop, with no output, pool, thread or JavaScript. The measure that the product's own cost is held
 * against: its latency against the sum of these stages, its processor time against this process's.
 */
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../capture/capture.h"
#include "../convert/convert.h"
#include "../encode/encode.h"
#include "../memory.h"
#include "../stream.h"

#define FRAMES_MAX 100000u

struct samples {
    uint32_t grab_us[FRAMES_MAX], convert_us[FRAMES_MAX], encode_us[FRAMES_MAX];
    uint32_t count;
};

struct loop {
    wv_stream_config config;
    uint32_t frames_kept;
    uint64_t private_before;
    double seconds;
    FILE *out;
    wv_capture *capture;
    wv_converter *converter;
    wv_encoder *encoder;
    wv_frame frame;
    uint8_t *planes;
    uint64_t bytes;
    struct samples samples;
};

static struct loop loop;

static int fail(const char *what)
{
    fprintf(stderr, "bare_loop: %s\n", what);
    return 1;
}

static int parse(int count, char **words)
{
    static const struct option OPTIONS[] = {
        {"display", required_argument, NULL, 'd'}, {"fps", required_argument, NULL, 'f'},
        {"seconds", required_argument, NULL, 's'}, {"qp", required_argument, NULL, 'q'},
        {"threads", required_argument, NULL, 't'}, {"out", required_argument, NULL, 'o'},
        {"settle-us", required_argument, NULL, 'w'}, {"encoder", required_argument, NULL, 'e'},
        {"kept", required_argument, NULL, 'k'},
        {NULL, 0, NULL, 0}};
    loop.config = (wv_stream_config){.source_kind = WV_SOURCE_X11,
                                     .fps_max = 60,
                                     .qp = 24,
                                     .encoder = 0,
                                     .threads = 2,
                                     .framebuffer_shm_id = -1,
                                     .settle_us = 500};
    loop.seconds = 5;
    loop.frames_kept = 5; /* as many as a stream begins with */
    int option;
    while ((option = getopt_long(count, words, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'd': snprintf(loop.config.display, sizeof loop.config.display, "%s", optarg); break;
        case 'f': loop.config.fps_max = (uint32_t)atoi(optarg); break;
        case 's': loop.seconds = atof(optarg); break;
        case 'q': loop.config.qp = (uint32_t)atoi(optarg); break;
        case 't': loop.config.threads = (uint32_t)atoi(optarg); break;
        case 'w': loop.config.settle_us = (uint32_t)atoi(optarg); break;
        case 'e': loop.config.encoder = strcmp(optarg, "openh264") == 0 ? 1 : 0; break;
        case 'k': loop.frames_kept = (uint32_t)atoi(optarg); break;
        case 'o':
            loop.out = fopen(optarg, "wb");
            if (loop.out == NULL) return fail("cannot write the output file");
            break;
        default: return fail("unknown option");
        }
    }
    return loop.config.fps_max == 0 ? fail("bad frame rate") : 0;
}

static int open_parts(void)
{
    wv_error error;
    if (wv_capture_open(&loop.config, &loop.capture, &error) != 0) return fail(error.text);
    int width = loop.capture->width, height = loop.capture->height;
    loop.planes = wv_memory_new(WV_MEMORY_FRAME, wv_frame_layout(NULL, NULL, width, height));
    if (loop.planes == NULL) return fail("no memory");
    wv_frame_layout(&loop.frame, loop.planes, width, height);
    if (wv_converter_open(width, height, &loop.converter, &error) != 0) return fail(error.text);
    /* Touches what is not the encoder's, so that the growth from here on is. */
    wv_picture picture;
    if (loop.capture->ops->grab(loop.capture, &picture) != 0) return fail("the grab failed");
    wv_converter_run(loop.converter, &picture, &loop.frame);
    memset(&loop.samples, 1, sizeof loop.samples);
    loop.samples.count = 0;
    uint64_t memory[4];
    if (wv_process_memory(getpid(), memory) != 0) return fail("the kernel tells no memory");
    loop.private_before = memory[1];
    wv_encode_config encode = {.width = width,
                               .height = height,
                               .fps_max = loop.config.fps_max,
                               .qp = loop.config.qp,
                               .threads = loop.config.threads,
                               .frames_kept = loop.frames_kept};
    if (wv_encoder_open(loop.config.encoder, &encode, &loop.encoder, &error) < 0) {
        return fail(error.text);
    }
    return 0;
}

static int make_frame(uint32_t id)
{
    wv_picture picture;
    wv_encoded encoded;
    wv_encode_request request = {.frame_id = id, .qp = loop.config.qp, .keyframe = id == 1};
    uint64_t grab_at = wv_now_us();
    if (loop.capture->ops->grab(loop.capture, &picture) != 0) return fail("the grab failed");
    uint64_t convert_at = wv_now_us();
    wv_converter_run(loop.converter, &picture, &loop.frame);
    uint64_t encode_at = wv_now_us();
    if (loop.encoder->ops->encode(loop.encoder, &loop.frame, &request, &encoded) != 0) {
        return fail("the encoder failed");
    }
    uint64_t end = wv_now_us();
    uint32_t at = loop.samples.count++;
    loop.samples.grab_us[at] = (uint32_t)(convert_at - grab_at);
    loop.samples.convert_us[at] = (uint32_t)(encode_at - convert_at);
    loop.samples.encode_us[at] = (uint32_t)(end - encode_at);
    loop.bytes += encoded.bytes;
    if (loop.out != NULL && fwrite(encoded.data, 1, encoded.bytes, loop.out) != encoded.bytes) {
        return fail("cannot write the output file");
    }
    return 0;
}

/* Waits until a frame is due as a stream would: damage, settle time, token bucket. */
static int wait_until_due(int wake_fd, uint64_t end, uint64_t *pace)
{
    uint64_t interval = 1000000u * 100u / 103u / loop.config.fps_max;
    int32_t events = 0;
    while ((events & WV_EVENT_DAMAGE) == 0 && wv_now_us() < end) {
        events = loop.capture->ops->wait(loop.capture, wake_fd, end);
        if (events < 0) return fail("the display went away");
    }
    uint64_t due = wv_now_us() + loop.config.settle_us;
    if (*pace > interval && *pace - interval > due) due = *pace - interval;
    while (wv_now_us() < due) {
        uint64_t left = due - wv_now_us();
        struct timespec pause = {.tv_nsec = (long)left * 1000};
        if (left < 1000000u) ppoll(NULL, 0, &pause, NULL);
    }
    uint64_t now = wv_now_us();
    *pace = (*pace > now ? *pace : now) + interval;
    return 0;
}

static void print_array(const char *name, const uint32_t *values, uint32_t count)
{
    printf("\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++) printf("%s%u", i > 0 ? "," : "", values[i]);
    printf("],");
}

int main(int count, char **words)
{
    /* The same priority as a stream's threads: only the work differs, not the wait for a core. */
    setpriority(PRIO_PROCESS, 0, WV_STREAM_NICE);
    if (parse(count, words) != 0) return 1;
    if (open_parts() != 0) return 1;
    prctl(PR_SET_TIMERSLACK, 1ul);
    int wake_fd = eventfd(0, EFD_CLOEXEC);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    uint64_t end = wv_now_us() + (uint64_t)(loop.seconds * 1e6), pace = 0;
    while (wv_now_us() < end && loop.samples.count < FRAMES_MAX) {
        if (loop.samples.count > 0 && wait_until_due(wake_fd, end, &pace) != 0) return 1;
        if (make_frame(loop.samples.count + 1) != 0) return 1;
    }
    getrusage(RUSAGE_SELF, &after);
    long cpu_us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000l +
                  (after.ru_utime.tv_usec - before.ru_utime.tv_usec) +
                  (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000l +
                  (after.ru_stime.tv_usec - before.ru_stime.tv_usec);
    printf("{\"frames\":%u,\"cpuUs\":%ld,", loop.samples.count, cpu_us);
    print_array("grabUs", loop.samples.grab_us, loop.samples.count);
    print_array("convertUs", loop.samples.convert_us, loop.samples.count);
    print_array("encodeUs", loop.samples.encode_us, loop.samples.count);
    uint64_t memory[4] = {0};
    wv_process_memory(getpid(), memory);
    printf("\"encoderBytes\":%ld,\"computedBytes\":%zu,",
           (long)(memory[1] - loop.private_before), loop.encoder->library_bytes);
    printf("\"bytes\":%lu,\"codec\":\"%s\",\"source\":\"%s\"}\n", (unsigned long)loop.bytes,
           loop.encoder->codec, loop.capture->ops->name);
    if (loop.out != NULL && fclose(loop.out) != 0) return fail("cannot write the output file");
    wv_encoder_close(loop.encoder);
    wv_converter_close(loop.converter);
    loop.capture->ops->close(loop.capture);
    int width = loop.frame.width, height = loop.frame.height;
    wv_memory_free(WV_MEMORY_FRAME, loop.planes, wv_frame_layout(NULL, NULL, width, height));
    close(wake_fd);
    return 0;
}
