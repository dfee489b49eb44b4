/*
 * Speaker: the state that the C interface (speaker.c) and the thread towards PulseAudio
 * (speaker_pulse.c) share: up to four voices, each with a decoder and a ring of samples.
 */
#ifndef WV_SPEAKER_H
#define WV_SPEAKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "audio_native.h"
#include "sound.h"

#define WV_VOICE_SAMPLES (WV_SOUND_RATE / 4u)       /* ring of a voice: 250 ms */
#define WV_VOICE_PREFILL (WV_SOUND_RATE / 25u)      /* what must be there before it is heard */
#define WV_VOICE_MAX (WV_SOUND_RATE / 8u)           /* above it, what is oldest is skipped */
#define WV_VOICE_FRAME_MAX (WV_SOUND_RATE / 50u * 3u) /* the longest Opus packet: 60 ms */

struct OpusDecoder;

typedef struct wv_voice {
    struct OpusDecoder *decoder; /* of JavaScript's thread; NULL while the slot is free */
    size_t decoder_bytes;
    float ring[WV_VOICE_SAMPLES];
    uint32_t read_at, filled;
    bool is_heard; /* it was filled once since it ran dry */
} wv_voice;

struct wv_speaker {
    wv_speaker_config config;
    pthread_t thread;
    int wake_fd;
    atomic_bool stop;

    pthread_mutex_t lock; /* held for some microseconds: rings and counters */
    wv_speaker_stats_data stats;
    wv_voice voices[WV_SPEAKER_SLOTS];

    float decoded[WV_VOICE_FRAME_MAX]; /* of JavaScript's thread */
};

/* Fills samples with the sum of all voices. */
void wv_speaker_mix(wv_speaker *speaker, float *samples, uint32_t count);
void wv_speaker_set_status(wv_speaker *speaker, int32_t status);
/* The thread. */
void wv_speaker_run(wv_speaker *speaker);

#endif
