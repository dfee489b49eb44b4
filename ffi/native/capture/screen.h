/*
 * Screen: what both X11 back-ends share: the connection, damage notices, pointer notices and the
 * region of the screen that is captured.
 */
#ifndef WV_SCREEN_H
#define WV_SCREEN_H

#include <stdbool.h>

#include <X11/extensions/Xdamage.h>

#include "../x11_display.h"
#include "capture.h"
#include "monitors.h"

typedef struct wv_screen {
    wv_display display;
    int damage_event; /* event numbers of the extensions */
    int fixes_event;
    int randr_event; /* -1 without RandR */
    Damage damage;
    char monitor[WV_MONITOR_NAME_BYTES]; /* whose rectangle is the region; empty for none */
    int wanted_x, wanted_y;              /* of the region, where no monitor says it */
    uint32_t wanted_width, wanted_height;
    int screen_width, screen_height;
    int x, y; /* of the region */
    int width, height;
    uint32_t events;     /* seen and not given yet */
    uint32_t damage_seq; /* notices so far */
    bool layout_changed; /* the region must be looked for again */
} wv_screen;

/* Connects, clips the region of config to the screen and asks for notices. */
int32_t wv_screen_open(wv_screen *screen, const wv_stream_config *config, wv_error *error);
void wv_screen_close(wv_screen *screen);
/* Like wv_capture_ops.wait. */
int32_t wv_screen_wait(wv_screen *screen, int wake_fd, uint64_t until_us);
/*
 * Takes the damage as seen. Returns once the server has done so: what is drawn later gives a new
 * notice, so a grab after this call misses nothing. X errors come back as a negative status.
 */
int32_t wv_screen_take_damage(wv_screen *screen);
/* 1 when a damage notice has come since; waits for the server. The notice stays to be given. */
int32_t wv_screen_damaged(wv_screen *screen);
/* Takes what has arrived as seen, without waiting. */
void wv_screen_read_events(wv_screen *screen);
/* Looks for the region that is wanted (region.c); the size of the screen is known. */
int32_t wv_screen_take_region(wv_screen *screen, wv_error *error);
/*
 * Waits until the server says no more of a change, and takes the region as it is then: 1 when it is
 * another one, 0 when it is the same, negative when it is not there any more.
 */
int32_t wv_screen_follow(wv_screen *screen, wv_error *error);
/* Like wv_capture_ops.cursor and place (cursor.c). */
int32_t wv_screen_cursor(wv_screen *screen, wv_cursor *cursor);
int32_t wv_screen_place(wv_screen *screen, int *x, int *y);

#endif
