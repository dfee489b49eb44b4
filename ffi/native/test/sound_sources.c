/*
 * sound_sources: sound and voices from their opening to their end, for sanitizers and valgrind: tones
 * of 1 to 8 channels, a server that is not there, endings at any moment, and what is refused; at the
 * end no memory may be left.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../memory.h"
#include "../native.h"
#include "check.h"

static uint8_t buffer[1u << 16];

/* Reads until a record of that kind comes; false after 5 s. */
static int read_kind(wv_output *output, uint8_t kind, wv_record_header *header)
{
    for (int tries = 0; tries < 500; tries++) {
        if (wv_output_next(output, buffer, sizeof buffer, 5000) <= 0) return 0;
        memcpy(header, buffer, sizeof *header);
        if (header->kind == kind) return 1;
    }
    return 0;
}

static wv_sound_config tone(uint32_t channels, uint32_t frame_us)
{
    return (wv_sound_config){.sound_id = 3,
                             .source_kind = WV_SOUND_TONE,
                             .channels = channels,
                             .frame_us = frame_us,
                             .bitrate_bps = 128000};
}

static void check_tone(uint32_t channels, uint32_t frame_us)
{
    char error[256] = "";
    wv_output *output = wv_output_create(1u << 20);
    wv_sound_config config = tone(channels, frame_us);
    wv_sound *sound = wv_sound_open(output, &config, error, sizeof error);
    CHECK(sound != NULL, "a tone of %u channels opens %s", channels, error);
    wv_record_header header = {.kind = 0};
    CHECK(read_kind(output, WV_RECORD_SOUND_STATUS, &header) && header.width == channels &&
              header.serial == WV_STARTED,
          "and says what it is");
    int in_order = 1;
    uint64_t before = 0;
    for (uint32_t i = 1; i <= 10; i++) {
        in_order = in_order && read_kind(output, WV_RECORD_SOUND, &header) &&
                   header.frame_id == i && header.payload_bytes > 1 && header.stream_id == 3 &&
                   header.capture_time_us > before;
        before = header.capture_time_us;
    }
    CHECK(in_order, "its frames come in order");
    wv_sound_stats_data stats;
    CHECK(wv_sound_stats(sound, &stats) == WV_STATUS_OK && stats.frames >= 9 &&
              stats.dropped == 0 && stats.channels == channels,
          "and are counted, but perhaps the last");
    wv_sound_close(sound);
    wv_output_destroy(output);
}

static void check_endings(void)
{
    wv_output *output = wv_output_create(1u << 20);
    int opened = 0;
    for (int i = 0; i < 20; i++) {
        wv_sound_config config = tone(2, 5000);
        wv_sound *sound = wv_sound_open(output, &config, NULL, 0);
        usleep((useconds_t)(i * 700));
        opened += sound != NULL;
        wv_sound_close(sound);
    }
    CHECK(opened == 20, "sound ends at any moment");
    wv_output_close(output);
    wv_sound_config config = tone(2, 5000);
    wv_sound *sound = wv_sound_open(output, &config, NULL, 0);
    usleep(20000);
    wv_sound_stats_data stats = {.frames = 0};
    wv_sound_stats(sound, &stats);
    CHECK(stats.dropped == stats.frames, "an output that is closed takes none");
    wv_sound_close(sound);
    wv_output_destroy(output);
}

static void check_absent_server(void)
{
    char error[256] = "";
    wv_output *output = wv_output_create(1u << 20);
    wv_sound_config config = tone(0, 10000);
    config.source_kind = WV_SOUND_PULSE;
    snprintf(config.server, sizeof config.server, "unix:/nowhere/at/all");
    wv_sound *sound = wv_sound_open(output, &config, error, sizeof error);
    if (sound == NULL) {
        CHECK(strncmp(error, "-4 ", 3) == 0, "without its library: %s", error);
    } else {
        wv_record_header header = {.kind = 0};
        CHECK(read_kind(output, WV_RECORD_SOUND_STATUS, &header) &&
                  (int32_t)header.serial == WV_STATUS_UNAVAILABLE,
              "a server that is not there is said to be so");
        usleep(600000);
        wv_sound_stats_data stats = {.restarts = 0};
        wv_sound_stats(sound, &stats);
        CHECK(stats.restarts >= 1 && stats.frames == 0, "and looked for again");
    }
    wv_sound_close(sound);
    wv_output_destroy(output);
}

static void check_refusals(void)
{
    wv_output *output = wv_output_create(1u << 20);
    wv_sound_config wrong[] = {tone(9, 10000), tone(2, 7000), tone(2, 10000), tone(2, 10000),
                               tone(2, 10000)};
    wrong[2].sound_id = 16;
    wrong[3].bitrate_bps = 1;
    memset(wrong[4].server, 'x', sizeof wrong[4].server);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char error[256] = "";
        wv_sound *sound = wv_sound_open(output, &wrong[i], error, sizeof error);
        CHECK(sound == NULL && strncmp(error, "-1 ", 3) == 0, "refused: %s", error);
        wv_sound_close(sound);
    }
    wv_output_destroy(output);
}

/* Packets of one channel into `slot`, some of them lost; gives how many were taken. */
static int speak(wv_speaker *speaker, uint32_t slot, int count)
{
    wv_output *output = wv_output_create(1u << 20);
    wv_sound_config config = tone(1, 5000);
    wv_sound *sound = wv_sound_open(output, &config, NULL, 0);
    int taken = 0;
    wv_record_header header;
    for (int i = 0; i < count && read_kind(output, WV_RECORD_SOUND, &header); i++) {
        const uint8_t *packet = buffer + sizeof header;
        uint32_t bytes = i % 3 == 2 ? 0 : header.payload_bytes;
        taken += wv_speaker_write(speaker, slot, packet, bytes, 5000) == WV_STATUS_OK;
    }
    wv_sound_close(sound);
    wv_output_destroy(output);
    return taken;
}

static void check_voices(void)
{
    char error[256] = "";
    wv_speaker_config config = {.flags = 0};
    snprintf(config.server, sizeof config.server, "unix:/nowhere/at/all");
    wv_speaker *speaker = wv_speaker_open(&config, error, sizeof error);
    if (speaker == NULL) {
        CHECK(strncmp(error, "-4 ", 3) == 0, "voices without their libraries: %s", error);
        return;
    }
    uint8_t nonsense[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    CHECK(wv_speaker_write(speaker, 0, nonsense, 8, 10000) == WV_STATUS_INVALID &&
              wv_speaker_begin(speaker, WV_SPEAKER_SLOTS) == WV_STATUS_INVALID,
          "nobody speaks before it begins");
    CHECK(wv_speaker_begin(speaker, 0) == WV_STATUS_OK &&
              wv_speaker_begin(speaker, WV_SPEAKER_SLOTS - 1) == WV_STATUS_OK &&
              wv_speaker_begin(speaker, 0) == WV_STATUS_OK,
          "voices begin, and begin anew");
    CHECK(wv_speaker_write(speaker, 0, nonsense, 8, 10000) == WV_STATUS_FAILED &&
              wv_speaker_write(speaker, 0, nonsense, 8, 7000) == WV_STATUS_INVALID &&
              wv_speaker_write(speaker, 0, NULL, 8, 10000) == WV_STATUS_INVALID,
          "what is no Opus is refused");
    CHECK(speak(speaker, WV_SPEAKER_SLOTS - 1, 90) == 90, "more than a ring holds is taken");
    wv_speaker_stats_data stats;
    CHECK(wv_speaker_stats(speaker, &stats) == WV_STATUS_OK && stats.frames == 90 &&
              stats.concealed == 30 && stats.refused == 1 && stats.overruns > 0 &&
              stats.status == WV_STATUS_UNAVAILABLE,
          "and counted");
    wv_speaker_end(speaker, 0);
    wv_speaker_close(speaker);
    memset(config.server, 'x', sizeof config.server);
    CHECK(wv_speaker_open(&config, error, sizeof error) == NULL && strncmp(error, "-1 ", 3) == 0,
          "refused: %s", error);
}

int main(void)
{
    check_tone(1, 5000);
    check_tone(2, 10000);
    check_tone(6, 10000);
    check_tone(8, 5000);
    check_endings();
    check_absent_server();
    check_refusals();
    check_voices();
    uint64_t memory[WV_MEMORY_TYPES * 4];
    wv_memory_stats(memory);
    CHECK(memory[WV_MEMORY_SOUND * 4] == 0 && memory[WV_MEMORY_SOUND * 4 + 3] > 0,
          "all memory of sound came back");
    return checks_end();
}
