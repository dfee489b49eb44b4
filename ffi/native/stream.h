/*
 * Stream: the state that the C interface (stream.c) and the thread of the stream (stream_loop.c)
 * share. Requests go in by atomics and an eventfd, counters come out under a lock.
 */
#ifndef WV_STREAM_H
#define WV_STREAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "capture/capture.h"
#include "convert/convert.h"
#include "convert/scale.h"
#include "encode/encoder_pool.h"
#include "output.h"
#include "staging/pool.h"

struct wv_stream {
    wv_stream_config config;
    wv_output *output;
    wv_pool *pool;
    wv_encoder_pool *encoders; /* NULL: it opens and closes its own */
    wv_capture *capture;
    wv_converter *converter;
    wv_encoder *encoder;
    int32_t encoder_index;
    uint32_t frame_bytes;
    uint32_t threads, level, frames_kept; /* of every encoder that this stream takes */

    pthread_t thread;
    bool running; /* touched by the owner only */
    int wake_fd;
    atomic_bool stop;
    atomic_uint qp, keyframe_qp, fps_max; /* keyframe_qp 0: qp and the configured offset */
    atomic_uint frame_bytes_max, keyframe_bytes_max; /* 0: none */
    atomic_uint scale_wanted, layers_wanted; /* of the picture, as in convert/scale.h; 1 or 2 */
    atomic_bool keyframe_wanted, refresh_wanted, segment_wanted;
    atomic_uint segment_qp, segment_bytes_max; /* of the keyframe that begins a segment; 0: none */
    atomic_uint lost_from; /* first lost frame, 0 none */

    pthread_mutex_t stats_lock;
    wv_stream_stats_data stats;

    /* The rest belongs to the thread. */
    bool encoder_failed;
    uint64_t late_loss_us; /* when a loss came near the end of what is kept at first; 0 never */
    uint32_t scale, layers;
    int width, height; /* of the encoded picture */
    bool disposable_next;
    uint32_t coarse_halves; /* twice the quantiser that the newest coarse frame allows the next */
    uint32_t frame_id, last_keyframe_id;
    bool force_keyframe, refresh, damaged, cursor_changed;
    uint32_t repair_from;
    uint64_t damaged_at_us, last_frame_us, cursor_at_us, blocked_mark_us, blocked_since_us;
    uint64_t pace_us; /* token bucket as the time at which it would be full again */
    uint32_t dropped;
    uint32_t cursor_serial;
    int place_x, place_y; /* of the pointer, as told last */
    uint64_t place_due_us, place_moved_us, place_told_us;
    uint32_t follows; /* changes of the screen since the last frame */
    uint64_t thread_cpu_us;
    wv_cursor cursor;
};

/* Fills the layout of an I420 frame: rows of a multiple of 64 bytes. Gives its bytes. */
uint32_t wv_frame_layout(wv_frame *frame, uint8_t *base, int width, int height);
/*
 * Nice value of the threads between a drawn frame and its bits, where the system allows it. With
 * twice as many busy programs as processors it took a third off the time of a frame.
 */
#define WV_STREAM_NICE (-10)
/* The thread. */
void *wv_stream_run(void *stream);
/* Tells where the pointer is, when that is due; *due is no later than the next time. */
int32_t wv_stream_follow_pointer(wv_stream *stream, uint64_t now, uint64_t *due);

/*
 * What the encoder is to make of the picture that header tells of. Gives by how much the quantiser is
 * coarser than the ordinary one.
 */
uint32_t wv_stream_request_frame(wv_stream *stream, const wv_record_header *header,
                                 wv_encode_request *request);
/* A frame of the ordinary quantiser `used` was made; unchanged: the screen had not changed. */
void wv_stream_note_quantiser(wv_stream *stream, uint32_t used, bool keyframe, bool unchanged);

/* Takes the encoder of a stream or a screen that is new, with the scale and layers as they are. */
int32_t wv_stream_open_encoder(wv_stream *stream, wv_error *error);
/* Gives the encoder back; is_wanted: one of this kind may be needed again. */
void wv_stream_release_encoder(wv_stream *stream, bool is_wanted);
/* Changes of the screen without a frame between them: a window that is dragged makes two a frame. */
#define WV_STREAM_FOLLOWS_MAX 50u
/* Takes staging frames, converter and encoder for what the source captures now. */
int32_t wv_stream_fit_screen(wv_stream *stream, wv_error *error);
/* After WV_STATUS_SIZE_CHANGED: goes on with the screen as it is now; error says why it cannot. */
int32_t wv_stream_follow_screen(wv_stream *stream, wv_error *error);
/* Frames from frame_id on are lost, which tells how many are to be kept. */
void wv_stream_note_lost(wv_stream *stream, uint32_t frame_id);
/* Before a keyframe: takes an encoder that keeps more frames, or fewer, where that is due. */
void wv_stream_fit_kept_frames(wv_stream *stream);
/* Takes up the size and the layers that are wanted; where they are refused, all stays as it is. */
void wv_stream_follow_shape(wv_stream *stream);
/* Sends a status record of WV_STARTED, WV_CHANGED or WV_MOVED with what the stream is now. */
void wv_stream_post_facts(wv_stream *stream, int32_t status);
/* Sends a status record. */
void wv_stream_post_text(wv_stream *stream, int32_t status, const char *text);

#endif
