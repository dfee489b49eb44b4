/*
 * Pulse: the sound that programs play, from the monitor of the default output of PulseAudio (or of
 * PipeWire, which speaks its protocol). It follows the default output, and comes back by itself when
 * the server was gone.
 */
#include "pulse_connection.h"

#include <math.h>
#include <string.h>
#include <sys/time.h>

#include "sound.h"

#ifdef WV_HAS_PULSE

#define RETRY_US 200000u        /* before asking for the output again */
#define TIMING_JUMP_US 20000.0  /* the clocks did not drift, something was interrupted */
#define TIMING_SHARE 0.25       /* of what a measured time differs */
#define TIMING_STEP_US 500.0    /* at most, at a time: some hundred times what clocks drift */
#define TIMING_OLD_US 2e6       /* then the time of day was set */
#define BUFFER_MAX_MS 500u      /* what the server keeps for a reader that is late */
#define NAME_BYTES 128u

typedef struct pulse_source {
    wv_sound *sound;
    wv_pulse_connection connection;
    pa_stream *stream;
    uint64_t retry_at_us; /* ask what the default output is; 0: not due */
    bool asks;            /* under way */
    bool is_ready;
    char sink[256];     /* name of the output that is heard */
    char name[NAME_BYTES];
    uint32_t channels;
    uint64_t samples;   /* read since the stream began */
    double origin_us;   /* capture time of sample 0, smoothed */
    uint32_t measured;  /* times */
} pulse_source;

static void drop_stream(pulse_source *source)
{
    if (source->stream == NULL) return;
    wv_pulse.pa_stream_set_state_callback(source->stream, NULL, NULL);
    wv_pulse.pa_stream_set_read_callback(source->stream, NULL, NULL);
    wv_pulse.pa_stream_set_latency_update_callback(source->stream, NULL, NULL);
    wv_pulse.pa_stream_disconnect(source->stream);
    wv_pulse.pa_stream_unref(source->stream);
    source->stream = NULL;
    source->sink[0] = 0;
}

static void ask_again(pulse_source *source, uint64_t in_us)
{
    uint64_t at = wv_now_us() + in_us;
    if (source->retry_at_us == 0 || source->retry_at_us > at) source->retry_at_us = at;
}

/* When timing information was true, on the monotonic clock; it has the time of day. */
static double time_of(const pa_timing_info *timing)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    double ago = (double)(now.tv_sec - timing->timestamp.tv_sec) * 1e6 +
                 (double)(now.tv_usec - timing->timestamp.tv_usec);
    return (double)wv_now_us() - (ago < 0 || ago > TIMING_OLD_US ? 0 : ago);
}

/*
 * Moves the estimate of when sample 0 is heard on the host: what the output has rendered but not yet
 * played is behind the write index. PulseAudio's own interpolation is up to 0.4 s off in the first
 * second behind the monitor of an output that was idle, and told its latency with the wrong sign.
 */
static void on_timing(pa_stream *stream, void *data)
{
    pulse_source *source = data;
    const pa_timing_info *timing = wv_pulse.pa_stream_get_timing_info(stream);
    if (timing == NULL || timing->write_index_corrupt) return;
    double samples = (double)timing->write_index / (double)(source->channels * sizeof(float));
    double origin = time_of(timing) - samples * 1e6 / WV_SOUND_RATE -
                    (double)timing->source_usec + (double)timing->sink_usec;
    double error = origin - source->origin_us;
    bool is_known = source->measured > 0;
    if (!is_known || fabs(error) > TIMING_JUMP_US) {
        source->origin_us = origin;
        if (is_known && source->samples > 0) wv_sound_count_jump(source->sound);
    } else {
        /* A reading of a server that was held up is a few milliseconds off. */
        double step = error * TIMING_SHARE;
        source->origin_us += fmax(-TIMING_STEP_US, fmin(TIMING_STEP_US, step));
    }
    source->measured++;
}

static void on_read(pa_stream *stream, size_t bytes, void *data)
{
    pulse_source *source = data;
    (void)bytes;
    size_t sample_bytes = source->channels * sizeof(float);
    while (wv_pulse.pa_stream_readable_size(stream) > 0) {
        const void *samples;
        size_t length;
        if (wv_pulse.pa_stream_peek(stream, &samples, &length) < 0 || length == 0) return;
        uint32_t count = (uint32_t)(length / sample_bytes);
        if (source->measured == 0) {
            double ago = (double)(source->samples + count) * 1e6 / WV_SOUND_RATE;
            source->origin_us = (double)wv_now_us() - ago;
        }
        double first_us =
            source->origin_us + (double)source->samples * 1e6 / WV_SOUND_RATE;
        wv_sound_push(source->sound, samples, count, first_us);
        source->samples += count;
        wv_pulse.pa_stream_drop(stream);
    }
}

static void on_stream_state(pa_stream *stream, void *data)
{
    pulse_source *source = data;
    pa_stream_state_t state = wv_pulse.pa_stream_get_state(stream);
    if (state == PA_STREAM_READY) {
        source->is_ready = true;
        wv_sound_begin(source->sound, source->channels, source->name);
    } else if (state == PA_STREAM_FAILED || state == PA_STREAM_TERMINATED) {
        /* The stream is still in use by who calls this: it is dropped when the loop is back. */
        source->sink[0] = 0;
        ask_again(source, RETRY_US);
    }
}

static void listen_to(pulse_source *source, const pa_sink_info *sink)
{
    drop_stream(source);
    uint32_t channels = source->sound->config.channels;
    if (channels == 0) channels = sink->sample_spec.channels;
    if (channels > WV_SOUND_CHANNELS_MAX) channels = WV_SOUND_CHANNELS_MAX;
    pa_sample_spec spec = {
        .format = PA_SAMPLE_FLOAT32NE, .rate = WV_SOUND_RATE, .channels = (uint8_t)channels};
    pa_channel_map map = wv_pulse_channel_map(channels);
    uint32_t frame_bytes = source->sound->frame_samples * channels * (uint32_t)sizeof(float);
    pa_buffer_attr buffer = {
        .maxlength = WV_SOUND_RATE / 1000u * BUFFER_MAX_MS * channels * (uint32_t)sizeof(float),
        .fragsize = frame_bytes,
        .tlength = (uint32_t)-1,
        .prebuf = (uint32_t)-1,
        .minreq = (uint32_t)-1,
    };
    source->channels = channels;
    source->samples = 0;
    source->measured = 0;
    source->is_ready = false;
    snprintf(source->sink, sizeof source->sink, "%s", sink->name);
    snprintf(source->name, sizeof source->name, "%s",
             sink->description != NULL ? sink->description : sink->name);
    pa_context *context = source->connection.context;
    source->stream = wv_pulse.pa_stream_new(context, "Sound for viewers", &spec, &map);
    if (source->stream == NULL) return ask_again(source, RETRY_US);
    wv_pulse.pa_stream_set_state_callback(source->stream, on_stream_state, source);
    wv_pulse.pa_stream_set_read_callback(source->stream, on_read, source);
    wv_pulse.pa_stream_set_latency_update_callback(source->stream, on_timing, source);
    pa_stream_flags_t flags = PA_STREAM_ADJUST_LATENCY | PA_STREAM_AUTO_TIMING_UPDATE |
                              PA_STREAM_DONT_MOVE;
    if (wv_pulse.pa_stream_connect_record(source->stream, sink->monitor_source_name, &buffer,
                                          flags) < 0) {
        source->sink[0] = 0;
        ask_again(source, RETRY_US);
    }
}

static void on_sink(pa_context *context, const pa_sink_info *sink, int end, void *data)
{
    pulse_source *source = data;
    (void)context;
    if (end != 0) {
        source->asks = false;
        if (end < 0) ask_again(source, RETRY_US);
        return;
    }
    if (sink == NULL || sink->monitor_source_name == NULL) return;
    if (strcmp(source->sink, sink->name) != 0) listen_to(source, sink);
}

static void on_server(pa_context *context, const pa_server_info *server, void *data)
{
    pulse_source *source = data;
    source->asks = false;
    /* Without another output that of the voices is the default: viewers would hear themselves. */
    if (server == NULL || server->default_sink_name == NULL ||
        strcmp(server->default_sink_name, WV_MICROPHONE_OUTPUT) == 0) {
        wv_sound_interrupt(source->sound, WV_STATUS_UNAVAILABLE, "The sound server has no output");
        drop_stream(source);
        return; /* an event says when there is one */
    }
    if (strcmp(source->sink, server->default_sink_name) == 0) return;
    pa_operation *asked = wv_pulse.pa_context_get_sink_info_by_name(
        context, server->default_sink_name, on_sink, source);
    source->asks = asked != NULL;
    wv_pulse_forget(asked);
}

static void on_event(pa_context *context, pa_subscription_event_type_t type, uint32_t index,
                     void *data)
{
    (void)context, (void)type, (void)index;
    ask_again(data, 0);
}

static void on_context_state(pa_context *context, void *data)
{
    pulse_source *source = data;
    if (wv_pulse.pa_context_get_state(context) != PA_CONTEXT_READY) return;
    wv_pulse.pa_context_set_subscribe_callback(context, on_event, source);
    pa_subscription_mask_t events = PA_SUBSCRIPTION_MASK_SERVER | PA_SUBSCRIPTION_MASK_SINK;
    wv_pulse_forget(wv_pulse.pa_context_subscribe(context, events, NULL, NULL));
    ask_again(source, 0);
}

/* Asks for the default output where that is due; gives how long nothing will be, or -1. */
static int64_t look_after(pulse_source *source)
{
    if (source->stream != NULL && source->sink[0] == 0) drop_stream(source);
    if (source->retry_at_us == 0 || source->asks) return -1;
    uint64_t now = wv_now_us();
    if (now < source->retry_at_us) return (int64_t)(source->retry_at_us - now);
    source->retry_at_us = 0;
    pa_context *context = source->connection.context;
    if (wv_pulse.pa_context_get_state(context) != PA_CONTEXT_READY) return -1;
    pa_operation *asked = wv_pulse.pa_context_get_server_info(context, on_server, source);
    source->asks = asked != NULL;
    wv_pulse_forget(asked);
    return -1;
}

/* One connection, until it is lost or the thread has to end. True when there was sound. */
static bool listen_until_lost(pulse_source *source)
{
    wv_sound *sound = source->sound;
    bool heard = false;
    if (wv_pulse_connect(&source->connection, sound->config.server, sound->wake_fd)) {
        pa_context *context = source->connection.context;
        wv_pulse.pa_context_set_state_callback(context, on_context_state, source);
        while (!atomic_load(&sound->stop)) {
            pa_context_state_t state = wv_pulse.pa_context_get_state(context);
            if (!PA_CONTEXT_IS_GOOD(state)) break;
            if (!wv_pulse_iterate(&source->connection, look_after(source))) break;
            heard = heard || source->is_ready;
        }
    }
    if (!atomic_load(&sound->stop)) {
        char why[NAME_BYTES];
        snprintf(why, sizeof why, "No sound server: %s", wv_pulse_error(&source->connection));
        wv_sound_interrupt(sound, WV_STATUS_UNAVAILABLE, why);
    }
    drop_stream(source);
    wv_pulse_disconnect(&source->connection);
    return heard;
}

void wv_sound_run_pulse(wv_sound *sound)
{
    uint32_t failures = 0;
    for (;;) {
        pulse_source source = {.sound = sound};
        failures = listen_until_lost(&source) ? 0 : failures + 1;
        uint64_t wait_us = wv_pulse_backoff_ms(failures) * 1000ull;
        if (!wv_sound_sleep_until(sound, wv_now_us() + wait_us)) return;
        wv_sound_count_restart(sound);
    }
}

#else

void wv_sound_run_pulse(wv_sound *sound)
{
    while (wv_sound_sleep_until(sound, UINT64_MAX)) {
    }
}

#endif
