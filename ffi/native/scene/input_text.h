/*
 * Input text: what keys type in this program, as any program with an input method of X sees it, dead
 * keys and compose sequences included.
 */
#ifndef WV_SCENE_INPUT_TEXT_H
#define WV_SCENE_INPUT_TEXT_H

#include <X11/Xlib.h>

/* Bytes for what one key types, the final zero included. */
#define WV_TEXT_BYTES 64

struct wv_input_text {
    XIM method;
    XIC context;
};

/* Without an input method keys type nothing. */
void wv_text_open(struct wv_input_text *text, Display *display, Window window);
/*
 * Fills typed with UTF-8, or nothing. The context may answer later with another key press, of code
 * 0, which brings what several keys together made.
 */
void wv_text_of(struct wv_input_text *text, XKeyEvent *event, char typed[WV_TEXT_BYTES]);
void wv_text_close(struct wv_input_text *text);

#endif
