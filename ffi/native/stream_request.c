/*
 * Requests of a stream to its encoder: whether the next frame is a keyframe, may be forgotten, and how
 * coarse it is. It keeps what a coarse frame owes to the next ones.
 */
#include "stream.h"

#define QP_MAX 51u
#define DISPOSABLE_QP 2u /* coarser by this, since what they lack is not handed on */

static uint32_t quantiser(const wv_stream *stream, bool keyframe)
{
    uint32_t keyframe_qp = atomic_load(&stream->keyframe_qp);
    if (keyframe && keyframe_qp > 0) return keyframe_qp;
    int qp = (int)atomic_load(&stream->qp) + (keyframe ? stream->config.keyframe_qp_offset : 0);
    uint32_t bounded = qp < 1 ? 1 : qp > (int)QP_MAX ? QP_MAX : (uint32_t)qp;
    uint32_t allowed = keyframe ? 0 : stream->coarse_halves / 2;
    return bounded > allowed ? bounded : allowed;
}

/*
 * What a frame was too coarse for is made up for by the next ones. All at once it would be as large
 * as that frame was not to be, so the quantiser comes down by one for every two frames.
 */
void wv_stream_note_quantiser(wv_stream *stream, uint32_t used, bool keyframe, bool unchanged)
{
    bool limited = atomic_load(&stream->keyframe_qp) > 0;
    if (used * 2 > stream->coarse_halves + 1) {
        stream->coarse_halves = used * 2;
    } else if (stream->coarse_halves > 0) {
        stream->coarse_halves--;
    }
    /* A still picture is sharpened in steps that rate control has weighed. */
    bool sharpened = unchanged && !keyframe;
    if (!limited || sharpened || stream->coarse_halves / 2 <= atomic_load(&stream->qp)) {
        stream->coarse_halves = 0;
    }
}

/* True when a frame is to be a keyframe for no other reason than that a segment begins. */
static bool begins_segment(const wv_stream *stream, const wv_record_header *header)
{
    if (stream->force_keyframe || stream->repair_from != 0) return false;
    return atomic_load(&stream->segment_wanted) && !(header->flags & WV_FLAG_UNCHANGED);
}

uint32_t wv_stream_request_frame(wv_stream *stream, const wv_record_header *header,
                                 wv_encode_request *request)
{
    bool segment = begins_segment(stream, header);
    bool keyframe = stream->force_keyframe || segment;
    bool repair = stream->repair_from != 0;
    /* What repairs a loss is for the viewers of every layer. */
    bool disposable = stream->layers > 1 && stream->disposable_next && !repair && !keyframe;
    uint32_t offset = disposable ? DISPOSABLE_QP : 0;
    uint32_t qp = quantiser(stream, keyframe) + offset;
    uint32_t bytes_max =
        atomic_load(keyframe ? &stream->keyframe_bytes_max : &stream->frame_bytes_max);
    if (segment) {
        /* Not finer than the frames around it: those may still make up for a coarse one. */
        uint32_t ordinary = quantiser(stream, false);
        qp = atomic_load(&stream->segment_qp);
        if (qp < ordinary) qp = ordinary;
        bytes_max = atomic_load(&stream->segment_bytes_max);
    }
    *request = (wv_encode_request){.frame_id = ++stream->frame_id,
                                   .qp = qp > QP_MAX ? QP_MAX : qp,
                                   .bytes_max = bytes_max,
                                   .keyframe = keyframe,
                                   .disposable = disposable};
    return offset;
}
