/*
 * The library Opus: see the header.
 */
#include "opus_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

#ifdef WV_HAS_OPUS

#define LIBRARY "libopus.so.0"

wv_opus_functions wv_opus;
static bool is_loaded;

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    is_loaded = true;
#define WV_LOAD(name)                                             \
    *(void **)&wv_opus.name = dlsym(library, #name);              \
    is_loaded = is_loaded && wv_opus.name != NULL;
    WV_OPUS_FUNCTIONS(WV_LOAD)
#undef WV_LOAD
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
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "opus: %s is not installed", LIBRARY);
    }
    dlclose(library);
    wv_fail(error, WV_STATUS_OK, "%s", LIBRARY);
    return WV_STATUS_OK;
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
