/*
 * Output descriptor: direct non-blocking writes by the thread that made the record, and one writer
 * thread for what did not fit. Unread bytes of the pipe count as waiting, so the pipe is no hidden
 * queue.
 */
#include "output_descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20) /* Linux' default limit for users; a keyframe fits */

/* The other end is gone: nothing can leave any more. Lock held. */
static void fail(wv_output *output)
{
    output->closed = true;
    pthread_cond_broadcast(&output->readable);
    pthread_cond_broadcast(&output->writable);
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int64_t wv_output_write_now(wv_output *output, const wv_record_header *header,
                            const uint8_t *payload)
{
    struct iovec parts[2] = {
        {.iov_base = (void *)header, .iov_len = sizeof *header},
        {.iov_base = (void *)payload, .iov_len = header->payload_bytes},
    };
    ssize_t written = writev(output->fd, parts, header->payload_bytes > 0 ? 2 : 1);
    if (written < 0) {
        if (would_block(errno)) return 0;
        fail(output);
        return WV_STATUS_CLOSED;
    }
    output->written += (uint64_t)written;
    return written;
}

void wv_output_mark_frame(wv_output *output, uint8_t stream_id, uint64_t ahead)
{
    if (output->mark_count == WV_OUTPUT_MARKS) {
        /* Cannot be reached with the bound on waiting frames; the oldest counts as read. */
        output->waiting[output->marks[output->mark_first].stream_id]--;
        output->mark_first = (output->mark_first + 1) % WV_OUTPUT_MARKS;
        output->mark_count--;
    }
    uint32_t at = (output->mark_first + output->mark_count++) % WV_OUTPUT_MARKS;
    output->marks[at] = (wv_output_mark){.end = output->written + ahead, .stream_id = stream_id};
}

void wv_output_update_waiting(wv_output *output)
{
    int unread = 0;
    if (ioctl(output->fd, output->fd_is_socket ? SIOCOUTQ : FIONREAD, &unread) != 0) unread = 0;
    /* A socket counts its bookkeeping, too, so unread may exceed what was written. */
    uint64_t waiting = unread > 0 ? (uint64_t)unread : 0;
    uint64_t read = output->written > waiting ? output->written - waiting : 0;
    while (output->mark_count > 0 && output->marks[output->mark_first].end <= read) {
        output->waiting[output->marks[output->mark_first].stream_id]--;
        output->mark_first = (output->mark_first + 1) % WV_OUTPUT_MARKS;
        output->mark_count--;
    }
}

/* Writes the first piece of the ring that is in one block. Lock held. */
static void write_ring(wv_output *output)
{
    size_t until_end = output->ring_bytes - output->read_at;
    size_t piece = output->used < until_end ? output->used : until_end;
    ssize_t written = write(output->fd, output->ring + output->read_at, piece);
    if (written < 0) {
        if (!would_block(errno)) fail(output);
        return;
    }
    output->written += (uint64_t)written;
    wv_output_ring_advance(output, (size_t)written);
}

static void *run_writer(void *argument)
{
    wv_output *output = argument;
    prctl(PR_SET_NAME, "wv-output");
    pthread_mutex_lock(&output->lock);
    while (!output->closed) {
        if (output->used == 0) {
            pthread_cond_wait(&output->writable, &output->lock);
            continue;
        }
        pthread_mutex_unlock(&output->lock);
        struct pollfd wait[2] = {{.fd = output->fd, .events = POLLOUT},
                                 {.fd = output->wake_fd, .events = POLLIN}};
        poll(wait, 2, -1);
        pthread_mutex_lock(&output->lock);
        if (!output->closed && output->used > 0) write_ring(output);
    }
    pthread_mutex_unlock(&output->lock);
    return NULL;
}

/*
 * Standard output is moved to a descriptor of its own, and what a library prints there goes to
 * standard error from then on: one line of text between two records would end the stream.
 */
static int move_standard_output(void)
{
    int moved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved < 0) return -1;
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        close(moved);
        return -1;
    }
    fflush(stdout); /* what was printed before and still waits is no record either */
    setvbuf(stdout, NULL, _IOLBF, 0);
    return moved;
}

int32_t wv_output_attach_fd(wv_output *output, int32_t fd)
{
    if (output == NULL || fd < 0) return WV_STATUS_INVALID;
    struct stat kind;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &kind) != 0) return WV_STATUS_INVALID;
    if (!S_ISFIFO(kind.st_mode) && !S_ISSOCK(kind.st_mode)) return WV_STATUS_UNSUPPORTED;
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return WV_STATUS_FAILED;
    if (S_ISFIFO(kind.st_mode)) fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES); /* smaller also works */
    pthread_mutex_lock(&output->lock);
    int32_t status = output->fd >= 0 || output->used > 0 ? WV_STATUS_BUSY : WV_STATUS_OK;
    if (status == WV_STATUS_OK) {
        output->fd_is_socket = S_ISSOCK(kind.st_mode);
        /* Signals belong to the host's threads, and SIGPIPE must come back as EPIPE. */
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        output->fd = fd == STDOUT_FILENO ? move_standard_output() : fd;
        output->owns_fd = fd == STDOUT_FILENO && output->fd >= 0;
        output->writer_runs = output->fd >= 0 &&
                              pthread_create(&output->writer, NULL, run_writer, output) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (!output->writer_runs) {
            if (output->owns_fd) close(output->fd);
            output->owns_fd = false;
            output->fd = -1;
            status = WV_STATUS_OUT_OF_MEMORY;
        }
    }
    pthread_mutex_unlock(&output->lock);
    return status;
}

void wv_output_join_writer(wv_output *output)
{
    if (!output->writer_runs) return;
    uint64_t one = 1;
    if (write(output->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN) return;
    pthread_join(output->writer, NULL);
    output->writer_runs = false;
}
