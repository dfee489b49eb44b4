/*
 * Output ring: header and payload of each record one behind the other in one block of memory, taken
 * whole or not at all. Producers are the stream threads and JavaScript, there is one consumer.
 */
#include "output.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"
#include "memory.h"
#include "output_descriptor.h"

#define RING_BYTES_MIN (1u << 20)
#define RING_BYTES_MAX (256u << 20)
#define RING_BYTES_KEPT (1u << 19) /* whole pages; what an emptied ring keeps */
#define TIMEOUT_MS_MAX 60000u

wv_output *wv_output_create(uint32_t ring_bytes)
{
    if (ring_bytes < RING_BYTES_MIN || ring_bytes > RING_BYTES_MAX) return NULL;
    wv_output *output = wv_memory_new(WV_MEMORY_OUTPUT, sizeof *output);
    if (output == NULL) return NULL;
    output->ring = wv_memory_map(WV_MEMORY_OUTPUT, ring_bytes);
    output->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (output->ring == NULL || output->wake_fd < 0) {
        if (output->wake_fd >= 0) close(output->wake_fd);
        wv_memory_unmap(WV_MEMORY_OUTPUT, output->ring, ring_bytes);
        wv_memory_free(WV_MEMORY_OUTPUT, output, sizeof *output);
        return NULL;
    }
    output->ring_bytes = ring_bytes;
    output->stats.ring_bytes = ring_bytes;
    output->fd = -1;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&output->lock, NULL);
    pthread_cond_init(&output->readable, &monotonic);
    pthread_cond_init(&output->writable, &monotonic);
    pthread_cond_init(&output->left, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return output;
}

void wv_output_ring_copy_in(wv_output *output, const void *bytes, size_t count)
{
    if (count == 0) return;
    size_t at = (output->read_at + output->used) % output->ring_bytes;
    size_t first = output->ring_bytes - at < count ? output->ring_bytes - at : count;
    memcpy(output->ring + at, bytes, first);
    memcpy(output->ring, (const uint8_t *)bytes + first, count - first);
    output->used += count;
    size_t end = at + count;
    if (end > output->written_to) output->written_to = end;
    if (output->used > output->stats.used_bytes_max) output->stats.used_bytes_max = output->used;
}

void wv_output_ring_copy_out(wv_output *output, void *bytes, size_t count)
{
    size_t at = output->read_at;
    size_t first = output->ring_bytes - at < count ? output->ring_bytes - at : count;
    memcpy(bytes, output->ring + at, first);
    memcpy((uint8_t *)bytes + first, output->ring, count - first);
    wv_output_ring_advance(output, count);
}

void wv_output_ring_advance(wv_output *output, size_t count)
{
    output->read_at = (output->read_at + count) % output->ring_bytes;
    output->used -= count;
    if (output->used > 0) return;
    /* An empty ring begins anew, so that what is small stays in the same few pages. */
    output->read_at = 0;
    if (output->written_to > RING_BYTES_KEPT) {
        madvise(output->ring + RING_BYTES_KEPT, output->ring_bytes - RING_BYTES_KEPT,
                MADV_DONTNEED);
    }
    output->written_to = 0;
}

bool wv_output_has_room(wv_output *output, uint8_t stream_id, uint32_t bytes)
{
    pthread_mutex_lock(&output->lock);
    if (output->fd >= 0) wv_output_update_waiting(output);
    /* A closed output refuses the frame, which ends the stream. */
    bool room = output->closed || (output->waiting[stream_id] < WV_OUTPUT_FRAMES_WAITING_MAX &&
                                   output->ring_bytes - output->used >= bytes);
    pthread_mutex_unlock(&output->lock);
    return room;
}

/* Keeps the header for wv_output_next, which has no ring to read with a descriptor. */
static void keep_header(wv_output *output, const wv_record_header *header)
{
    if (header->kind != WV_RECORD_VIDEO && header->kind != WV_RECORD_STATUS) return;
    if (output->header_count == WV_OUTPUT_HEADERS) {
        output->header_first = (output->header_first + 1) % WV_OUTPUT_HEADERS;
        output->header_count--;
        output->stats.headers_lost++;
    }
    uint32_t at = (output->header_first + output->header_count++) % WV_OUTPUT_HEADERS;
    output->headers[at] = *header;
}

/* Puts what the descriptor does not take at once into the ring. */
static int32_t put_to_descriptor(wv_output *output, const wv_record_header *header,
                                 const uint8_t *payload)
{
    size_t total = sizeof *header + header->payload_bytes;
    size_t taken = 0;
    if (output->used == 0) {
        int64_t written = wv_output_write_now(output, header, payload);
        if (written < 0) return (int32_t)written;
        taken = (size_t)written;
    }
    if (taken == total) {
        output->stats.direct_writes++;
    } else {
        size_t of_header = taken < sizeof *header ? taken : sizeof *header;
        size_t of_payload = taken - of_header;
        wv_output_ring_copy_in(output, (const uint8_t *)header + of_header,
                               sizeof *header - of_header);
        wv_output_ring_copy_in(output, payload + of_payload, header->payload_bytes - of_payload);
    }
    if (header->kind == WV_RECORD_VIDEO) {
        wv_output_mark_frame(output, header->stream_id, output->used);
    }
    keep_header(output, header);
    return WV_STATUS_OK;
}

int32_t wv_output_put(wv_output *output, wv_record_header *header, const uint8_t *payload)
{
    if (header->payload_bytes > WV_RECORD_PAYLOAD_MAX) return WV_STATUS_TOO_LARGE;
    header->magic = WV_RECORD_MAGIC;
    size_t total = sizeof *header + header->payload_bytes;
    int32_t status = WV_STATUS_OK;
    pthread_mutex_lock(&output->lock);
    if (output->closed) {
        status = WV_STATUS_CLOSED;
    } else if (output->ring_bytes - output->used < total) {
        status = WV_STATUS_FULL;
    } else if (output->fd >= 0) {
        status = put_to_descriptor(output, header, payload);
    } else {
        wv_output_ring_copy_in(output, header, sizeof *header);
        wv_output_ring_copy_in(output, payload, header->payload_bytes);
    }
    if (status == WV_STATUS_OK) {
        output->stats.records++;
        output->stats.bytes += total;
        if (header->kind == WV_RECORD_VIDEO) output->waiting[header->stream_id]++;
        pthread_cond_broadcast(&output->readable);
        if (output->fd >= 0 && output->used > 0) pthread_cond_signal(&output->writable);
    } else if (status == WV_STATUS_FULL) {
        output->stats.refused++;
    }
    pthread_mutex_unlock(&output->lock);
    return status;
}

int32_t wv_output_post(wv_output *output, const uint8_t *payload, uint32_t bytes)
{
    if (output == NULL || (payload == NULL && bytes > 0)) return WV_STATUS_INVALID;
    wv_record_header header = {.kind = WV_RECORD_MESSAGE, .payload_bytes = bytes};
    return wv_output_put(output, &header, payload);
}

/* Copies the next record or header; 0 when there is none, WV_STATUS_TOO_LARGE leaves it. */
static int32_t take_next(wv_output *output, uint8_t *buffer, uint32_t capacity)
{
    wv_record_header header;
    if (output->fd >= 0) {
        if (output->header_count == 0) return 0;
        memcpy(buffer, &output->headers[output->header_first], sizeof header);
        output->header_first = (output->header_first + 1) % WV_OUTPUT_HEADERS;
        output->header_count--;
        return (int32_t)sizeof header;
    }
    if (output->used == 0) return 0;
    size_t read_at = output->read_at, used = output->used;
    wv_output_ring_copy_out(output, &header, sizeof header);
    if (header.payload_bytes > capacity - sizeof header) {
        /* Its payload is still in the ring, which therefore did not begin anew. */
        output->read_at = read_at;
        output->used = used;
        return WV_STATUS_TOO_LARGE;
    }
    memcpy(buffer, &header, sizeof header);
    wv_output_ring_copy_out(output, buffer + sizeof header, header.payload_bytes);
    if (header.kind == WV_RECORD_VIDEO) output->waiting[header.stream_id]--;
    return (int32_t)(sizeof header + header.payload_bytes);
}

int32_t wv_output_next(wv_output *output, uint8_t *buffer, uint32_t capacity, uint32_t timeout_ms)
{
    if (output == NULL || buffer == NULL || capacity < sizeof(wv_record_header)) {
        return WV_STATUS_INVALID;
    }
    if (timeout_ms > TIMEOUT_MS_MAX) timeout_ms = TIMEOUT_MS_MAX;
    uint64_t until = wv_now_us() + timeout_ms * 1000ull;
    struct timespec deadline = {.tv_sec = (time_t)(until / 1000000u),
                                .tv_nsec = (long)(until % 1000000u) * 1000};
    pthread_mutex_lock(&output->lock);
    output->readers++;
    int32_t taken = take_next(output, buffer, capacity);
    int waited = 0;
    while (taken == 0 && !output->closed && waited != ETIMEDOUT) {
        waited = pthread_cond_timedwait(&output->readable, &output->lock, &deadline);
        taken = take_next(output, buffer, capacity);
    }
    if (taken == 0 && output->closed) taken = WV_STATUS_CLOSED;
    output->readers--;
    pthread_cond_broadcast(&output->left);
    pthread_mutex_unlock(&output->lock);
    return taken;
}

int32_t wv_output_stats(wv_output *output, wv_output_stats_data *stats)
{
    if (output == NULL || stats == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&output->lock);
    *stats = output->stats;
    stats->used_bytes = output->used;
    pthread_mutex_unlock(&output->lock);
    return WV_STATUS_OK;
}

void wv_output_close(wv_output *output)
{
    if (output == NULL) return;
    pthread_mutex_lock(&output->lock);
    output->closed = true;
    pthread_cond_broadcast(&output->readable);
    pthread_cond_broadcast(&output->writable);
    pthread_mutex_unlock(&output->lock);
}

void wv_output_destroy(wv_output *output)
{
    if (output == NULL) return;
    wv_output_close(output);
    wv_output_join_writer(output);
    pthread_mutex_lock(&output->lock);
    while (output->readers > 0) pthread_cond_wait(&output->left, &output->lock);
    pthread_mutex_unlock(&output->lock);
    pthread_cond_destroy(&output->readable);
    pthread_cond_destroy(&output->writable);
    pthread_cond_destroy(&output->left);
    pthread_mutex_destroy(&output->lock);
    if (output->owns_fd) close(output->fd);
    close(output->wake_fd);
    wv_memory_unmap(WV_MEMORY_OUTPUT, output->ring, output->ring_bytes);
    wv_memory_free(WV_MEMORY_OUTPUT, output, sizeof *output);
}
