/*
 * The library of PulseAudio's clients, opened at run time because a machine may lack it. PipeWire
 * speaks the same protocol.
 */
#ifndef WV_PULSE_LIBRARY_H
#define WV_PULSE_LIBRARY_H

#include "../common.h"

#if __has_include(<pulse/pulseaudio.h>)
#include <pulse/pulseaudio.h>
#define WV_HAS_PULSE

#define WV_PULSE_FUNCTIONS(X)                                                         \
    X(pa_mainloop_new)                                                                \
    X(pa_mainloop_free)                                                               \
    X(pa_mainloop_get_api)                                                            \
    X(pa_mainloop_prepare)                                                            \
    X(pa_mainloop_poll)                                                               \
    X(pa_mainloop_dispatch)                                                           \
    X(pa_context_new)                                                                 \
    X(pa_context_unref)                                                               \
    X(pa_context_connect)                                                             \
    X(pa_context_disconnect)                                                          \
    X(pa_context_set_state_callback)                                                  \
    X(pa_context_get_state)                                                           \
    X(pa_context_errno)                                                               \
    X(pa_context_set_subscribe_callback)                                              \
    X(pa_context_subscribe)                                                           \
    X(pa_context_get_server_info)                                                     \
    X(pa_context_get_sink_info_by_name)                                               \
    X(pa_context_get_source_info_by_name)                                             \
    X(pa_context_load_module)                                                         \
    X(pa_context_unload_module)                                                       \
    X(pa_operation_unref)                                                             \
    X(pa_operation_get_state)                                                         \
    X(pa_stream_new)                                                                  \
    X(pa_stream_unref)                                                                \
    X(pa_stream_connect_record)                                                       \
    X(pa_stream_connect_playback)                                                     \
    X(pa_stream_disconnect)                                                           \
    X(pa_stream_get_state)                                                            \
    X(pa_stream_set_state_callback)                                                   \
    X(pa_stream_set_read_callback)                                                    \
    X(pa_stream_readable_size)                                                        \
    X(pa_stream_peek)                                                                 \
    X(pa_stream_drop)                                                                 \
    X(pa_stream_begin_write)                                                          \
    X(pa_stream_write)                                                                \
    X(pa_stream_set_write_callback)                                                   \
    X(pa_stream_get_timing_info)                                                      \
    X(pa_stream_set_latency_update_callback)                                          \
    X(pa_strerror)

typedef struct wv_pulse_functions {
#define WV_DECLARE(name) __typeof__(name) *name;
    WV_PULSE_FUNCTIONS(WV_DECLARE)
#undef WV_DECLARE
} wv_pulse_functions;

/* Filled by the first wv_pulse_load that succeeds. */
extern wv_pulse_functions wv_pulse;
#endif

/* Opens the library for good. */
int32_t wv_pulse_load(wv_error *error);
/* Says whether it is there; on success the error's text is its name. Keeps nothing open. */
int32_t wv_pulse_probe(wv_error *error);

#endif
