/*
 * Stream loop: capture -> staging -> encode of one source on one thread. It sleeps until something
 * changed, lets the drawing settle, keeps to the frame rate, and makes no frame that the output has
 * no room for.
 */
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

#define NEVER UINT64_MAX
#define IDLE_US 1000000u       /* longest sleep */
#define RETRY_MIN_US 500u      /* waiting for room in the output */
#define RETRY_MAX_US 10000u
#define CURSOR_INTERVAL_US 15000u /* an animated pointer is not sent more often */
#define SLOW_READ_US 3000u /* then the thread was held up, and a shared picture may be torn */
#define READS_MAX 3
#define BURST_FRAMES 2         /* tokens of the bucket */
#define PACE_SLACK_PERCENT 3   /* a source slightly above the limit must not queue up behind it */
#define ROOM_MIN (64u << 10)   /* bytes asked of the output for one frame */
#define ROOM_PIXELS_A_BYTE 4

static uint64_t interval_us(const wv_stream *stream)
{
    return 1000000u / atomic_load(&stream->fps_max);
}

static uint64_t pace_interval_us(const wv_stream *stream)
{
    return interval_us(stream) * 100 / (100 + PACE_SLACK_PERCENT);
}

static const char *status_text(int32_t status)
{
    switch (status) {
    case WV_STATUS_DISPLAY_LOST: return "the display went away";
    case WV_STATUS_CLOSED: return "the output was closed";
    default: return "capture or encoding failed";
    }
}

/* Moves what other threads asked for into the thread's own state. */
static void take_requests(wv_stream *stream)
{
    if (atomic_exchange(&stream->keyframe_wanted, false)) stream->force_keyframe = true;
    if (atomic_exchange(&stream->refresh_wanted, false)) stream->refresh = true;
    uint32_t lost_from = atomic_exchange(&stream->lost_from, 0);
    if (lost_from < stream->last_keyframe_id || lost_from > stream->frame_id) lost_from = 0;
    if (lost_from != 0 && (stream->repair_from == 0 || lost_from < stream->repair_from)) {
        stream->repair_from = lost_from;
    }
}

/* When the next frame is due; NEVER when nothing asks for one. */
static uint64_t next_due(const wv_stream *stream, uint64_t now)
{
    uint64_t due = NEVER;
    if (stream->damaged) {
        bool settles = stream->config.source_kind == WV_SOURCE_X11;
        due = stream->damaged_at_us + (settles ? stream->config.settle_us : 0);
    }
    if (stream->force_keyframe || stream->refresh || stream->repair_from != 0) due = now;
    if (stream->config.fps_floor_millihz > 0) {
        uint64_t floor_due =
            stream->last_frame_us + 1000000000ull / stream->config.fps_floor_millihz;
        if (floor_due < due) due = floor_due;
    }
    if (due == NEVER) return NEVER;
    uint64_t burst = (BURST_FRAMES - 1) * pace_interval_us(stream);
    uint64_t paced = stream->pace_us > burst ? stream->pace_us - burst : 0;
    return due > paced ? due : paced;
}

/* True when the output takes one more frame; else counts the frames that were not made. */
static bool has_room(wv_stream *stream, uint64_t now)
{
    uint32_t pixels = (uint32_t)stream->capture->width * (uint32_t)stream->capture->height;
    uint32_t bytes = pixels / ROOM_PIXELS_A_BYTE;
    if (bytes < ROOM_MIN) bytes = ROOM_MIN;
    if (wv_output_has_room(stream->output, (uint8_t)stream->config.stream_id, bytes)) {
        stream->blocked_since_us = 0;
        return true;
    }
    if (stream->blocked_since_us == 0) {
        stream->blocked_since_us = stream->blocked_mark_us = now;
    }
    uint32_t skipped = 0;
    for (; now - stream->blocked_mark_us >= interval_us(stream); skipped++) {
        stream->blocked_mark_us += interval_us(stream);
    }
    stream->dropped += skipped;
    pthread_mutex_lock(&stream->stats_lock);
    stream->stats.skipped_output_full += skipped;
    pthread_mutex_unlock(&stream->stats_lock);
    return false;
}

static uint64_t retry_us(const wv_stream *stream, uint64_t now)
{
    uint64_t wait = (now - stream->blocked_since_us) / 4;
    return now + (wait < RETRY_MIN_US ? RETRY_MIN_US : wait > RETRY_MAX_US ? RETRY_MAX_US : wait);
}

/* Makes the encoder forget lost frames, or asks for a keyframe where it cannot. */
static void forget_from(wv_stream *stream, uint32_t frame_id)
{
    wv_encoder *encoder = stream->encoder;
    wv_stream_note_lost(stream, frame_id);
    if (encoder->ops->invalidate(encoder, frame_id) != WV_STATUS_OK) stream->force_keyframe = true;
}

static void count_frame(wv_stream *stream, const wv_record_header *header, bool repair,
                        bool repeated, int32_t put)
{
    bool keyframe = header->flags & WV_FLAG_KEYFRAME;
    struct timespec cpu;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    pthread_mutex_lock(&stream->stats_lock);
    wv_stream_stats_data *stats = &stream->stats;
    stats->frames_encoded++;
    stats->keyframes += keyframe;
    stats->refresh_frames += (header->flags & WV_FLAG_UNCHANGED) != 0;
    stats->disposable_frames += (header->flags & WV_FLAG_ENHANCEMENT) != 0;
    stats->repeated_frames += repeated;
    stats->repairs += repair && !keyframe;
    stats->repair_keyframes += repair && keyframe;
    stats->bytes_out += put == WV_STATUS_OK ? header->payload_bytes : 0;
    stats->dropped_after_encode += put != WV_STATUS_OK;
    stats->grab_us += header->grab_us;
    stats->convert_us += header->convert_us;
    stats->encode_us += header->encode_us;
    stats->thread_cpu_us = cpu.tv_sec * 1000000ll + cpu.tv_nsec / 1000;
    stats->last_frame_id = header->frame_id;
    pthread_mutex_unlock(&stream->stats_lock);
}

/* Encodes frame and hands it on; header has the times so far. */
static int32_t encode_and_put(wv_stream *stream, const wv_frame *frame, wv_record_header *header,
                              uint64_t started_us)
{
    bool repair = stream->repair_from != 0;
    if (repair) forget_from(stream, stream->repair_from);
    if (stream->force_keyframe) wv_stream_fit_kept_frames(stream);
    wv_encode_request request;
    uint32_t offset = wv_stream_request_frame(stream, header, &request);
    wv_encoded encoded;
    int32_t status = stream->encoder->ops->encode(stream->encoder, frame, &request, &encoded);
    stream->encoder_failed = status != WV_STATUS_OK;
    if (status != WV_STATUS_OK) return status;
    uint64_t now = wv_now_us();
    stream->force_keyframe = false;
    stream->repair_from = 0;
    stream->follows = 0;
    stream->disposable_next = !encoded.disposable;
    wv_stream_note_quantiser(stream, encoded.qp - offset, encoded.keyframe,
                             header->flags & WV_FLAG_UNCHANGED);
    if (encoded.keyframe) {
        stream->last_keyframe_id = request.frame_id;
        atomic_store(&stream->segment_wanted, false);
    }
    header->frame_id = request.frame_id;
    header->qp = (uint8_t)encoded.qp;
    header->flags |= encoded.keyframe ? WV_FLAG_KEYFRAME : 0;
    header->flags |= encoded.disposable ? WV_FLAG_ENHANCEMENT : 0;
    header->reference_distance = encoded.reference_distance;
    header->payload_bytes = encoded.bytes;
    header->encode_us = header->first_slice_us = (uint32_t)(now - started_us);
    header->emit_us = (uint32_t)(now - header->capture_time_us);
    header->dropped_frames = stream->dropped;
    status = wv_output_put(stream->output, header, encoded.data);
    count_frame(stream, header, repair, encoded.repeated, status);
    if (status == WV_STATUS_FULL) {
        forget_from(stream, request.frame_id);
        stream->dropped++;
        stream->refresh = true; /* what this frame showed must still arrive */
        return WV_STATUS_OK;
    }
    stream->dropped = 0;
    return status;
}

/* Grabs and converts into frame, again when the source drew while the picture was read slowly. */
static int32_t take_picture(wv_stream *stream, uint8_t *lease, wv_frame *frame,
                            wv_record_header *header)
{
    const wv_capture_ops *ops = stream->capture->ops;
    wv_picture picture;
    for (int attempt = 1;; attempt++) {
        uint64_t grab_at = wv_now_us();
        int32_t status = ops->grab(stream->capture, &picture);
        if (status != WV_STATUS_OK) return status;
        uint64_t convert_at = wv_now_us();
        wv_frame_layout(frame, lease, picture.width, picture.height);
        wv_converter_run(stream->converter, &picture, frame);
        uint64_t end = wv_now_us();
        header->capture_time_us = grab_at;
        header->grab_us = (uint32_t)(convert_at - grab_at);
        header->convert_us = (uint32_t)(end - convert_at);
        if (end - convert_at < SLOW_READ_US || attempt == READS_MAX) return WV_STATUS_OK;
        int32_t overtaken = ops->overtaken(stream->capture);
        if (overtaken <= 0) return overtaken;
    }
}

/* Makes the picture smaller where that is wanted, and encodes it. */
static int32_t encode_picture(wv_stream *stream, const wv_frame *frame, wv_record_header *header)
{
    uint64_t started = wv_now_us();
    if (stream->scale == WV_SCALE_FULL) return encode_and_put(stream, frame, header, started);
    uint8_t *lease = wv_pool_lease(stream->pool, stream->frame_bytes);
    if (lease == NULL) return WV_STATUS_FULL;
    wv_frame small;
    wv_frame_layout(&small, lease, stream->width, stream->height);
    wv_scale_run(frame, &small);
    uint64_t scaled = wv_now_us();
    header->convert_us += (uint32_t)(scaled - started);
    int32_t status = encode_and_put(stream, &small, header, scaled);
    wv_pool_release(stream->pool, lease);
    return status;
}

/* No staging frame is free: what is due stays due, one interval later. */
static void count_exhausted_pool(wv_stream *stream)
{
    pthread_mutex_lock(&stream->stats_lock);
    stream->stats.pool_exhausted++;
    pthread_mutex_unlock(&stream->stats_lock);
    stream->dropped++;
}

static int32_t make_frame(wv_stream *stream)
{
    wv_frame frame;
    uint8_t *lease = wv_pool_lease(stream->pool, stream->frame_bytes);
    uint64_t now = wv_now_us();
    stream->last_frame_us = now;
    stream->pace_us = (stream->pace_us > now ? stream->pace_us : now) + pace_interval_us(stream);
    if (lease == NULL) {
        count_exhausted_pool(stream);
        return WV_STATUS_OK;
    }
    wv_record_header header = {
        .kind = WV_RECORD_VIDEO,
        .stream_id = (uint8_t)stream->config.stream_id,
        .flags = stream->damaged ? 0 : WV_FLAG_UNCHANGED,
        .encoder_index = (uint8_t)stream->encoder_index,
        .width = (uint16_t)stream->width,
        .height = (uint16_t)stream->height,
    };
    stream->damaged = stream->refresh = false;
    int32_t status = take_picture(stream, lease, &frame, &header);
    if (status == WV_STATUS_OK) status = encode_picture(stream, &frame, &header);
    wv_pool_release(stream->pool, lease);
    if (status != WV_STATUS_FULL) return status;
    count_exhausted_pool(stream);
    stream->refresh = true;
    return WV_STATUS_OK;
}

/* Sends the pointer image; it stays due while the output has no room. */
static int32_t send_cursor(wv_stream *stream)
{
    wv_cursor *cursor = &stream->cursor;
    int32_t status = stream->capture->ops->cursor(stream->capture, cursor);
    if (status == WV_STATUS_DISPLAY_LOST) return status;
    stream->cursor_changed = false;
    if (status != WV_STATUS_OK) return WV_STATUS_OK; /* no pointer on this screen */
    bool known = cursor->serial == stream->cursor_serial;
    wv_record_header header = {
        .kind = WV_RECORD_CURSOR,
        .stream_id = (uint8_t)stream->config.stream_id,
        .flags = cursor->visible ? WV_FLAG_CURSOR_VISIBLE : 0,
        .payload_bytes = known ? 0 : (uint32_t)(cursor->width * cursor->height * 4),
        .width = (uint16_t)cursor->width,
        .height = (uint16_t)cursor->height,
        .hotspot_x = (int16_t)cursor->hotspot_x,
        .hotspot_y = (int16_t)cursor->hotspot_y,
        .serial = cursor->serial,
        .frame_id = (uint32_t)cursor->shrunk,
        .capture_time_us = wv_now_us(),
    };
    status = wv_output_put(stream->output, &header, cursor->pixels);
    if (status == WV_STATUS_OK) stream->cursor_serial = cursor->serial;
    if (status == WV_STATUS_FULL) {
        stream->cursor_changed = true;
        status = WV_STATUS_OK;
    }
    return status;
}

/* Sleeps until until_us or an event, and notes what happened. */
static int32_t wait_for_event(wv_stream *stream, uint64_t until_us)
{
    int32_t events = stream->capture->ops->wait(stream->capture, stream->wake_fd, until_us);
    uint64_t count;
    if (read(stream->wake_fd, &count, sizeof count) > 0) {
        stream->capture->ops->set_fps(stream->capture, atomic_load(&stream->fps_max));
    }
    if (events < 0) return events;
    if (events & WV_EVENT_DAMAGE) {
        if (!stream->damaged) stream->damaged_at_us = wv_now_us();
        stream->damaged = true;
        pthread_mutex_lock(&stream->stats_lock);
        stream->stats.damage_events++;
        pthread_mutex_unlock(&stream->stats_lock);
    }
    if (events & WV_EVENT_CURSOR) stream->cursor_changed = true;
    return WV_STATUS_OK;
}

/* One turn of the loop: a frame when one is due and has room, else a pointer image or sleep. */
static int32_t turn(wv_stream *stream)
{
    take_requests(stream);
    wv_stream_follow_shape(stream);
    uint64_t now = wv_now_us();
    uint64_t due = next_due(stream, now);
    if (due <= now) {
        if (has_room(stream, now)) return make_frame(stream);
        due = retry_us(stream, now);
    }
    if (stream->cursor_changed) {
        uint64_t cursor_due = stream->cursor_at_us + CURSOR_INTERVAL_US;
        if (cursor_due <= now) {
            int32_t status = send_cursor(stream);
            if (status != WV_STATUS_OK) return status;
            stream->cursor_at_us = now;
            cursor_due = now + CURSOR_INTERVAL_US;
        }
        if (stream->cursor_changed && due > cursor_due) due = cursor_due;
    }
    int32_t status = wv_stream_follow_pointer(stream, now, &due);
    if (status != WV_STATUS_OK) return status;
    return wait_for_event(stream, due < now + IDLE_US ? due : now + IDLE_US);
}

void *wv_stream_run(void *argument)
{
    wv_stream *stream = argument;
    prctl(PR_SET_NAME, "wv-stream");
    prctl(PR_SET_TIMERSLACK, 1ul); /* nanoseconds; the default is 50,000 */
    setpriority(PRIO_PROCESS, 0, WV_STREAM_NICE); /* of this thread; refused without the right */
    stream->force_keyframe = true;
    stream->damaged = true; /* whatever is on the screen is new */
    stream->damaged_at_us = wv_now_us();
    stream->cursor_serial = 0;
    wv_stream_post_facts(stream, WV_STARTED);
    wv_error error = {.status = WV_STATUS_OK, .text = ""};
    int32_t status = WV_STATUS_OK;
    while (status == WV_STATUS_OK && !atomic_load(&stream->stop)) {
        status = turn(stream);
        if (status == WV_STATUS_SIZE_CHANGED) status = wv_stream_follow_screen(stream, &error);
    }
    if (status != WV_STATUS_OK) {
        pthread_mutex_lock(&stream->stats_lock);
        stream->stats.status = status;
        pthread_mutex_unlock(&stream->stats_lock);
        bool said = error.status == status;
        wv_stream_post_text(stream, status, said ? error.text : status_text(status));
    }
    return NULL;
}
