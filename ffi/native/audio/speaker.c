/*
 * Speaker, the C interface: decodes what viewers say into the rings of their voices, which the thread
 * towards PulseAudio empties. A voice is heard from when 40 ms of it are there; one that runs dry
 * waits for that again, and of one that runs ahead the oldest is skipped.
 */
#include "speaker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../memory.h"
#include "opus_library.h"
#include "pulse_library.h"

void wv_speaker_set_status(wv_speaker *speaker, int32_t status)
{
    pthread_mutex_lock(&speaker->lock);
    speaker->stats.status = status;
    pthread_mutex_unlock(&speaker->lock);
}

static void mix_voice(wv_speaker *speaker, wv_voice *voice, float *samples, uint32_t count)
{
    if (voice->filled > WV_VOICE_MAX) {
        uint32_t skipped = voice->filled - WV_VOICE_PREFILL;
        voice->read_at = (voice->read_at + skipped) % WV_VOICE_SAMPLES;
        voice->filled -= skipped;
        speaker->stats.overruns++;
    }
    if (!voice->is_heard && voice->filled < WV_VOICE_PREFILL) return;
    voice->is_heard = true;
    uint32_t taken = voice->filled < count ? voice->filled : count;
    for (uint32_t i = 0; i < taken; i++) {
        samples[i] += voice->ring[(voice->read_at + i) % WV_VOICE_SAMPLES];
    }
    voice->read_at = (voice->read_at + taken) % WV_VOICE_SAMPLES;
    voice->filled -= taken;
    if (taken < count) {
        voice->is_heard = false;
        speaker->stats.underruns += voice->decoder != NULL;
    }
}

void wv_speaker_mix(wv_speaker *speaker, float *samples, uint32_t count)
{
    memset(samples, 0, count * sizeof *samples);
    pthread_mutex_lock(&speaker->lock);
    for (uint32_t slot = 0; slot < WV_SPEAKER_SLOTS; slot++) {
        mix_voice(speaker, &speaker->voices[slot], samples, count);
    }
    pthread_mutex_unlock(&speaker->lock);
    for (uint32_t i = 0; i < count; i++) {
        samples[i] = samples[i] > 1 ? 1 : samples[i] < -1 ? -1 : samples[i];
    }
}

static void free_decoder(wv_voice *voice)
{
    wv_memory_free(WV_MEMORY_SOUND, voice->decoder, voice->decoder_bytes);
    voice->decoder = NULL;
}

#ifdef WV_HAS_OPUS

static int32_t make_decoder(wv_speaker *speaker, wv_voice *voice)
{
    int bytes = wv_opus.opus_decoder_get_size(1);
    OpusDecoder *decoder = wv_memory_new(WV_MEMORY_SOUND, (size_t)bytes);
    if (decoder == NULL) return WV_STATUS_OUT_OF_MEMORY;
    if (wv_opus.opus_decoder_init(decoder, WV_SOUND_RATE, 1) != OPUS_OK) {
        wv_memory_free(WV_MEMORY_SOUND, decoder, (size_t)bytes);
        return WV_STATUS_FAILED;
    }
    pthread_mutex_lock(&speaker->lock);
    voice->decoder = decoder;
    voice->decoder_bytes = (size_t)bytes;
    pthread_mutex_unlock(&speaker->lock);
    return WV_STATUS_OK;
}

/* Two channels become one. */
static int decode(wv_speaker *speaker, wv_voice *voice, const uint8_t *packet, uint32_t bytes,
                  uint32_t frame_us)
{
    int samples = (int)(WV_SOUND_RATE / 1000u * frame_us / 1000u);
    if (bytes == 0) {
        return wv_opus.opus_decode_float(voice->decoder, NULL, 0, speaker->decoded, samples, 0);
    }
    return wv_opus.opus_decode_float(voice->decoder, packet, (opus_int32)bytes, speaker->decoded,
                                     (int)WV_VOICE_FRAME_MAX, 0);
}

#else

static int32_t make_decoder(wv_speaker *speaker, wv_voice *voice)
{
    (void)speaker, (void)voice;
    return WV_STATUS_UNSUPPORTED;
}

static int decode(wv_speaker *speaker, wv_voice *voice, const uint8_t *packet, uint32_t bytes,
                  uint32_t frame_us)
{
    (void)speaker, (void)voice, (void)packet, (void)bytes, (void)frame_us;
    return -1;
}

#endif

int32_t wv_speaker_begin(wv_speaker *speaker, uint32_t slot)
{
    if (speaker == NULL || slot >= WV_SPEAKER_SLOTS) return WV_STATUS_INVALID;
    wv_speaker_end(speaker, slot);
    return make_decoder(speaker, &speaker->voices[slot]);
}

int32_t wv_speaker_end(wv_speaker *speaker, uint32_t slot)
{
    if (speaker == NULL || slot >= WV_SPEAKER_SLOTS) return WV_STATUS_INVALID;
    wv_voice *voice = &speaker->voices[slot];
    pthread_mutex_lock(&speaker->lock);
    free_decoder(voice);
    voice->filled = voice->read_at = 0;
    voice->is_heard = false;
    pthread_mutex_unlock(&speaker->lock);
    return WV_STATUS_OK;
}

/* Keeps what there is room for. */
static void keep(wv_speaker *speaker, wv_voice *voice, uint32_t count, bool concealed)
{
    pthread_mutex_lock(&speaker->lock);
    uint32_t room = WV_VOICE_SAMPLES - voice->filled;
    uint32_t taken = count < room ? count : room;
    uint32_t at = voice->read_at + voice->filled;
    for (uint32_t i = 0; i < taken; i++) {
        voice->ring[(at + i) % WV_VOICE_SAMPLES] = speaker->decoded[i];
    }
    voice->filled += taken;
    speaker->stats.frames++;
    speaker->stats.concealed += concealed;
    speaker->stats.overruns += taken < count;
    pthread_mutex_unlock(&speaker->lock);
}

int32_t wv_speaker_write(wv_speaker *speaker, uint32_t slot, const uint8_t *packet, uint32_t bytes,
                         uint32_t frame_us)
{
    if (speaker == NULL || slot >= WV_SPEAKER_SLOTS || (packet == NULL && bytes > 0) ||
        bytes > 4096 || (frame_us != 5000 && frame_us != 10000 && frame_us != 20000)) {
        return WV_STATUS_INVALID;
    }
    wv_voice *voice = &speaker->voices[slot];
    if (voice->decoder == NULL) return WV_STATUS_INVALID;
    int samples = decode(speaker, voice, packet, bytes, frame_us);
    if (samples < 0) {
        pthread_mutex_lock(&speaker->lock);
        speaker->stats.refused++;
        pthread_mutex_unlock(&speaker->lock);
        return WV_STATUS_FAILED;
    }
    keep(speaker, voice, (uint32_t)samples, bytes == 0);
    return WV_STATUS_OK;
}

int32_t wv_speaker_stats(wv_speaker *speaker, wv_speaker_stats_data *stats)
{
    if (speaker == NULL || stats == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&speaker->lock);
    *stats = speaker->stats;
    pthread_mutex_unlock(&speaker->lock);
    return WV_STATUS_OK;
}

static void *run(void *speaker)
{
    prctl(PR_SET_NAME, "wavry-speaker", 0ul, 0ul, 0ul);
    wv_speaker_run(speaker);
    return NULL;
}

static void free_speaker(wv_speaker *speaker)
{
    for (uint32_t slot = 0; slot < WV_SPEAKER_SLOTS; slot++) free_decoder(&speaker->voices[slot]);
    if (speaker->wake_fd >= 0) close(speaker->wake_fd);
    pthread_mutex_destroy(&speaker->lock);
    wv_memory_free(WV_MEMORY_SOUND, speaker, sizeof *speaker);
}

static wv_speaker *open_speaker(const wv_speaker_config *config, wv_error *error)
{
    if (config == NULL || memchr(config->server, 0, sizeof config->server) == NULL) {
        wv_fail(error, WV_STATUS_INVALID, "the server name is out of range");
        return NULL;
    }
    if (wv_opus_load(error) != WV_STATUS_OK || wv_pulse_load(error) != WV_STATUS_OK) return NULL;
    wv_speaker *speaker = wv_memory_new(WV_MEMORY_SOUND, sizeof *speaker);
    if (speaker == NULL) {
        wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for voices");
        return NULL;
    }
    speaker->config = *config;
    pthread_mutex_init(&speaker->lock, NULL);
    speaker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sigset_t all, before;
    sigfillset(&all); /* signals belong to the host's threads */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool failed =
        speaker->wake_fd < 0 || pthread_create(&speaker->thread, NULL, run, speaker) != 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        wv_fail(error, WV_STATUS_FAILED, "no thread for voices: %s", strerror(errno));
        free_speaker(speaker);
        return NULL;
    }
    return speaker;
}

wv_speaker *wv_speaker_open(const wv_speaker_config *config, char *text, uint32_t text_bytes)
{
    wv_error error = {.status = WV_STATUS_OK};
    wv_speaker *speaker = open_speaker(config, &error);
    if (speaker == NULL && text != NULL && text_bytes > 0) {
        snprintf(text, text_bytes, "%d %s", error.status, error.text);
    }
    return speaker;
}

void wv_speaker_close(wv_speaker *speaker)
{
    if (speaker == NULL) return;
    atomic_store(&speaker->stop, true);
    uint64_t one = 1;
    if (write(speaker->wake_fd, &one, sizeof one) < 0) {
        /* It is readable already. */
    }
    pthread_join(speaker->thread, NULL);
    free_speaker(speaker);
}
