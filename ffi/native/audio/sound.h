/*
 * Sound: one captured sound, its Opus encoder and its thread. Sources (pulse.c, tone.c) run on that
 * thread and hand it samples with the time at which they were captured.
 */
#ifndef WV_SOUND_H
#define WV_SOUND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../common.h"
#include "../output.h"

#define WV_SOUND_RATE 48000u
#define WV_SOUND_CHANNELS_MAX 8u
#define WV_SOUND_FRAME_SAMPLES_MAX (WV_SOUND_RATE / 100u) /* 10 ms */
/* One datagram of the smallest path, and what its header takes. */
#define WV_SOUND_PACKET_MAX 960u

struct OpusMSEncoder;

struct wv_sound {
    wv_sound_config config;
    wv_output *output;
    pthread_t thread;
    int wake_fd; /* readable when the thread has to end */
    atomic_bool stop;

    pthread_mutex_t stats_lock;
    wv_sound_stats_data stats;

    /* The rest belongs to the thread. */
    struct OpusMSEncoder *encoder; /* NULL before the source has begun */
    size_t encoder_bytes;
    uint32_t channels, frame_samples, filled; /* samples of each channel */
    uint64_t lookahead_us;                    /* by which the encoder delays what it takes */
    uint32_t sequence, epoch, dropped;
    bool starts_epoch;
    int32_t reported; /* status that was posted last; 0 none */
    double frame_us;  /* capture time of the first sample in pcm */
    float pcm[WV_SOUND_FRAME_SAMPLES_MAX * WV_SOUND_CHANNELS_MAX];
    uint8_t packet[WV_SOUND_PACKET_MAX];
};

/* A source begins, or begins anew: channels, and its name for people. */
int32_t wv_sound_begin(wv_sound *sound, uint32_t channels, const char *name);
/* Interleaved samples (NULL: silence) of which the first was captured at first_us. */
void wv_sound_push(wv_sound *sound, const float *samples, uint32_t count, double first_us);
/* Sends what is heard, or why nothing is. */
void wv_sound_post_status(wv_sound *sound, int32_t status, const char *text);
void wv_sound_drop_encoder(wv_sound *sound);
/* There is nothing to hear until the next wv_sound_begin. */
void wv_sound_interrupt(wv_sound *sound, int32_t status, const char *why);
/* Sleeps until `at_us`; false when the thread has to end. */
bool wv_sound_sleep_until(wv_sound *sound, uint64_t at_us);
void wv_sound_count_restart(wv_sound *sound);
void wv_sound_count_jump(wv_sound *sound);

/* The sources; each returns when the thread has to end. */
void wv_sound_run_tone(wv_sound *sound);
void wv_sound_run_pulse(wv_sound *sound);

#endif
