/*
 * Stream, the C interface: opens source, converter and encoder, owns the thread that joins them,
 * and passes requests to it without waiting.
 */
#include "stream.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"

#define FPS_MAX 240u
#define QP_MAX 51u
#define KEYFRAME_QP_OFFSET_MAX 20
#define SETTLE_US_MAX 20000u
#define THREADS_MAX 16u
#define STOP_PATIENCE_S 2 /* then the connection to a hung X server is cut */

uint32_t wv_frame_layout(wv_frame *frame, uint8_t *base, int width, int height)
{
    int luma = (width + 63) & ~63, chroma = (width / 2 + 63) & ~63;
    uint32_t luma_bytes = (uint32_t)luma * (uint32_t)height;
    uint32_t chroma_bytes = (uint32_t)chroma * (uint32_t)((height + 1) / 2);
    if (frame != NULL) {
        *frame = (wv_frame){
            .planes = {base, base + luma_bytes, base + luma_bytes + chroma_bytes},
            .strides = {luma, chroma, chroma},
            .width = width,
            .height = height,
        };
    }
    return luma_bytes + 2 * chroma_bytes;
}

static int32_t check_config(const wv_stream_config *config, wv_error *error)
{
    const char *wrong = NULL;
    if (config->stream_id >= WV_STREAMS_MAX) wrong = "stream number";
    if (config->source_kind > WV_SOURCE_X11) wrong = "source kind";
    if (memchr(config->display, 0, sizeof config->display) == NULL) wrong = "display name";
    if (memchr(config->monitor, 0, sizeof config->monitor) == NULL) wrong = "monitor name";
    if (config->fps_max == 0 || config->fps_max > FPS_MAX) wrong = "frame rate";
    if (config->qp == 0 || config->qp > QP_MAX) wrong = "quantiser";
    if (config->threads > THREADS_MAX) wrong = "number of threads";
    if (config->settle_us > SETTLE_US_MAX) wrong = "settle time";
    if (config->keyframe_qp_offset < -KEYFRAME_QP_OFFSET_MAX ||
        config->keyframe_qp_offset > KEYFRAME_QP_OFFSET_MAX) {
        wrong = "keyframe quantiser offset";
    }
    if (wrong != NULL) return wv_fail(error, WV_STATUS_INVALID, "the %s is out of range", wrong);
    return WV_STATUS_OK;
}

/* Opens what has threads of its own, which inherit the nice value of the caller. */
static int32_t open_threaded_parts(wv_stream *stream, wv_error *error)
{
    int before = getpriority(PRIO_PROCESS, 0);
    setpriority(PRIO_PROCESS, 0, WV_STREAM_NICE);
    int32_t status = wv_stream_fit_screen(stream, error);
    setpriority(PRIO_PROCESS, 0, before);
    return status;
}

static int32_t open_parts(wv_stream *stream, wv_error *error)
{
    wv_stream_config *config = &stream->config;
    if (wv_capture_open(config, &stream->capture, error) != WV_STATUS_OK) return error->status;
    return open_threaded_parts(stream, error);
}

static void free_stream(wv_stream *stream)
{
    wv_stream_release_encoder(stream, true);
    wv_converter_close(stream->converter);
    if (stream->capture != NULL) stream->capture->ops->close(stream->capture);
    if (stream->wake_fd >= 0) close(stream->wake_fd);
    pthread_mutex_destroy(&stream->stats_lock);
    wv_memory_free(WV_MEMORY_STREAM, stream, sizeof *stream);
}

wv_stream *wv_stream_create(wv_output *output, wv_pool *pool, wv_encoder_pool *encoders,
                            const wv_stream_config *config, char *error_text,
                            uint32_t error_bytes)
{
    wv_error error = {.status = WV_STATUS_INVALID, .text = "an argument is missing"};
    wv_stream *stream = NULL;
    if (output != NULL && pool != NULL && config != NULL &&
        check_config(config, &error) == WV_STATUS_OK) {
        stream = wv_memory_new(WV_MEMORY_STREAM, sizeof *stream);
        if (stream == NULL) wv_fail(&error, WV_STATUS_OUT_OF_MEMORY, "no memory for a stream");
    }
    if (stream != NULL) {
        stream->config = *config;
        stream->output = output;
        stream->pool = pool;
        stream->encoders = encoders;
        stream->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        atomic_init(&stream->qp, config->qp);
        atomic_init(&stream->fps_max, config->fps_max);
        atomic_init(&stream->keyframe_qp, 0);
        atomic_init(&stream->segment_wanted, false);
        atomic_init(&stream->frame_bytes_max, 0);
        atomic_init(&stream->keyframe_bytes_max, 0);
        atomic_init(&stream->scale_wanted, WV_SCALE_FULL);
        atomic_init(&stream->layers_wanted, 1);
        pthread_mutex_init(&stream->stats_lock, NULL);
        stream->scale = WV_SCALE_FULL;
        stream->layers = 1;
        if (stream->wake_fd >= 0 && open_parts(stream, &error) == WV_STATUS_OK) return stream;
        free_stream(stream);
    }
    if (error_text != NULL) snprintf(error_text, error_bytes, "%d %s", error.status, error.text);
    return NULL;
}

static void wake(wv_stream *stream)
{
    uint64_t one = 1;
    /* A full counter also wakes; there is nothing to do about any other failure. */
    if (write(stream->wake_fd, &one, sizeof one) < 0) return;
}

int32_t wv_stream_start(wv_stream *stream)
{
    if (stream == NULL) return WV_STATUS_INVALID;
    if (stream->running) return WV_STATUS_BUSY;
    if (stream->stats.status != WV_STATUS_OK) return (int32_t)stream->stats.status;
    atomic_store(&stream->stop, false);
    sigset_t all, before;
    sigfillset(&all); /* signals belong to the host's threads */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&stream->thread, NULL, wv_stream_run, stream);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) return WV_STATUS_OUT_OF_MEMORY;
    stream->running = true;
    return WV_STATUS_OK;
}

int32_t wv_stream_stop(wv_stream *stream)
{
    if (stream == NULL) return WV_STATUS_INVALID;
    if (!stream->running) return WV_STATUS_OK;
    atomic_store(&stream->stop, true);
    wake(stream);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_PATIENCE_S;
    if (pthread_timedjoin_np(stream->thread, NULL, &until) == ETIMEDOUT) {
        stream->capture->ops->interrupt(stream->capture);
        pthread_join(stream->thread, NULL);
    }
    stream->running = false;
    return WV_STATUS_OK;
}

void wv_stream_destroy(wv_stream *stream)
{
    if (stream == NULL) return;
    wv_stream_stop(stream);
    free_stream(stream);
}

int32_t wv_stream_set_qp(wv_stream *stream, uint32_t qp)
{
    if (stream == NULL || qp == 0 || qp > QP_MAX) return WV_STATUS_INVALID;
    atomic_store(&stream->qp, qp);
    return WV_STATUS_OK;
}

int32_t wv_stream_set_limits(wv_stream *stream, uint32_t keyframe_qp, uint32_t frame_bytes,
                             uint32_t keyframe_bytes)
{
    if (stream == NULL || keyframe_qp > QP_MAX) return WV_STATUS_INVALID;
    atomic_store(&stream->keyframe_qp, keyframe_qp);
    atomic_store(&stream->frame_bytes_max, frame_bytes);
    atomic_store(&stream->keyframe_bytes_max, keyframe_bytes);
    return WV_STATUS_OK;
}

int32_t wv_stream_set_fps(wv_stream *stream, uint32_t fps_max)
{
    if (stream == NULL || fps_max == 0 || fps_max > FPS_MAX) return WV_STATUS_INVALID;
    atomic_store(&stream->fps_max, fps_max);
    wake(stream);
    return WV_STATUS_OK;
}

int32_t wv_stream_set_shape(wv_stream *stream, uint32_t quarters, uint32_t layers)
{
    if (stream == NULL || quarters < WV_SCALE_MIN || quarters > WV_SCALE_FULL || layers < 1 ||
        layers > 2) {
        return WV_STATUS_INVALID;
    }
    atomic_store(&stream->scale_wanted, quarters);
    atomic_store(&stream->layers_wanted, layers);
    wake(stream);
    return WV_STATUS_OK;
}

int32_t wv_stream_request_keyframe(wv_stream *stream)
{
    if (stream == NULL) return WV_STATUS_INVALID;
    atomic_store(&stream->keyframe_wanted, true);
    wake(stream);
    return WV_STATUS_OK;
}

int32_t wv_stream_request_segment(wv_stream *stream, uint32_t qp, uint32_t bytes_max)
{
    if (stream == NULL || qp < 1 || qp > QP_MAX) return WV_STATUS_INVALID;
    atomic_store(&stream->segment_qp, qp);
    atomic_store(&stream->segment_bytes_max, bytes_max);
    atomic_store(&stream->segment_wanted, true);
    return WV_STATUS_OK;
}

int32_t wv_stream_request_refresh(wv_stream *stream)
{
    if (stream == NULL) return WV_STATUS_INVALID;
    atomic_store(&stream->refresh_wanted, true);
    wake(stream);
    return WV_STATUS_OK;
}

int32_t wv_stream_invalidate(wv_stream *stream, uint32_t frame_id)
{
    if (stream == NULL || frame_id == 0) return WV_STATUS_INVALID;
    unsigned before = atomic_load(&stream->lost_from);
    while ((before == 0 || frame_id < before) &&
           !atomic_compare_exchange_weak(&stream->lost_from, &before, frame_id)) {
    }
    wake(stream);
    return WV_STATUS_OK;
}

int32_t wv_stream_stats(wv_stream *stream, wv_stream_stats_data *stats)
{
    if (stream == NULL || stats == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&stream->stats_lock);
    *stats = stream->stats;
    pthread_mutex_unlock(&stream->stats_lock);
    return WV_STATUS_OK;
}
