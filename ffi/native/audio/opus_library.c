/*
 * The library Opus: see the header.
 */
#include "opus_library.h"

#include <pthread.h>

#include "audio_library.h"

#ifdef WV_HAS_OPUS

#define LIBRARY "libopus.so.0"

wv_opus_functions wv_opus;
static bool is_loaded;

static void load(void)
{
#define WV_NAME(name) #name,
    static const char *const NAMES[] = {WV_OPUS_FUNCTIONS(WV_NAME)};
#undef WV_NAME
    const size_t count = sizeof NAMES / sizeof *NAMES;
    _Static_assert(sizeof wv_opus == sizeof NAMES, "a pointer for each name");
    is_loaded = wv_audio_library_open(LIBRARY, NAMES, &wv_opus, count);
}

int32_t wv_opus_load(wv_error *error)
{
    static pthread_once_t loaded = PTHREAD_ONCE_INIT;
    pthread_once(&loaded, load);
    if (is_loaded) return WV_STATUS_OK;
    return wv_fail(error, WV_STATUS_UNAVAILABLE, "opus: %s is not installed", LIBRARY);
}

int32_t wv_opus_probe(wv_error *error)
{
    return wv_audio_library_probe("opus", LIBRARY, error);
}

#else /* built without Opus' headers: the candidate stays in the list and says so */

int32_t wv_opus_load(wv_error *error)
{
    return wv_fail(error, WV_STATUS_UNAVAILABLE, "opus: built without opus/opus_multistream.h");
}

int32_t wv_opus_probe(wv_error *error)
{
    return wv_opus_load(error);
}

#endif
