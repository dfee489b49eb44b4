/*
 * Screen of a stream: what a stream does when what it captures has another size or place: converter,
 * staging frames and encoder are taken anew, and it goes on with a keyframe under the same numbers.
 */
#include "stream.h"

#define SIDE_MAX 8192 /* MAX_PICTURE_SIDE in src/wire/codec.ts */

static void note_place(wv_stream *stream)
{
    const wv_capture *capture = stream->capture;
    pthread_mutex_lock(&stream->stats_lock);
    stream->stats.width = capture->width;
    stream->stats.height = capture->height;
    stream->stats.x = capture->x;
    stream->stats.y = capture->y;
    pthread_mutex_unlock(&stream->stats_lock);
}

int32_t wv_stream_fit_screen(wv_stream *stream, wv_error *error)
{
    int width = stream->capture->width, height = stream->capture->height;
    if (width > SIDE_MAX || height > SIDE_MAX) {
        return wv_fail(error, WV_STATUS_TOO_LARGE, "the screen of %dx%d is larger than %d a side",
                       width, height, SIDE_MAX);
    }
    stream->frame_bytes = wv_frame_layout(NULL, NULL, width, height);
    int32_t status = wv_pool_reshape(stream->pool, stream->frame_bytes);
    if (status != WV_STATUS_OK) {
        return wv_fail(error, status, "a frame of %dx%d needs %u bytes, the pool has %u", width,
                       height, stream->frame_bytes, wv_pool_frame_bytes(stream->pool));
    }
    status = wv_converter_open(width, height, &stream->converter, error);
    if (status == WV_STATUS_OK) status = wv_stream_open_encoder(stream, error);
    if (status == WV_STATUS_OK) note_place(stream);
    return status;
}

int32_t wv_stream_follow_screen(wv_stream *stream, wv_error *error)
{
    int before[2] = {stream->capture->width, stream->capture->height};
    int32_t changed = stream->capture->ops->follow(stream->capture, error);
    if (changed < 0) return changed;
    stream->damaged = true; /* a grab that was given up has taken the notice */
    stream->damaged_at_us = wv_now_us();
    /* A source that never comes to rest, or refuses every grab, is not followed for ever. */
    if (++stream->follows > WV_STREAM_FOLLOWS_MAX) {
        return wv_fail(error, WV_STATUS_SIZE_CHANGED, "the screen changes without an end");
    }
    if (changed == 0) return WV_STATUS_OK;
    pthread_mutex_lock(&stream->stats_lock);
    stream->stats.screen_changes++;
    pthread_mutex_unlock(&stream->stats_lock);
    if (before[0] == stream->capture->width && before[1] == stream->capture->height) {
        note_place(stream);
        wv_stream_post_facts(stream, WV_MOVED);
        return WV_STATUS_OK;
    }
    /* Given back first: two encoders of a large screen need not fit. */
    wv_stream_release_encoder(stream, false);
    wv_converter_close(stream->converter);
    stream->converter = NULL;
    int32_t status = wv_stream_fit_screen(stream, error);
    if (status != WV_STATUS_OK) return status;
    stream->force_keyframe = true;
    stream->repair_from = 0; /* of an encoder that is gone */
    stream->coarse_halves = 0;
    wv_stream_post_facts(stream, WV_CHANGED);
    return WV_STATUS_OK;
}
