/*
 * Tone: sound that tells its own time, where no other is. Channel c is a sine of 500 + 200 c Hz
 * whose phase at a whole second of CLOCK_MONOTONIC is 0, silent in the last 50 ms of each second:
 * the gap gives a receiver the second, the phases give the rest to some microseconds.
 */
#include <math.h>

#include "sound.h"

#define CHANNELS_DEFAULT 2u
#define HZ_FIRST 500u
#define HZ_STEP 200u
#define AMPLITUDE 0.2f
#define GAP_SAMPLES (WV_SOUND_RATE / 20u)
#define RAMP_SAMPLES (WV_SOUND_RATE / 500u)
#define TABLE_SAMPLES (WV_SOUND_RATE / 100u) /* one period of 100 Hz, of which all are multiples */
#define BEHIND_MAX_US 100000u                /* then what was missed stays missed */

/* Loudness at a sample of its second. */
static float envelope(uint32_t at)
{
    uint32_t end = WV_SOUND_RATE - GAP_SAMPLES;
    if (at >= end) return 0;
    if (at < RAMP_SAMPLES) return AMPLITUDE * (float)at / RAMP_SAMPLES;
    if (at >= end - RAMP_SAMPLES) return AMPLITUDE * (float)(end - at) / RAMP_SAMPLES;
    return AMPLITUDE;
}

static void make(float *samples, const float *table, uint64_t first, uint32_t count,
                 uint32_t channels)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)((first + i) % WV_SOUND_RATE);
        float loudness = envelope(at);
        for (uint32_t c = 0; c < channels; c++) {
            uint32_t hundreds = (HZ_FIRST + c * HZ_STEP) / 100u;
            samples[i * channels + c] = loudness * table[at * hundreds % TABLE_SAMPLES];
        }
    }
}

static uint64_t sample_at(uint64_t time_us)
{
    return time_us / 1000000u * WV_SOUND_RATE + time_us % 1000000u * WV_SOUND_RATE / 1000000u;
}

void wv_sound_run_tone(wv_sound *sound)
{
    float table[TABLE_SAMPLES];
    float samples[WV_SOUND_FRAME_SAMPLES_MAX * WV_SOUND_CHANNELS_MAX];
    uint32_t channels = sound->config.channels > 0 ? sound->config.channels : CHANNELS_DEFAULT;
    uint32_t count = sound->frame_samples;
    for (uint32_t i = 0; i < TABLE_SAMPLES; i++) {
        table[i] = sinf(2.0f * (float)M_PI * (float)i / TABLE_SAMPLES);
    }
    if (wv_sound_begin(sound, channels, "Test tone") != WV_STATUS_OK) {
        while (wv_sound_sleep_until(sound, UINT64_MAX)) {
        }
        return;
    }
    uint64_t next = sample_at(wv_now_us());
    for (;;) {
        /* A frame is there when its last sample is over, as with a sound card. */
        double end_us = (double)(next + count) * 1e6 / WV_SOUND_RATE;
        if (!wv_sound_sleep_until(sound, (uint64_t)end_us + 1)) return;
        uint64_t now = wv_now_us();
        if (now > (uint64_t)end_us + BEHIND_MAX_US) {
            next = sample_at(now);
            wv_sound_count_jump(sound);
            continue;
        }
        make(samples, table, next, count, channels);
        wv_sound_push(sound, samples, count, (double)next * 1e6 / WV_SOUND_RATE);
        next += count;
    }
}
