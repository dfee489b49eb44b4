/*
 * Damage: waits for XDamage notices at level NonEmpty, one for each change from "nothing new" to
 * "something new", so a busy screen costs one event a frame and a still one nothing.
 */
#include <X11/extensions/Xfixes.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "screen.h"

/* Pixels must be 32 bits, blue in the lowest byte: what every usual X server has. */
static int32_t check_pixels(wv_screen *screen, wv_error *error)
{
    Display *x = screen->display.x;
    Visual *visual = DefaultVisual(x, DefaultScreen(x));
    int depth = DefaultDepth(x, DefaultScreen(x));
    if ((depth != 24 && depth != 32) || visual->red_mask != 0xff0000 ||
        visual->blue_mask != 0xff || ImageByteOrder(x) != LSBFirst) {
        return wv_fail(error, WV_STATUS_UNSUPPORTED,
                       "the screen has depth %d with red mask %lx; 24 with ff0000 is needed", depth,
                       visual->red_mask);
    }
    return WV_STATUS_OK;
}

int32_t wv_screen_open(wv_screen *screen, const wv_stream_config *config, wv_error *error)
{
    int ignored, major = 5, minor = 0;
    if (wv_display_open(&screen->display, config->display, error) != WV_STATUS_OK) {
        return error->status;
    }
    Display *x = screen->display.x;
    screen->wanted_x = config->x;
    screen->wanted_y = config->y;
    screen->wanted_width = config->width;
    screen->wanted_height = config->height;
    memcpy(screen->monitor, config->monitor, sizeof screen->monitor);
    int32_t status = check_pixels(screen, error);
    /* Before the region is looked for, so that no change goes by unseen. */
    screen->randr_event = wv_monitors_watch(&screen->display);
    if (status == WV_STATUS_OK && !wv_monitors_screen_size(&screen->display, &screen->screen_width,
                                                           &screen->screen_height)) {
        status = wv_fail(error, WV_STATUS_DISPLAY_LOST, "the display went away");
    }
    if (status == WV_STATUS_OK) status = wv_screen_take_region(screen, error);
    if (status == WV_STATUS_OK && (!XDamageQueryExtension(x, &screen->damage_event, &ignored) ||
                                   !XFixesQueryExtension(x, &screen->fixes_event, &ignored) ||
                                   !XFixesQueryVersion(x, &major, &minor))) {
        status = wv_fail(error, WV_STATUS_UNAVAILABLE,
                         "display \"%s\" lacks the DAMAGE or XFIXES extension", config->display);
    }
    if (status == WV_STATUS_OK) {
        Window root = screen->display.root;
        screen->damage = XDamageCreate(x, root, XDamageReportNonEmpty);
        if (config->flags & WV_STREAM_CURSOR) {
            XFixesSelectCursorInput(x, root, XFixesDisplayCursorNotifyMask);
            screen->events |= WV_EVENT_CURSOR;
        }
        if (wv_display_sync(&screen->display) != 0) {
            status = wv_fail(error, WV_STATUS_FAILED, "the X server refused damage notices");
        }
    }
    if (status != WV_STATUS_OK) wv_display_close(&screen->display);
    return status;
}

void wv_screen_close(wv_screen *screen)
{
    wv_display_close(&screen->display);
}

/* Sorts one event into screen->events. */
static void take_event(wv_screen *screen, XEvent *event)
{
    if (event->type == screen->damage_event + XDamageNotify) {
        screen->events |= WV_EVENT_DAMAGE;
        screen->damage_seq++;
    } else if (event->type == screen->fixes_event + XFixesCursorNotify) {
        screen->events |= WV_EVENT_CURSOR;
    } else if (wv_monitors_changed(&screen->display, screen->randr_event, event)) {
        screen->layout_changed = true;
    }
}

void wv_screen_read_events(wv_screen *screen)
{
    XEvent event;
    while (!screen->display.lost && XPending(screen->display.x) > 0) {
        XNextEvent(screen->display.x, &event);
        if (!screen->display.lost) take_event(screen, &event);
    }
}

/* Reads what has arrived, without waiting; negative when the source is gone or may be another. */
static int32_t read_events(wv_screen *screen)
{
    wv_screen_read_events(screen);
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    return screen->layout_changed ? WV_STATUS_SIZE_CHANGED : WV_STATUS_OK;
}

/* Gives what has arrived as a bit set, once. */
static int32_t take_events(wv_screen *screen)
{
    int32_t status = read_events(screen);
    if (status != WV_STATUS_OK) return status;
    int32_t events = (int32_t)screen->events;
    screen->events = 0;
    return events;
}

int32_t wv_screen_damaged(wv_screen *screen)
{
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    wv_display_sync(&screen->display);
    int32_t status = read_events(screen);
    if (status != WV_STATUS_OK) return status;
    return (screen->events & WV_EVENT_DAMAGE) != 0;
}

int32_t wv_screen_wait(wv_screen *screen, int wake_fd, uint64_t until_us)
{
    for (;;) {
        int32_t events = take_events(screen);
        if (events != 0) return events;
        uint64_t now = wv_now_us();
        if (now >= until_us) return 0;
        struct timespec left = {.tv_sec = (time_t)((until_us - now) / 1000000u),
                                .tv_nsec = (long)((until_us - now) % 1000000u) * 1000};
        struct pollfd wait[2] = {{.fd = ConnectionNumber(screen->display.x), .events = POLLIN},
                                 {.fd = wake_fd, .events = POLLIN}};
        if (ppoll(wait, 2, &left, NULL) < 0 && errno != EINTR) return WV_STATUS_FAILED;
        if (wait[1].revents != 0) return 0;
    }
}

int32_t wv_screen_take_damage(wv_screen *screen)
{
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    XDamageSubtract(screen->display.x, screen->damage, None, None);
    int code = wv_display_sync(&screen->display);
    if (screen->display.lost) return WV_STATUS_DISPLAY_LOST;
    return code == 0 ? WV_STATUS_OK : WV_STATUS_FAILED;
}
