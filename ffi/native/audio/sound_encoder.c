/*
 * Sound encoder: between a source and the output. Opus without its speech half (restricted low delay)
 * takes 2.5 ms instead of 6.5 and is what a desktop's sound needs; losses are for frames sent twice,
 * because its own repairs exist for speech only.
 */
#include <string.h>

#include "../memory.h"
#include "opus_library.h"
#include "sound.h"

#define BITRATE_MOST 1500000u
#define COMPLEXITY 5 /* of 10: above it, what is won at 128 kbit/s is not heard */

#ifdef WV_HAS_OPUS

void wv_sound_drop_encoder(wv_sound *sound)
{
    wv_memory_free(WV_MEMORY_SOUND, sound->encoder, sound->encoder_bytes);
    sound->encoder = NULL;
}

static int32_t make_encoder(wv_sound *sound, uint32_t channels)
{
    int family = channels > 2 ? 1 : 0, streams = 0, coupled = 0, lookahead = 0;
    unsigned char mapping[WV_SOUND_CHANNELS_MAX];
    int bytes = wv_opus.opus_multistream_surround_encoder_get_size((int)channels, family);
    if (bytes <= 0) return OPUS_BAD_ARG;
    wv_sound_drop_encoder(sound);
    sound->encoder = wv_memory_new(WV_MEMORY_SOUND, (size_t)bytes);
    if (sound->encoder == NULL) return OPUS_ALLOC_FAIL;
    sound->encoder_bytes = (size_t)bytes;
    OpusMSEncoder *encoder = sound->encoder;
    int status = wv_opus.opus_multistream_surround_encoder_init(
        encoder, WV_SOUND_RATE, (int)channels, family, &streams, &coupled, mapping,
        OPUS_APPLICATION_RESTRICTED_LOWDELAY);
    if (status != OPUS_OK) return status;
    uint64_t bitrate = (uint64_t)sound->config.bitrate_bps * (channels > 2 ? channels : 2) / 2;
    if (bitrate > BITRATE_MOST) bitrate = BITRATE_MOST;
    wv_opus.opus_multistream_encoder_ctl(encoder, OPUS_SET_BITRATE((opus_int32)bitrate));
    wv_opus.opus_multistream_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(COMPLEXITY));
    wv_opus.opus_multistream_encoder_ctl(encoder, OPUS_SET_VBR(1));
    wv_opus.opus_multistream_encoder_ctl(encoder, OPUS_SET_VBR_CONSTRAINT(1));
    wv_opus.opus_multistream_encoder_ctl(encoder, OPUS_GET_LOOKAHEAD(&lookahead));
    sound->lookahead_us = (uint64_t)lookahead * 1000000u / WV_SOUND_RATE;
    return OPUS_OK;
}

int32_t wv_sound_begin(wv_sound *sound, uint32_t channels, const char *name)
{
    int status = make_encoder(sound, channels);
    if (status != OPUS_OK) {
        wv_sound_drop_encoder(sound);
        wv_sound_interrupt(sound, WV_STATUS_FAILED, wv_opus.opus_strerror(status));
        return WV_STATUS_FAILED;
    }
    sound->channels = channels;
    sound->filled = 0;
    sound->epoch++;
    sound->starts_epoch = true;
    wv_sound_post_status(sound, WV_STARTED, name);
    return WV_STATUS_OK;
}

static void put_frame(wv_sound *sound)
{
    uint64_t started = wv_now_us();
    int bytes = wv_opus.opus_multistream_encode_float(sound->encoder, sound->pcm,
                                                      (int)sound->frame_samples, sound->packet,
                                                      WV_SOUND_PACKET_MAX);
    uint64_t now = wv_now_us();
    sound->sequence++;
    int32_t status = WV_STATUS_FAILED;
    if (bytes > 0) {
        double capture_us = sound->frame_us - (double)sound->lookahead_us;
        wv_record_header header = {
            .kind = WV_RECORD_SOUND,
            .stream_id = (uint8_t)sound->config.sound_id,
            .flags = sound->starts_epoch ? WV_FLAG_KEYFRAME : 0,
            .frame_id = sound->sequence,
            .width = (uint16_t)sound->channels,
            .height = (uint16_t)sound->config.frame_us,
            .capture_time_us = capture_us > 0 ? (uint64_t)capture_us : 0,
            .encode_us = (uint32_t)(now - started),
            .serial = sound->epoch,
            .dropped_frames = sound->dropped,
            .payload_bytes = (uint32_t)bytes,
        };
        if (now > header.capture_time_us) {
            header.emit_us = (uint32_t)(now - header.capture_time_us);
        }
        status = wv_output_put(sound->output, &header, sound->packet);
    }
    sound->dropped = status == WV_STATUS_OK ? 0 : sound->dropped + 1;
    if (status == WV_STATUS_OK) sound->starts_epoch = false;
    pthread_mutex_lock(&sound->stats_lock);
    sound->stats.frames++;
    sound->stats.bytes += status == WV_STATUS_OK ? (uint64_t)bytes : 0;
    sound->stats.dropped += status != WV_STATUS_OK;
    sound->stats.encode_us += now - started;
    pthread_mutex_unlock(&sound->stats_lock);
}

void wv_sound_push(wv_sound *sound, const float *samples, uint32_t count, double first_us)
{
    uint32_t channels = sound->channels;
    uint32_t taken = 0;
    while (sound->encoder != NULL && taken < count) {
        uint32_t room = sound->frame_samples - sound->filled;
        uint32_t part = count - taken < room ? count - taken : room;
        float *to = sound->pcm + sound->filled * channels;
        if (samples == NULL) memset(to, 0, part * channels * sizeof *to);
        else memcpy(to, samples + taken * channels, part * channels * sizeof *to);
        if (sound->filled == 0) {
            sound->frame_us = first_us + (double)taken * 1e6 / WV_SOUND_RATE;
        }
        sound->filled += part;
        taken += part;
        if (sound->filled < sound->frame_samples) return;
        sound->filled = 0;
        put_frame(sound);
    }
}

#else

void wv_sound_drop_encoder(wv_sound *sound)
{
    (void)sound;
}

int32_t wv_sound_begin(wv_sound *sound, uint32_t channels, const char *name)
{
    (void)sound, (void)channels, (void)name;
    return WV_STATUS_UNSUPPORTED;
}

void wv_sound_push(wv_sound *sound, const float *samples, uint32_t count, double first_us)
{
    (void)sound, (void)samples, (void)count, (void)first_us;
}

#endif
