/*
 * Sound: the C interface: checks what is asked for, owns the thread and tells what becomes of it. The
 * encoder between a source and the output is sound_encoder.c.
 */
#include "sound.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../memory.h"
#include "../stream.h"
#include "opus_library.h"
#include "pulse_library.h"

#define BITRATE_MIN 16000u
#define BITRATE_MAX 512000u
#define NAME_BYTES 128u

static int32_t check_config(const wv_sound_config *config, wv_error *error)
{
    const char *wrong = NULL;
    if (config->sound_id >= WV_STREAMS_MAX) wrong = "sound number";
    if (config->source_kind > WV_SOUND_PULSE) wrong = "source kind";
    if (config->channels > WV_SOUND_CHANNELS_MAX) wrong = "number of channels";
    if (config->frame_us != 5000 && config->frame_us != 10000) wrong = "frame duration";
    if (config->bitrate_bps < BITRATE_MIN || config->bitrate_bps > BITRATE_MAX) wrong = "bitrate";
    if (memchr(config->server, 0, sizeof config->server) == NULL) wrong = "server name";
    if (wrong != NULL) return wv_fail(error, WV_STATUS_INVALID, "the %s is out of range", wrong);
    return WV_STATUS_OK;
}

bool wv_sound_sleep_until(wv_sound *sound, uint64_t at_us)
{
    struct pollfd wake = {.fd = sound->wake_fd, .events = POLLIN};
    while (!atomic_load(&sound->stop)) {
        uint64_t now = wv_now_us();
        if (now >= at_us) return true;
        uint64_t left = at_us - now;
        if (left > 1000000u) left = 1000000u;
        struct timespec wait = {.tv_sec = (time_t)(left / 1000000u),
                                .tv_nsec = (long)(left % 1000000u) * 1000};
        ppoll(&wake, 1, &wait, NULL);
    }
    return false;
}

void wv_sound_count_restart(wv_sound *sound)
{
    pthread_mutex_lock(&sound->stats_lock);
    sound->stats.restarts++;
    pthread_mutex_unlock(&sound->stats_lock);
}

void wv_sound_count_jump(wv_sound *sound)
{
    pthread_mutex_lock(&sound->stats_lock);
    sound->stats.jumps++;
    pthread_mutex_unlock(&sound->stats_lock);
}

void wv_sound_post_status(wv_sound *sound, int32_t status, const char *text)
{
    wv_record_header header = {
        .kind = WV_RECORD_SOUND_STATUS,
        .stream_id = (uint8_t)sound->config.sound_id,
        .width = (uint16_t)(status == WV_STARTED ? sound->channels : 0),
        .height = (uint16_t)sound->config.frame_us,
        .frame_id = sound->sequence,
        .capture_time_us = wv_now_us(),
        .serial = (uint32_t)status,
        .payload_bytes = (uint32_t)strnlen(text, NAME_BYTES - 1),
    };
    sound->reported = status;
    pthread_mutex_lock(&sound->stats_lock);
    sound->stats.status = status;
    sound->stats.channels = header.width;
    pthread_mutex_unlock(&sound->stats_lock);
    wv_output_put(sound->output, &header, (const uint8_t *)text);
}

void wv_sound_interrupt(wv_sound *sound, int32_t status, const char *why)
{
    if (sound->reported == status) return;
    wv_sound_post_status(sound, status, why);
}

static void *run(void *argument)
{
    wv_sound *sound = argument;
    prctl(PR_SET_NAME, "wavry-sound", 0ul, 0ul, 0ul);
    setpriority(PRIO_PROCESS, 0, WV_STREAM_NICE);
    if (sound->config.source_kind == WV_SOUND_PULSE) wv_sound_run_pulse(sound);
    else wv_sound_run_tone(sound);
    return NULL;
}

static void free_sound(wv_sound *sound)
{
    wv_sound_drop_encoder(sound);
    if (sound->wake_fd >= 0) close(sound->wake_fd);
    pthread_mutex_destroy(&sound->stats_lock);
    wv_memory_free(WV_MEMORY_SOUND, sound, sizeof *sound);
}

static int32_t start_thread(wv_sound *sound)
{
    /* Signals are for the threads of JavaScript. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&sound->thread, NULL, run, sound);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? WV_STATUS_OK : WV_STATUS_FAILED;
}

static wv_sound *open_sound(wv_output *output, const wv_sound_config *config, wv_error *error)
{
    if (output == NULL || config == NULL) {
        wv_fail(error, WV_STATUS_INVALID, "an argument is missing");
        return NULL;
    }
    if (check_config(config, error) != WV_STATUS_OK || wv_opus_load(error) != WV_STATUS_OK) {
        return NULL;
    }
    if (config->source_kind == WV_SOUND_PULSE && wv_pulse_load(error) != WV_STATUS_OK) {
        return NULL;
    }
    wv_sound *sound = wv_memory_new(WV_MEMORY_SOUND, sizeof *sound);
    if (sound == NULL) {
        wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for sound");
        return NULL;
    }
    sound->config = *config;
    sound->output = output;
    sound->frame_samples = WV_SOUND_RATE / 1000u * config->frame_us / 1000u;
    pthread_mutex_init(&sound->stats_lock, NULL);
    sound->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sound->wake_fd < 0 || start_thread(sound) != WV_STATUS_OK) {
        wv_fail(error, WV_STATUS_FAILED, "no thread for sound: %s", strerror(errno));
        free_sound(sound);
        return NULL;
    }
    return sound;
}

wv_sound *wv_sound_open(wv_output *output, const wv_sound_config *config, char *text,
                        uint32_t text_bytes)
{
    wv_error error = {.status = WV_STATUS_OK};
    wv_sound *sound = open_sound(output, config, &error);
    if (sound == NULL && text != NULL && text_bytes > 0) {
        snprintf(text, text_bytes, "%d %s", error.status, error.text);
    }
    return sound;
}

int32_t wv_sound_stats(wv_sound *sound, wv_sound_stats_data *stats)
{
    if (sound == NULL || stats == NULL) return WV_STATUS_INVALID;
    pthread_mutex_lock(&sound->stats_lock);
    *stats = sound->stats;
    pthread_mutex_unlock(&sound->stats_lock);
    return WV_STATUS_OK;
}

void wv_sound_close(wv_sound *sound)
{
    if (sound == NULL) return;
    atomic_store(&sound->stop, true);
    uint64_t one = 1;
    if (write(sound->wake_fd, &one, sizeof one) < 0) {
        /* It is readable already. */
    }
    pthread_join(sound->thread, NULL);
    free_sound(sound);
}
