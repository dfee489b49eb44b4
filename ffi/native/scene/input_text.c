/*
 * Input text: Xlib's own input method, which has the compose table of the locale and asks no other
 * program.
 */
#include "input_text.h"

#include <X11/Xutil.h>
#include <locale.h>
#include <stdbool.h>
#include <string.h>

/* The names that have a compose table; the first is what most machines have. */
static const char *const LOCALES[] = {"en_US.UTF-8", "C.UTF-8"};

void wv_text_open(struct wv_input_text *text, Display *display, Window window)
{
    *text = (struct wv_input_text){0};
    for (size_t i = 0; i < sizeof LOCALES / sizeof *LOCALES; i++) {
        if (setlocale(LC_CTYPE, LOCALES[i]) != NULL && XSupportsLocale()) break;
    }
    XSetLocaleModifiers("@im=none");
    text->method = XOpenIM(display, NULL, NULL, NULL);
    if (text->method == NULL) return;
    text->context = XCreateIC(text->method, XNInputStyle, XIMPreeditNothing | XIMStatusNothing,
                              XNClientWindow, window, XNFocusWindow, window, NULL);
    if (text->context != NULL) XSetICFocus(text->context);
}

void wv_text_of(struct wv_input_text *text, XKeyEvent *event, char typed[WV_TEXT_BYTES])
{
    typed[0] = 0;
    if (text->context == NULL || XFilterEvent((XEvent *)event, None)) return;
    if (event->type != KeyPress) return;
    Status status;
    int length = Xutf8LookupString(text->context, event, typed, WV_TEXT_BYTES - 1, NULL, &status);
    bool has_text = status == XLookupChars || status == XLookupBoth;
    typed[has_text && length > 0 ? length : 0] = 0;
}

void wv_text_close(struct wv_input_text *text)
{
    if (text->context != NULL) XDestroyIC(text->context);
    if (text->method != NULL) XCloseIM(text->method);
    *text = (struct wv_input_text){0};
}
