/*
 * Framebuffer search: finds the shared segment of an `Xvfb -shmem` that somebody else started, so
 * that a display given by name is captured as directly as one that the host made itself.
 */
#ifndef WV_FRAMEBUFFER_SEARCH_H
#define WV_FRAMEBUFFER_SEARCH_H

#include <X11/Xlib.h>
#include <stdint.h>

/* System V id of a segment that this display's server made and that can hold a picture of
 * min_bytes, or -1. The caller must still check what the segment holds. */
int32_t wv_framebuffer_find(Display *display, uint64_t min_bytes);

#endif
