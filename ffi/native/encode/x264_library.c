/*
 * The library x264: see the header.
 */
#include "x264_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/prctl.h>

#ifdef WV_HAS_X264

#define TEXT_OF(value) #value
#define EXPANDED_TEXT_OF(value) TEXT_OF(value)
#define LIBRARY "libx264.so." EXPANDED_TEXT_OF(X264_BUILD)

wv_x264_functions wv_x264;
static bool is_loaded;

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    /* x264 asks for huge pages: 6 MB more at 1080p and 11 MB at 720p, and not faster. */
    prctl(PR_SET_THP_DISABLE, 1ul, 0ul, 0ul, 0ul);
    *(void **)&wv_x264.param_default_preset = dlsym(library, "x264_param_default_preset");
    *(void **)&wv_x264.param_apply_profile = dlsym(library, "x264_param_apply_profile");
    *(void **)&wv_x264.picture_init = dlsym(library, "x264_picture_init");
    *(void **)&wv_x264.encoder_open =
        dlsym(library, "x264_encoder_open_" EXPANDED_TEXT_OF(X264_BUILD));
    *(void **)&wv_x264.encoder_headers = dlsym(library, "x264_encoder_headers");
    *(void **)&wv_x264.encoder_encode = dlsym(library, "x264_encoder_encode");
    *(void **)&wv_x264.encoder_invalidate_reference =
        dlsym(library, "x264_encoder_invalidate_reference");
    *(void **)&wv_x264.encoder_close = dlsym(library, "x264_encoder_close");
    wv_x264.levels = dlsym(library, "x264_levels");
    is_loaded = wv_x264.param_default_preset && wv_x264.param_apply_profile &&
                wv_x264.picture_init && wv_x264.encoder_open && wv_x264.encoder_headers &&
                wv_x264.encoder_encode && wv_x264.encoder_invalidate_reference &&
                wv_x264.encoder_close && wv_x264.levels;
}

int32_t wv_x264_probe(wv_error *error)
{
    static pthread_once_t loaded = PTHREAD_ONCE_INIT;
    pthread_once(&loaded, load);
    if (!is_loaded) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "x264: %s is not installed or another build",
                       LIBRARY);
    }
    wv_fail(error, WV_STATUS_OK, "%s", LIBRARY);
    return WV_STATUS_OK;
}

#else /* built without x264.h: the candidate stays in the list and says so */

int32_t wv_x264_probe(wv_error *error)
{
    return wv_fail(error, WV_STATUS_UNAVAILABLE, "x264: built without x264.h");
}

#endif
