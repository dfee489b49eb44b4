/*
 * A library that a machine may lack: opened when sound is first wanted, all its functions or none.
 */
#ifndef WV_AUDIO_LIBRARY_H
#define WV_AUDIO_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "../common.h"

/* Opens `file` for good and fills `functions`, a struct of function pointers in the order of `names`. */
bool wv_audio_library_open(const char *file, const char *const *names, void *functions,
                           size_t count);
/* Says whether `file` is there; on success the error's text is its name. Keeps nothing open. */
int32_t wv_audio_library_probe(const char *what, const char *file, wv_error *error);

#endif
