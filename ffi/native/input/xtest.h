/*
 * What the parts of the XTEST back-end share: keys and buttons, and text by keys that the layout has
 * no use for.
 */
#ifndef WV_XTEST_H
#define WV_XTEST_H

#include <X11/XKBlib.h>

#include "../x11_display.h"
#include "input.h"

#define WV_SPARE_KEYS 48

typedef struct wv_spare_key {
    KeyCode keycode;
    KeySym symbol;    /* NoSymbol while it stands for nothing */
    uint64_t used_us; /* when it was pressed last */
} wv_spare_key;

typedef struct wv_xtest_text {
    wv_spare_key keys[WV_SPARE_KEYS];
    uint32_t count;
    uint64_t assigned_us; /* when a key got another character last */
    XkbDescPtr layout; /* as it was when the keys were found */
    bool is_known; /* the keys were found, and nobody has changed the layout since */
} wv_xtest_text;

/* Presses and releases a key that stands for the character; as wv_input_ops.text. */
int32_t wv_xtest_type(wv_xtest_text *text, wv_display *display, uint32_t code_point);
/* The layout has changed, by us or by somebody else. */
void wv_xtest_text_changed(wv_xtest_text *text);
/* True for a key that the layout has no use for and that stands for a character now. */
bool wv_xtest_is_spare(const wv_xtest_text *text, uint32_t keycode);
/* Gives the keys back to the layout. */
void wv_xtest_text_end(wv_xtest_text *text, wv_display *display);

#endif
