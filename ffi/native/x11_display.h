/*
 * X display: one connection of one thread that survives X errors and the death of the server; Xlib
 * alone would end the process. Shared by capture and input.
 */
#ifndef WV_X11_DISPLAY_H
#define WV_X11_DISPLAY_H

#include <X11/Xlib.h>
#include <stdbool.h>

#include "common.h"

typedef struct wv_display {
    Display *x;
    Window root;
    bool lost; /* set by Xlib when the connection broke; only closing may follow */
} wv_display;

/* Opens the zero-terminated name into display, which must not move in memory after that. */
int32_t wv_display_open(wv_display *display, const char *name, wv_error *error);
/* Closes what wv_display_open opened, also after the server went. */
void wv_display_close(wv_display *display);
/* Waits for the server; gives the first X error code of this thread since the last call, or 0. */
int wv_display_sync(wv_display *display);
/* From another thread: breaks the connection, so that a call waiting for the server returns. */
void wv_display_interrupt(wv_display *display);
/* Forgets X errors of this thread. */
void wv_display_forget_errors(void);

#endif
