/*
 * Libraries of sound: see the header.
 */
#include "audio_library.h"

#include <dlfcn.h>
#include <string.h>

bool wv_audio_library_open(const char *file, const char *const *names, void *functions,
                           size_t count)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return false;
    bool is_whole = true;
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(library, names[i]);
        memcpy((char *)functions + i * sizeof function, &function, sizeof function);
        is_whole = is_whole && function != NULL;
    }
    return is_whole;
}

int32_t wv_audio_library_probe(const char *what, const char *file, wv_error *error)
{
    void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "%s: %s is not installed", what, file);
    }
    dlclose(library);
    wv_fail(error, WV_STATUS_OK, "%s", file);
    return WV_STATUS_OK;
}
