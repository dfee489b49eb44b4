/*
 * The library of PulseAudio's clients: see the header.
 */
#include "pulse_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

#ifdef WV_HAS_PULSE

#define LIBRARY "libpulse.so.0"

wv_pulse_functions wv_pulse;
static bool is_loaded;

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    is_loaded = true;
#define WV_LOAD(name)                                             \
    *(void **)&wv_pulse.name = dlsym(library, #name);              \
    is_loaded = is_loaded && wv_pulse.name != NULL;
    WV_PULSE_FUNCTIONS(WV_LOAD)
#undef WV_LOAD
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
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "pulse: %s is not installed", LIBRARY);
    }
    dlclose(library);
    wv_fail(error, WV_STATUS_OK, "%s", LIBRARY);
    return WV_STATUS_OK;
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
