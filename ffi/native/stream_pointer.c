/*
 * Stream pointer: where the pointer is on the screen, for who only watches, and for hands whose pointer
 * a program holds elsewhere. Looked at often while it moves and seldom while it rests; told when it is
 * elsewhere, and once a second for who came later.
 */
#include "stream.h"

#define MOVING_US 16000u   /* between two looks while it moves, as displays show it */
#define RESTING_US 60000u  /* and while it rests */
#define STILL_US 400000u   /* it rests when it has not moved for this long */
#define AGAIN_US 1000000u
#define PLACE_SCALE 65535

static uint16_t share(int at, int extent)
{
    if (extent <= 1 || at <= 0) return 0;
    if (at >= extent) at = extent - 1;
    return (uint16_t)(((uint32_t)at * PLACE_SCALE + (uint32_t)(extent - 1) / 2) /
                      (uint32_t)(extent - 1));
}

static bool is_inside(const wv_capture *capture, int x, int y)
{
    return x >= 0 && y >= 0 && x < capture->width && y < capture->height;
}

int32_t wv_stream_follow_pointer(wv_stream *stream, uint64_t now, uint64_t *due)
{
    wv_capture *capture = stream->capture;
    if (capture->ops->place == NULL || !(stream->config.flags & WV_STREAM_CURSOR)) return 0;
    if (now >= stream->place_due_us) {
        int x, y;
        int32_t status = capture->ops->place(capture, &x, &y);
        if (status == WV_STATUS_DISPLAY_LOST) return status;
        bool known = status == WV_STATUS_OK;
        bool moved = known && (x != stream->place_x || y != stream->place_y);
        if (moved) stream->place_moved_us = now;
        if (moved || (known && now - stream->place_told_us >= AGAIN_US)) {
            stream->place_x = x;
            stream->place_y = y;
            stream->place_told_us = now;
            wv_record_header header = {
                .kind = WV_RECORD_POINTER,
                .stream_id = (uint8_t)stream->config.stream_id,
                .flags = is_inside(capture, x, y) ? WV_FLAG_CURSOR_VISIBLE : 0,
                .width = share(x, capture->width),
                .height = share(y, capture->height),
                .capture_time_us = now,
            };
            status = wv_output_put(stream->output, &header, NULL);
            /* A full output has no room for what will be told again. */
            if (status != WV_STATUS_OK && status != WV_STATUS_FULL) return status;
        }
        bool rests = now - stream->place_moved_us >= STILL_US;
        stream->place_due_us = now + (rests ? RESTING_US : MOVING_US);
    }
    if (*due > stream->place_due_us) *due = stream->place_due_us;
    return WV_STATUS_OK;
}
