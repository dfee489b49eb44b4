/*
 * Resize: gives an X screen of one output another size through RandR.
 */
#ifndef WV_RESIZE_H
#define WV_RESIZE_H

#include "../x11_display.h"

/*
 * Makes the screen width by height pixels of dpi dots an inch: with a mode that its output has, or a
 * new one. Refused where several outputs are on, or the server does not go that far; then nothing has
 * changed. Clients see one change.
 */
int32_t wv_resize_screen(wv_display *display, int width, int height, int dpi, wv_error *error);

#endif
