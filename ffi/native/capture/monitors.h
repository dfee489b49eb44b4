/*
 * Monitors: how an X screen is divided, as RandR 1.5 tells it. A monitor is a rectangle of the screen
 * with a name, whether a plug, a part of a wide panel or only software made it one.
 */
#ifndef WV_MONITORS_H
#define WV_MONITORS_H

#include "../x11_display.h"

#define WV_MONITORS_MAX 16
#define WV_MONITOR_NAME_BYTES 32 /* with its end; longer names are cut */

typedef struct wv_monitor {
    char name[WV_MONITOR_NAME_BYTES]; /* printable ASCII, none that JSON would escape */
    int x, y, width, height;
    bool primary;
    uint32_t refresh_millihz; /* 0: nobody tells */
} wv_monitor;

/*
 * Fills monitors and gives how many there are, WV_MONITORS_MAX at most. 0 where RandR is older than
 * 1.5, or no monitor is on. Waits for the server, once more with_refresh.
 */
int wv_monitors_read(wv_display *display, wv_monitor *monitors, bool with_refresh);
/* Size of the screen as the server has it now; false when it went away. */
bool wv_monitors_screen_size(wv_display *display, int *width, int *height);
/* Asks for a notice of each change; gives the number of RandR's first event, or -1 without RandR. */
int wv_monitors_watch(wv_display *display);
/* True when an event says that the screen or its monitors may have changed. */
bool wv_monitors_changed(const wv_display *display, int first_event, XEvent *event);

#endif
