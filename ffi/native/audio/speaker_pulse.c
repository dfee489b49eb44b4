/*
 * Speaker towards PulseAudio: an output that nobody hears, and a source that gives what is played
 * there, so that programs find a microphone. Both are taken as they are where an earlier run left
 * them, made where there are none, and removed at the end unless they are the server's own.
 */
#include "pulse_connection.h"

#include <poll.h>
#include <string.h>

#include "speaker.h"

#ifdef WV_HAS_PULSE

#define OUTPUT WV_MICROPHONE_OUTPUT
#define SOURCE "wavry_microphone"
#define OUTPUT_ARGUMENTS                                                             \
    "sink_name=" OUTPUT " rate=48000 channels=1 channel_map=mono format=float32le "  \
    "sink_properties=\"device.description='Wavry microphone (input)'\""
/* Without it the first words would wait for 2 s; servers before PulseAudio 15 do not know it. */
#define QUICK_OUTPUT_ARGUMENTS OUTPUT_ARGUMENTS " norewinds=1"
#define SOURCE_ARGUMENTS                                                             \
    "source_name=" SOURCE " master=" OUTPUT ".monitor channels=1 channel_map=mono "  \
    "master_channel_map=mono remix=no "                                              \
    "source_properties=\"device.description='Wavry microphone'\""
#define BUFFER_MS 20u
#define GOODBYE_US 300000u /* the process ends after half a second, whatever hangs */
#define NONE PA_INVALID_INDEX

typedef struct pulse_speaker {
    wv_speaker *speaker;
    wv_pulse_connection connection;
    pa_stream *stream;
    uint32_t output_module, source_module;
    bool failed;
} pulse_speaker;

static void fail(pulse_speaker *player)
{
    player->failed = true;
}

/* Waits for wake-ups of the owner only. */
static bool sleep_ms(wv_speaker *speaker, uint32_t ms)
{
    struct pollfd wake = {.fd = speaker->wake_fd, .events = POLLIN};
    if (!atomic_load(&speaker->stop)) poll(&wake, 1, (int)ms);
    return !atomic_load(&speaker->stop);
}

static void on_write(pa_stream *stream, size_t bytes, void *data)
{
    pulse_speaker *player = data;
    while (bytes >= sizeof(float)) {
        void *samples;
        size_t room = bytes;
        if (wv_pulse.pa_stream_begin_write(stream, &samples, &room) < 0 || samples == NULL) return;
        if (room > bytes) room = bytes;
        room -= room % sizeof(float);
        wv_speaker_mix(player->speaker, samples, (uint32_t)(room / sizeof(float)));
        if (wv_pulse.pa_stream_write(stream, samples, room, NULL, 0, PA_SEEK_RELATIVE) < 0) return;
        bytes -= room;
    }
}

static void on_stream_state(pa_stream *stream, void *data)
{
    pulse_speaker *player = data;
    pa_stream_state_t state = wv_pulse.pa_stream_get_state(stream);
    if (state == PA_STREAM_READY) wv_speaker_set_status(player->speaker, WV_STARTED);
    if (state == PA_STREAM_FAILED || state == PA_STREAM_TERMINATED) fail(player);
}

static void start_stream(pulse_speaker *player)
{
    pa_sample_spec spec = {.format = PA_SAMPLE_FLOAT32NE, .rate = WV_SOUND_RATE, .channels = 1};
    pa_channel_map map = wv_pulse_channel_map(1);
    uint32_t bytes = WV_SOUND_RATE / 1000u * BUFFER_MS * (uint32_t)sizeof(float);
    pa_buffer_attr buffer = {.maxlength = 4 * bytes,
                             .tlength = bytes,
                             .prebuf = 0,
                             .minreq = bytes / 2,
                             .fragsize = (uint32_t)-1};
    player->stream =
        wv_pulse.pa_stream_new(player->connection.context, "Voices of viewers", &spec, &map);
    if (player->stream == NULL) return fail(player);
    wv_pulse.pa_stream_set_state_callback(player->stream, on_stream_state, player);
    wv_pulse.pa_stream_set_write_callback(player->stream, on_write, player);
    pa_stream_flags_t flags = PA_STREAM_ADJUST_LATENCY | PA_STREAM_DONT_MOVE;
    if (wv_pulse.pa_stream_connect_playback(player->stream, OUTPUT, &buffer, flags, NULL, NULL) <
        0) {
        fail(player);
    }
}

/* Goes on when an operation could be asked for. */
static void expect(pulse_speaker *player, pa_operation *operation)
{
    if (operation == NULL) fail(player);
    wv_pulse_forget(operation);
}

static void on_source_made(pa_context *context, uint32_t index, void *data)
{
    pulse_speaker *player = data;
    (void)context;
    if (index == NONE) return fail(player);
    player->source_module = index;
    start_stream(player);
}

static void on_source(pa_context *context, const pa_source_info *source, int end, void *data)
{
    pulse_speaker *player = data;
    if (source != NULL) {
        player->source_module = source->owner_module;
    } else if (end > 0) {
        start_stream(player);
    } else {
        expect(player, wv_pulse.pa_context_load_module(context, "module-remap-source",
                                                       SOURCE_ARGUMENTS, on_source_made, player));
    }
}

static void look_for_source(pulse_speaker *player)
{
    expect(player, wv_pulse.pa_context_get_source_info_by_name(player->connection.context, SOURCE,
                                                               on_source, player));
}

static void on_output_made(pa_context *context, uint32_t index, void *data)
{
    pulse_speaker *player = data;
    (void)context;
    if (index == NONE) return fail(player);
    player->output_module = index;
    look_for_source(player);
}

static void on_quick_output_made(pa_context *context, uint32_t index, void *data)
{
    pulse_speaker *player = data;
    if (index != NONE) return on_output_made(context, index, data);
    expect(player, wv_pulse.pa_context_load_module(context, "module-null-sink", OUTPUT_ARGUMENTS,
                                                   on_output_made, player));
}

static void on_output(pa_context *context, const pa_sink_info *sink, int end, void *data)
{
    pulse_speaker *player = data;
    if (sink != NULL) {
        player->output_module = sink->owner_module;
    } else if (end > 0) {
        look_for_source(player);
    } else {
        expect(player,
               wv_pulse.pa_context_load_module(context, "module-null-sink", QUICK_OUTPUT_ARGUMENTS,
                                               on_quick_output_made, player));
    }
}

static void on_context_state(pa_context *context, void *data)
{
    pulse_speaker *player = data;
    if (wv_pulse.pa_context_get_state(context) != PA_CONTEXT_READY) return;
    expect(player, wv_pulse.pa_context_get_sink_info_by_name(context, OUTPUT, on_output, player));
}

static bool is_connected(const pulse_speaker *player)
{
    return wv_pulse.pa_context_get_state(player->connection.context) == PA_CONTEXT_READY;
}

/* Removes a module and waits until the server did, for no longer than until `deadline`. */
static void unload(pulse_speaker *player, uint32_t module, uint64_t deadline)
{
    if (module == NONE || !is_connected(player)) return;
    pa_operation *asked =
        wv_pulse.pa_context_unload_module(player->connection.context, module, NULL, NULL);
    if (asked == NULL) return;
    while (wv_pulse.pa_operation_get_state(asked) == PA_OPERATION_RUNNING && is_connected(player)) {
        uint64_t now = wv_now_us();
        if (now >= deadline) break;
        if (!wv_pulse_iterate(&player->connection, (int64_t)(deadline - now))) break;
    }
    wv_pulse.pa_operation_unref(asked);
}

static void say_goodbye(pulse_speaker *player)
{
    if (player->stream != NULL) {
        wv_pulse.pa_stream_set_state_callback(player->stream, NULL, NULL);
        wv_pulse.pa_stream_set_write_callback(player->stream, NULL, NULL);
        wv_pulse.pa_stream_disconnect(player->stream);
        wv_pulse.pa_stream_unref(player->stream);
    }
    if (player->connection.context != NULL &&
        !(player->speaker->config.flags & WV_SPEAKER_KEEPS)) {
        uint64_t deadline = wv_now_us() + GOODBYE_US;
        unload(player, player->source_module, deadline);
        unload(player, player->output_module, deadline);
    }
    wv_pulse_disconnect(&player->connection);
}

/* One connection, until it is lost or the thread has to end. True when voices could be heard. */
static bool play_until_lost(wv_speaker *speaker)
{
    pulse_speaker player = {.speaker = speaker, .output_module = NONE, .source_module = NONE};
    if (wv_pulse_connect(&player.connection, speaker->config.server, speaker->wake_fd)) {
        pa_context *context = player.connection.context;
        wv_pulse.pa_context_set_state_callback(context, on_context_state, &player);
        while (!atomic_load(&speaker->stop) && !player.failed) {
            if (!PA_CONTEXT_IS_GOOD(wv_pulse.pa_context_get_state(context))) break;
            if (!wv_pulse_iterate(&player.connection, -1)) break;
        }
    }
    wv_speaker_stats_data stats;
    wv_speaker_stats(speaker, &stats);
    if (!atomic_load(&speaker->stop)) wv_speaker_set_status(speaker, WV_STATUS_UNAVAILABLE);
    say_goodbye(&player);
    return stats.status == WV_STARTED;
}

void wv_speaker_run(wv_speaker *speaker)
{
    uint32_t failures = 0;
    for (;;) {
        failures = play_until_lost(speaker) ? 0 : failures + 1;
        if (!sleep_ms(speaker, wv_pulse_backoff_ms(failures))) return;
        pthread_mutex_lock(&speaker->lock);
        speaker->stats.restarts++;
        pthread_mutex_unlock(&speaker->lock);
    }
}

#else

void wv_speaker_run(wv_speaker *speaker)
{
    (void)speaker;
}

#endif
