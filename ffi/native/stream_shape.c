/*
 * Shape of a stream: the size and the temporal layers of what it encodes, which may change while it
 * runs. A new size is another encoder and a keyframe. Also the status records, which say what it is.
 */
#include <string.h>
#include <unistd.h>

#include "encode/kept_frames.h"
#include "stream.h"

#define LARGE_PIXELS (2560 * 1440)
/*
 * Each kept frame costs 4.3 MB at 1080p and 16 MB at 2160p. At 60 frames a second five repair a loss
 * that is told of within 67 ms; the first one that takes longer gets a keyframe, and from there on
 * the encoder keeps as many as it can, until a keyframe comes a while after the last such loss.
 */
#define FRAMES_KEPT_FIRST 5u
#define FRAMES_KEPT_FIRST_LARGE 3u
#define LATE_LOSS_US 60000000u

static bool is_large(const wv_capture *capture)
{
    return capture->width * capture->height >= LARGE_PIXELS;
}

static uint32_t frames_kept_first(const wv_capture *capture)
{
    return is_large(capture) ? FRAMES_KEPT_FIRST_LARGE : FRAMES_KEPT_FIRST;
}

/* Two sliced threads were the best of a small machine; large pictures gain from four. */
static uint32_t pick_threads(const wv_capture *capture)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    long wanted = is_large(capture) ? 4 : 2;
    if (processors < 1) processors = 1;
    return (uint32_t)(processors < wanted ? processors : wanted);
}

/* Takes an encoder; gives its index or a negative status. */
static int32_t open_shape(wv_stream *stream, int32_t index, uint32_t scale, uint32_t layers,
                          wv_encoder **encoder, wv_error *error)
{
    wv_encode_config encode = {.width = wv_scaled_side(stream->capture->width, scale),
                               .height = wv_scaled_side(stream->capture->height, scale),
                               .fps_max = stream->config.fps_max,
                               .qp = atomic_load(&stream->qp),
                               .threads = stream->threads,
                               .level = stream->level,
                               .temporal_layers = layers,
                               .frames_kept = stream->frames_kept};
    return wv_encoder_pool_acquire(stream->encoders, index, &encode, encoder, error);
}

static void note_shape(wv_stream *stream, uint32_t scale, uint32_t layers)
{
    stream->scale = scale;
    stream->layers = layers;
    stream->width = wv_scaled_side(stream->capture->width, scale);
    stream->height = wv_scaled_side(stream->capture->height, scale);
}

static uint32_t frames_to_keep(const wv_stream *stream, uint32_t layers)
{
    uint64_t late = stream->late_loss_us;
    bool was_late = late > 0 && wv_now_us() - late < LATE_LOSS_US;
    bool keeps_most = stream->encoder->ops->keeps_frames && (was_late || layers > 1);
    return keeps_most ? WV_KEPT_FRAMES_MAX : frames_kept_first(stream->capture);
}

/* Takes an encoder of another shape; where that is refused, the old one stays. */
static bool change_encoder(wv_stream *stream, uint32_t scale, uint32_t layers)
{
    uint32_t before = stream->frames_kept;
    wv_encoder *other;
    wv_error error;
    stream->frames_kept = frames_to_keep(stream, layers);
    if (open_shape(stream, stream->encoder_index, scale, layers, &other, &error) < 0) {
        stream->frames_kept = before;
        return false;
    }
    /* One that keeps another number of frames is not wanted again. */
    bool is_wanted = !stream->encoder_failed && stream->frames_kept == before;
    wv_encoder_pool_release(stream->encoders, stream->encoder, is_wanted);
    stream->encoder = other;
    stream->force_keyframe = true;
    stream->repair_from = 0; /* of an encoder that is gone */
    return true;
}

int32_t wv_stream_open_encoder(wv_stream *stream, wv_error *error)
{
    stream->threads = stream->config.threads;
    if (stream->threads == 0) stream->threads = pick_threads(stream->capture);
    stream->frames_kept = frames_kept_first(stream->capture);
    uint32_t scale = stream->scale, layers = stream->layers;
    stream->level = 0;
    int32_t index =
        open_shape(stream, stream->config.encoder, WV_SCALE_FULL, layers, &stream->encoder, error);
    if (index < 0) return index;
    stream->encoder_index = index;
    /* Smaller pictures say the same, so that a decoder that was set up for these plays them too. */
    stream->level = wv_codec_level(stream->encoder->codec);
    note_shape(stream, WV_SCALE_FULL, layers);
    /* A screen that changes under a smaller picture keeps it small; refused, it is asked for again. */
    if (scale != WV_SCALE_FULL && change_encoder(stream, scale, layers)) {
        note_shape(stream, scale, layers);
    }
    return WV_STATUS_OK;
}

void wv_stream_release_encoder(wv_stream *stream, bool is_wanted)
{
    wv_encoder_pool_release(stream->encoders, stream->encoder,
                            is_wanted && !stream->encoder_failed);
    stream->encoder = NULL;
}

void wv_stream_note_lost(wv_stream *stream, uint32_t frame_id)
{
    uint32_t lost = stream->frame_id + 1 - frame_id;
    /* One more would have been beyond repair. */
    if (lost + 1 >= frames_kept_first(stream->capture)) stream->late_loss_us = wv_now_us();
}

void wv_stream_fit_kept_frames(wv_stream *stream)
{
    if (frames_to_keep(stream, stream->layers) == stream->frames_kept) return;
    change_encoder(stream, stream->scale, stream->layers);
}

void wv_stream_follow_shape(wv_stream *stream)
{
    uint32_t scale = atomic_load(&stream->scale_wanted);
    uint32_t layers_wanted = atomic_load(&stream->layers_wanted), layers = layers_wanted;
    const wv_encode_ops *ops = stream->encoder->ops;
    if (layers > ops->temporal_layers_max) layers = ops->temporal_layers_max;
    bool resized = scale != stream->scale;
    if (!resized && layers == stream->layers) return;
    /* Frames of the upper layer take places, too, and whoever needs one is on a path that loses. */
    if (layers > 1) stream->late_loss_us = wv_now_us();
    bool taken = !(resized || ops->layers_at_open) || change_encoder(stream, scale, layers);
    pthread_mutex_lock(&stream->stats_lock);
    stream->stats.shape_changes += taken;
    stream->stats.shape_refusals += !taken;
    pthread_mutex_unlock(&stream->stats_lock);
    if (!taken) {
        /* Not asked again for each frame; a newer wish that came meanwhile stays. */
        atomic_compare_exchange_strong(&stream->scale_wanted, &scale, stream->scale);
        atomic_compare_exchange_strong(&stream->layers_wanted, &layers_wanted, stream->layers);
        return;
    }
    note_shape(stream, scale, layers);
    if (resized) wv_stream_post_facts(stream, WV_CHANGED);
}

void wv_stream_post_text(wv_stream *stream, int32_t status, const char *text)
{
    wv_record_header header = {
        .kind = WV_RECORD_STATUS,
        .stream_id = (uint8_t)stream->config.stream_id,
        .payload_bytes = (uint32_t)strlen(text),
        .frame_id = stream->frame_id,
        .width = (uint16_t)stream->width,
        .height = (uint16_t)stream->height,
        .encoder_index = (uint8_t)stream->encoder_index,
        .capture_time_us = wv_now_us(),
        .serial = (uint32_t)status,
    };
    /* Without room the status stays readable in the counters. */
    wv_output_put(stream->output, &header, (const uint8_t *)text);
}

void wv_stream_post_facts(wv_stream *stream, int32_t status)
{
    char text[480], display[sizeof stream->config.display];
    size_t at = 0;
    for (const char *from = stream->config.display; *from != 0; from++) {
        display[at++] = *from == '"' || *from == '\\' || *from < ' ' ? '?' : *from;
    }
    display[at] = 0;
    snprintf(text, sizeof text,
             "{\"source\":\"%s\",\"display\":\"%s\",\"width\":%d,\"height\":%d,"
             "\"screenWidth\":%d,\"screenHeight\":%d,\"temporalLayersMax\":%u,\"fpsMax\":%u,"
             "\"encoder\":\"%s\",\"codec\":\"%s\",\"convert\":\"%s\"}",
             stream->capture->ops->name, display, stream->width, stream->height,
             stream->capture->width, stream->capture->height,
             stream->encoder->ops->temporal_layers_max, atomic_load(&stream->fps_max),
             stream->encoder->ops->name, stream->encoder->codec,
             wv_converter_name(stream->converter));
    wv_stream_post_text(stream, status, text);
}
