/*
 * output_ring: the output ring and its descriptor under a reader that is slow, gone, or absent.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common.h"
#include "../memory.h"
#include "../output.h"
#include "../output_descriptor.h"
#include "check.h"

#define RING (1u << 20)

static uint8_t payload[3u << 20], buffer[4u << 20];

static int32_t put(wv_output *output, uint8_t stream, uint32_t id, uint32_t bytes)
{
    wv_record_header header = {
        .kind = WV_RECORD_VIDEO, .stream_id = stream, .frame_id = id, .payload_bytes = bytes};
    memset(payload, (int)id, bytes);
    return wv_output_put(output, &header, payload);
}

static int holds(const uint8_t *record, int32_t bytes, uint32_t id, uint32_t payload_bytes)
{
    wv_record_header header;
    memcpy(&header, record, sizeof header);
    if (bytes != (int32_t)(sizeof header + payload_bytes) || header.magic != WV_RECORD_MAGIC ||
        header.frame_id != id || header.payload_bytes != payload_bytes) {
        return 0;
    }
    for (uint32_t i = 0; i < payload_bytes; i++) {
        if (record[sizeof header + i] != (uint8_t)id) return 0;
    }
    return 1;
}

static void check_ring(void)
{
    CHECK(wv_output_create(1000) == NULL, "a ring below the minimum is refused");
    wv_output *output = wv_output_create(RING);
    /* One record always stays behind: an empty ring begins anew and has no end to go around. */
    int good = put(output, 0, 0, 0) == WV_STATUS_OK;
    for (uint32_t id = 1; id <= 301; id++) {
        uint32_t bytes = (id - 1) * 7919 % 200000;
        if (id <= 300) good &= put(output, 0, id, id * 7919 % 200000) == WV_STATUS_OK;
        good &= holds(buffer, wv_output_next(output, buffer, sizeof buffer, 0), id - 1, bytes);
    }
    CHECK(good, "300 records of all sizes come out as they went in, around the end");
    uint64_t before = wv_now_us();
    CHECK(wv_output_next(output, buffer, sizeof buffer, 50) == 0 &&
              wv_now_us() - before >= 50000,
          "an empty ring gives 0 after the timeout");
    for (uint32_t id = 1; id <= WV_OUTPUT_FRAMES_WAITING_MAX; id++) put(output, 2, id, 1000);
    CHECK(!wv_output_has_room(output, 2, 1000), "three waiting frames of a stream are enough");
    CHECK(wv_output_has_room(output, 3, 1000), "another stream has room");
    CHECK(!wv_output_has_room(output, 3, RING), "but not for more than the ring holds");
    CHECK(put(output, 3, 1, RING) == WV_STATUS_FULL, "a record that does not fit is refused");
    CHECK(wv_output_next(output, buffer, 100, 0) == WV_STATUS_TOO_LARGE,
          "a buffer too small for the next record is told");
    CHECK(holds(buffer, wv_output_next(output, buffer, sizeof buffer, 0), 1, 1000),
          "and the record stays");
    CHECK(wv_output_has_room(output, 2, 1000), "a taken frame makes room");
    CHECK(wv_output_post(output, payload, WV_RECORD_PAYLOAD_MAX + 1) == WV_STATUS_TOO_LARGE,
          "a message beyond 16 MiB is refused");
    wv_output_destroy(output);
}

static size_t resident_pages(const wv_output *output)
{
    static uint8_t pages[RING / 4096];
    size_t count = 0;
    if (mincore(output->ring, RING, pages) != 0) return SIZE_MAX;
    for (size_t i = 0; i < sizeof pages; i++) count += pages[i] & 1u;
    return count;
}

static void check_pages(void)
{
    wv_output *output = wv_output_create(RING);
    CHECK(resident_pages(output) == 0, "a new ring takes no memory");
    for (uint32_t id = 1; id <= 300; id++) {
        put(output, 0, id, 10000);
        wv_output_next(output, buffer, sizeof buffer, 0);
    }
    CHECK(resident_pages(output) <= 3, "records that are taken at once share three pages");
    put(output, 0, 1, 900000);
    CHECK(resident_pages(output) > 200, "a large one takes what it needs");
    CHECK(holds(buffer, wv_output_next(output, buffer, sizeof buffer, 0), 1, 900000), "is whole");
    CHECK(resident_pages(output) <= RING / 2 / 4096, "and gives most of it back");
    put(output, 0, 2, 900000);
    CHECK(holds(buffer, wv_output_next(output, buffer, sizeof buffer, 0), 2, 900000),
          "as does the next");
    wv_output_destroy(output);
}

static void *wait_long(void *output)
{
    static uint8_t own[RING];
    static int32_t result;
    result = wv_output_next(output, own, sizeof own, 30000);
    return &result;
}

static void check_close(void)
{
    wv_output *output = wv_output_create(RING);
    pthread_t waiter;
    void *result;
    pthread_create(&waiter, NULL, wait_long, output);
    usleep(30000);
    uint64_t before = wv_now_us();
    wv_output_destroy(output);
    pthread_join(waiter, &result);
    CHECK(*(int32_t *)result == WV_STATUS_CLOSED && wv_now_us() - before < 1000000,
          "destroying wakes a waiting reader and lets it leave first");
}

typedef struct {
    int fd;
    uint32_t frames;
    int good;
} slow_reader;

static int read_all(int fd, uint8_t *into, size_t count)
{
    while (count > 0) {
        ssize_t got = read(fd, into, count);
        if (got <= 0) return 0;
        into += got;
        count -= (size_t)got;
    }
    return 1;
}

/* Reads records slowly and checks that none is torn, missing or out of order. */
static void *read_slowly(void *argument)
{
    slow_reader *self = argument;
    static uint8_t record[4u << 20];
    self->good = 1;
    for (uint32_t id = 1; id <= self->frames; id++) {
        wv_record_header *header = (wv_record_header *)record;
        if (!read_all(self->fd, record, sizeof *header)) self->good = 0;
        if (!self->good || header->payload_bytes > sizeof record - sizeof *header) break;
        self->good &= read_all(self->fd, record + sizeof *header, header->payload_bytes);
        self->good &= holds(record, (int32_t)(sizeof *header + header->payload_bytes), id,
                            header->payload_bytes);
        if (id % 8 == 0) usleep(4000);
    }
    return NULL;
}

static void check_descriptor(int reading, int writing, const char *name)
{
    wv_output *output = wv_output_create(4 * RING);
    slow_reader reader = {.fd = reading, .frames = 400};
    pthread_t thread;
    CHECK(wv_output_attach_fd(output, writing) == WV_STATUS_OK, "a %s is taken", name);
    CHECK(wv_output_attach_fd(output, writing) == WV_STATUS_BUSY, "%s: once", name);
    pthread_create(&thread, NULL, read_slowly, &reader);
    int full = 0, headers = 0;
    for (uint32_t id = 1; id <= reader.frames;) {
        if (!wv_output_has_room(output, 1, 600000)) {
            full++;
            usleep(500);
            continue;
        }
        if (put(output, 1, id, id * 7919 % 600000) != WV_STATUS_OK) break;
        id++;
        int32_t bytes = wv_output_next(output, buffer, sizeof buffer, 0);
        headers += bytes == (int32_t)sizeof(wv_record_header);
    }
    pthread_join(thread, NULL);
    CHECK(reader.good, "%s: 400 records arrive whole and in order at a slow reader", name);
    CHECK(full > 0, "%s: a slow reader holds the stream back (%d times)", name, full);
    CHECK(headers == 400, "%s: every header also goes to JavaScript (%d)", name, headers);
    wv_output_stats_data stats;
    wv_output_stats(output, &stats);
    CHECK(stats.records == 400 && stats.used_bytes == 0 && stats.direct_writes > 0 &&
              stats.used_bytes_max > 0,
          "%s: %lu records, %lu without the writer thread", name, (unsigned long)stats.records,
          (unsigned long)stats.direct_writes);
    close(reading);
    int32_t status = WV_STATUS_OK;
    for (uint32_t id = 1; id < 100 && status == WV_STATUS_OK; id++) {
        status = put(output, 1, id, 100000);
        usleep(500);
    }
    CHECK(status == WV_STATUS_CLOSED, "%s: a reader that went away closes the output (%d)", name,
          status);
    CHECK(wv_output_next(output, buffer, sizeof buffer, 0) >= 0 ||
              wv_output_next(output, buffer, sizeof buffer, 0) == WV_STATUS_CLOSED,
          "%s: and the reader of headers hears of it", name);
    wv_output_destroy(output);
    close(writing);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    check_ring();
    check_pages();
    check_close();
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    check_descriptor(ends[0], ends[1], "pipe");
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socket");
    check_descriptor(ends[0], ends[1], "socket");
    int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    wv_output *output = wv_output_create(RING);
    CHECK(wv_output_attach_fd(output, file) == WV_STATUS_UNSUPPORTED, "a file is refused");
    CHECK(wv_output_attach_fd(output, 987) == WV_STATUS_INVALID, "a closed descriptor is refused");
    wv_output_destroy(output);
    close(file);
    uint64_t memory[WV_MEMORY_TYPES * 4];
    wv_memory_stats(memory);
    CHECK(memory[0] == 0 && memory[1] == 0, "all memory came back");
    return checks_end();
}
