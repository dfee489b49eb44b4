/*
 * The library of PulseAudio's clients: see the header.
 */
#include "pulse_library.h"

#include <pthread.h>

#include "audio_library.h"

#ifdef WV_HAS_PULSE

#define LIBRARY "libpulse.so.0"

wv_pulse_functions wv_pulse;
static bool is_loaded;

static void load(void)
{
#define WV_NAME(name) #name,
    static const char *const NAMES[] = {WV_PULSE_FUNCTIONS(WV_NAME)};
#undef WV_NAME
    const size_t count = sizeof NAMES / sizeof *NAMES;
    _Static_assert(sizeof wv_pulse == sizeof NAMES, "a pointer for each name");
    is_loaded = wv_audio_library_open(LIBRARY, NAMES, &wv_pulse, count);
}

int32_t wv_pulse_load(wv_error *error)
{
    static pthread_once_t loaded = PTHREAD_ONCE_INIT;
    pthread_once(&loaded, load);
    if (is_loaded) return WV_STATUS_OK;
    return wv_fail(error, WV_STATUS_UNAVAILABLE, "pulse: %s is not installed", LIBRARY);
}

int32_t wv_pulse_probe(wv_error *error)
{
    return wv_audio_library_probe("pulse", LIBRARY, error);
}

#else /* built without its headers: the candidate stays in the list and says so */

int32_t wv_pulse_load(wv_error *error)
{
    return wv_fail(error, WV_STATUS_UNAVAILABLE, "pulse: built without pulse/pulseaudio.h");
}

int32_t wv_pulse_probe(wv_error *error)
{
    return wv_pulse_load(error);
}

#endif
