/*
 * Output descriptor: the part of an output that writes its ring to a pipe or socket, and knows how
 * many frames the other end has not read yet.
 */
#ifndef WV_OUTPUT_DESCRIPTOR_H
#define WV_OUTPUT_DESCRIPTOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "output.h"

#define WV_OUTPUT_MARKS 128u /* frames under way: 16 streams x 3, and those in the pipe */
#define WV_OUTPUT_HEADERS 128u

/* Where a frame ends in the sequence of all bytes written. */
typedef struct wv_output_mark {
    uint64_t end;
    uint8_t stream_id;
} wv_output_mark;

struct wv_output {
    pthread_mutex_t lock;
    pthread_cond_t readable; /* something for wv_output_next */
    pthread_cond_t writable; /* something for the writer thread */
    pthread_cond_t left;     /* a caller of wv_output_next went */
    uint8_t *ring;
    size_t ring_bytes, read_at, used;
    size_t written_to; /* where the pages end that were written since the ring was empty */
    bool closed;
    int readers;
    uint32_t waiting[WV_STREAMS_MAX];

    int fd; /* -1 without */
    bool fd_is_socket;
    bool owns_fd; /* moved standard output: closed with the output */
    bool writer_runs;
    pthread_t writer;
    int wake_fd; /* ends the writer's poll */
    uint64_t written;
    wv_output_mark marks[WV_OUTPUT_MARKS];
    uint32_t mark_first, mark_count;
    wv_record_header headers[WV_OUTPUT_HEADERS];
    uint32_t header_first, header_count;

    wv_output_stats_data stats;
};

/* All with the lock held. */
void wv_output_ring_copy_in(wv_output *output, const void *bytes, size_t count);
void wv_output_ring_copy_out(wv_output *output, void *bytes, size_t count);
/* Takes the first `count` bytes out; an empty ring gives its pages back but some. */
void wv_output_ring_advance(wv_output *output, size_t count);
/* Writes what the descriptor takes at once; gives the bytes taken, or WV_STATUS_CLOSED. */
int64_t wv_output_write_now(wv_output *output, const wv_record_header *header,
                            const uint8_t *payload);
/* Remembers where a frame of stream_id ends, `ahead` bytes from what is written. */
void wv_output_mark_frame(wv_output *output, uint8_t stream_id, uint64_t ahead);
/* Takes frames that the other end has read off the waiting counts. */
void wv_output_update_waiting(wv_output *output);

/* Ends the writer thread; without the lock. */
void wv_output_join_writer(wv_output *output);

#endif
