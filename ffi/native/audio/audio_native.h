/*
 * The part of the C interface (native.h) that is about sound: what the host plays, as Opus, and what
 * viewers say, into a source that programs record from.
 */
#ifndef WV_AUDIO_NATIVE_H
#define WV_AUDIO_NATIVE_H

#include "../native.h"

enum wv_sound_source { WV_SOUND_TONE = 0, WV_SOUND_PULSE = 1 };

/* What a sound captures and how it encodes; filled by JavaScript. */
typedef struct wv_sound_config {
    uint32_t sound_id; /* below WV_STREAMS_MAX */
    uint32_t source_kind;
    uint32_t channels;    /* 1 to 8, 0 as many as the source has */
    uint32_t frame_us;    /* 5000 or 10000 */
    uint32_t bitrate_bps; /* of two channels */
    uint32_t reserved[3];
    char server[224]; /* zero-terminated name of the PulseAudio server; empty: the usual one */
} wv_sound_config;
_Static_assert(sizeof(wv_sound_config) == 256, "wv_sound_config is 256 bytes");

/* Order as in ffi/audio.ts. */
typedef struct wv_sound_stats_data {
    uint64_t frames, bytes, dropped, encode_us;
    uint64_t restarts, jumps, channels;
    int64_t status; /* WV_STARTED, negative while there is nothing to hear, 0 before either */
} wv_sound_stats_data;
_Static_assert(sizeof(wv_sound_stats_data) == 8 * 8, "8 counters");

typedef struct wv_sound wv_sound;

#define WV_SPEAKER_SLOTS 4u /* voices at once */

enum wv_speaker_flag { WV_SPEAKER_KEEPS = 1 }; /* the source stays behind: it is the server's own */

/* Where viewers are heard; filled by JavaScript. */
typedef struct wv_speaker_config {
    uint32_t flags; /* WV_SPEAKER_* */
    uint32_t reserved[7];
    char server[224]; /* as in wv_sound_config */
} wv_speaker_config;
_Static_assert(sizeof(wv_speaker_config) == 256, "wv_speaker_config is 256 bytes");

/* Order as in ffi/speaker.ts. */
typedef struct wv_speaker_stats_data {
    uint64_t frames, concealed, underruns, overruns;
    uint64_t restarts, refused;
    int64_t status; /* WV_STARTED, negative while nobody can be heard, 0 before either */
    uint64_t reserved;
} wv_speaker_stats_data;
_Static_assert(sizeof(wv_speaker_stats_data) == 8 * 8, "8 counters");

typedef struct wv_speaker wv_speaker;

/*
 * Starts a thread that captures sound, encodes it and sends records of WV_RECORD_SOUND: width has the
 * channels, height the frame's microseconds, frame_id counts, serial is +1 when a decoder has to
 * begin anew, and the capture time is of the first sample that a decoder yields. On NULL as
 * wv_stream_create. May wait for its libraries, never for a sound server.
 */
WV_EXPORT wv_sound *wv_sound_open(wv_output *output, const wv_sound_config *config, char *error,
                                  uint32_t error_bytes);
WV_EXPORT int32_t wv_sound_stats(wv_sound *sound, wv_sound_stats_data *stats);
/* Waits until the thread has ended, and frees. */
WV_EXPORT void wv_sound_close(wv_sound *sound);

/*
 * Starts a thread that plays voices into a virtual source named wavry_microphone, which it makes where
 * there is none. On NULL as wv_stream_create. May wait for its libraries, never for a sound server.
 */
WV_EXPORT wv_speaker *wv_speaker_open(const wv_speaker_config *config, char *error,
                                      uint32_t error_bytes);
/* Begins and ends a voice; a slot that is begun again starts with a new decoder. */
WV_EXPORT int32_t wv_speaker_begin(wv_speaker *speaker, uint32_t slot);
WV_EXPORT int32_t wv_speaker_end(wv_speaker *speaker, uint32_t slot);
/* The next Opus packet of a voice; with 0 bytes one of frame_us that was lost. */
WV_EXPORT int32_t wv_speaker_write(wv_speaker *speaker, uint32_t slot, const uint8_t *packet,
                                   uint32_t bytes, uint32_t frame_us);
WV_EXPORT int32_t wv_speaker_stats(wv_speaker *speaker, wv_speaker_stats_data *stats);
/* Waits until the thread has ended and the source is gone again, and frees. */
WV_EXPORT void wv_speaker_close(wv_speaker *speaker);

#endif
