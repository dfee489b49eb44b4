/*
 * Connection to a PulseAudio server: see the header. No server is started from here: what starts one
 * would be a child of the process that handles the screen.
 */
#include "pulse_connection.h"

#include <limits.h>
#include <string.h>

#ifdef WV_HAS_PULSE

#define BACKOFF_MIN_MS 250u
#define BACKOFF_MAX_MS 4000u

/* The loop only has to come back: whoever runs it looks what is wanted. */
static void on_wake(pa_mainloop_api *api, pa_io_event *event, int fd, pa_io_event_flags_t flags,
                    void *unused)
{
    (void)fd, (void)flags, (void)unused;
    api->io_enable(event, PA_IO_EVENT_NULL);
}

bool wv_pulse_connect(wv_pulse_connection *connection, const char *server, int wake_fd)
{
    memset(connection, 0, sizeof *connection);
    connection->loop = wv_pulse.pa_mainloop_new();
    if (connection->loop == NULL) return false;
    connection->api = wv_pulse.pa_mainloop_get_api(connection->loop);
    connection->wake =
        connection->api->io_new(connection->api, wake_fd, PA_IO_EVENT_INPUT, on_wake, NULL);
    connection->context = wv_pulse.pa_context_new(connection->api, "Wavry");
    if (connection->context == NULL) return false;
    return wv_pulse.pa_context_connect(connection->context, server[0] == 0 ? NULL : server,
                                       PA_CONTEXT_NOAUTOSPAWN, NULL) >= 0;
}

void wv_pulse_disconnect(wv_pulse_connection *connection)
{
    if (connection->context != NULL) {
        wv_pulse.pa_context_set_state_callback(connection->context, NULL, NULL);
        wv_pulse.pa_context_set_subscribe_callback(connection->context, NULL, NULL);
        wv_pulse.pa_context_disconnect(connection->context);
        wv_pulse.pa_context_unref(connection->context);
    }
    if (connection->wake != NULL) connection->api->io_free(connection->wake);
    if (connection->loop != NULL) wv_pulse.pa_mainloop_free(connection->loop);
    memset(connection, 0, sizeof *connection);
}

bool wv_pulse_iterate(wv_pulse_connection *connection, int64_t timeout_us)
{
    int wait = timeout_us < 0 ? -1 : timeout_us > INT_MAX ? INT_MAX : (int)timeout_us;
    return wv_pulse.pa_mainloop_prepare(connection->loop, wait) >= 0 &&
           wv_pulse.pa_mainloop_poll(connection->loop) >= 0 &&
           wv_pulse.pa_mainloop_dispatch(connection->loop) >= 0;
}

const char *wv_pulse_error(const wv_pulse_connection *connection)
{
    if (connection->context == NULL) return "no memory";
    return wv_pulse.pa_strerror(wv_pulse.pa_context_errno(connection->context));
}

void wv_pulse_forget(pa_operation *operation)
{
    if (operation != NULL) wv_pulse.pa_operation_unref(operation);
}

pa_channel_map wv_pulse_channel_map(uint32_t channels)
{
    enum { FL = PA_CHANNEL_POSITION_FRONT_LEFT, FR = PA_CHANNEL_POSITION_FRONT_RIGHT,
           FC = PA_CHANNEL_POSITION_FRONT_CENTER, RL = PA_CHANNEL_POSITION_REAR_LEFT,
           RR = PA_CHANNEL_POSITION_REAR_RIGHT, RC = PA_CHANNEL_POSITION_REAR_CENTER,
           SL = PA_CHANNEL_POSITION_SIDE_LEFT, SR = PA_CHANNEL_POSITION_SIDE_RIGHT,
           LFE = PA_CHANNEL_POSITION_LFE };
    static const pa_channel_position_t positions[][8] = {
        {PA_CHANNEL_POSITION_MONO},
        {FL, FR},
        {FL, FC, FR},
        {FL, FR, RL, RR},
        {FL, FC, FR, RL, RR},
        {FL, FC, FR, RL, RR, LFE},
        {FL, FC, FR, SL, SR, RC, LFE},
        {FL, FC, FR, SL, SR, RL, RR, LFE},
    };
    pa_channel_map map = {.channels = (uint8_t)channels};
    memcpy(map.map, positions[channels - 1], channels * sizeof map.map[0]);
    return map;
}

uint32_t wv_pulse_backoff_ms(uint32_t failures)
{
    if (failures > 8) return BACKOFF_MAX_MS;
    uint32_t wait = BACKOFF_MIN_MS << failures;
    return wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait;
}

#endif
