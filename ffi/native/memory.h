/*
 * Counted allocation: every byte of the library belongs to a type, so that the memory ledger can
 * show it and a test can see that all of it came back.
 */
#ifndef WV_MEMORY_H
#define WV_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Order as MEMORY_TYPES in ffi/memory_stats.ts. */
enum wv_memory_type {
    WV_MEMORY_OUTPUT,
    WV_MEMORY_POOL,
    WV_MEMORY_FRAME,
    WV_MEMORY_STREAM,
    WV_MEMORY_CAPTURE,
    WV_MEMORY_SEGMENT, /* shared with an X server: mapped, not allocated */
    WV_MEMORY_CONVERT,
    WV_MEMORY_ENCODER,
    WV_MEMORY_ENCODER_LIBRARY, /* allocated inside x264 and openh264: computed, not counted */
    WV_MEMORY_INPUT,
    WV_MEMORY_SOUND,
    WV_MEMORY_CLIPBOARD,
    WV_MEMORY_TYPES,
};

/* Zeroed bytes aligned to 64, or NULL. */
void *wv_memory_new(enum wv_memory_type type, size_t bytes);
/* Frees what wv_memory_new gave for the same type and bytes; NULL does nothing. */
void wv_memory_free(enum wv_memory_type type, void *pointer, size_t bytes);
/* Zeroed whole pages that take no memory before they are written, or NULL. */
void *wv_memory_map(enum wv_memory_type type, size_t bytes);
/* Gives back what wv_memory_map gave for the same type and bytes; NULL does nothing. */
void wv_memory_unmap(enum wv_memory_type type, void *pointer, size_t bytes);
/* Counts memory that came from elsewhere (a mapped segment). */
void wv_memory_count(enum wv_memory_type type, size_t bytes, bool added);

#endif
