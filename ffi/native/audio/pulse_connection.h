/*
 * Connection to a PulseAudio server with its main loop, on the thread of whoever owns it: what
 * capture (pulse.c) and playback (speaker.c) share.
 */
#ifndef WV_PULSE_CONNECTION_H
#define WV_PULSE_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "pulse_library.h"

#ifdef WV_HAS_PULSE

typedef struct wv_pulse_connection {
    pa_mainloop *loop;
    pa_mainloop_api *api;
    pa_context *context;
    pa_io_event *wake;
} wv_pulse_connection;

/* Where viewers' voices are played to: no sound of the host. */
#define WV_MICROPHONE_OUTPUT "wavry_microphone_in"

/* Connects to `server` (empty: the one of the environment); false when that cannot even begin. */
bool wv_pulse_connect(wv_pulse_connection *connection, const char *server, int wake_fd);
void wv_pulse_disconnect(wv_pulse_connection *connection);
/* Handles what comes within timeout_us (negative: no limit); false when the loop is broken. */
bool wv_pulse_iterate(wv_pulse_connection *connection, int64_t timeout_us);
/* The last error, for people. */
const char *wv_pulse_error(const wv_pulse_connection *connection);
/* Gives the operation up; its callback still comes. */
void wv_pulse_forget(pa_operation *operation);
/* Channels in the order of Vorbis, which Opus has. */
pa_channel_map wv_pulse_channel_map(uint32_t channels);
/* Milliseconds to wait before connecting again, after so many failures in a row. */
uint32_t wv_pulse_backoff_ms(uint32_t failures);

#endif
#endif
