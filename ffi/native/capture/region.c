/*
 * Region: the part of the screen that is captured: what the configuration names, or the rectangle of
 * a monitor, wherever that is. It is looked for anew when the server says that something moved.
 */
#include <poll.h>
#include <string.h>

#include "screen.h"

#define SIDE_MIN 16
/*
 * One change of the layout comes as several notices, with states between them that nobody is to see:
 * an output is off before it is on with another size. Quiet for this long, it is over.
 */
#define QUIET_US 25000u
#define QUIET_US_MAX 250000u

static const wv_monitor *find_monitor(const wv_monitor *monitors, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(monitors[i].name, name) == 0) return &monitors[i];
    }
    return NULL;
}

/* The rectangle of the monitor, clipped to the screen. */
static int32_t take_monitor(wv_screen *screen, wv_error *error)
{
    wv_monitor monitors[WV_MONITORS_MAX];
    int count = wv_monitors_read(&screen->display, monitors, false);
    if (screen->display.lost) {
        return wv_fail(error, WV_STATUS_DISPLAY_LOST, "the display went away");
    }
    const wv_monitor *found = find_monitor(monitors, count, screen->monitor);
    if (found == NULL) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "monitor \"%s\" is not plugged in",
                       screen->monitor);
    }
    screen->x = found->x < 0 ? 0 : found->x;
    screen->y = found->y < 0 ? 0 : found->y;
    int right = found->x + found->width, bottom = found->y + found->height;
    if (right > screen->screen_width) right = screen->screen_width;
    if (bottom > screen->screen_height) bottom = screen->screen_height;
    screen->width = right - screen->x;
    screen->height = bottom - screen->y;
    return WV_STATUS_OK;
}

/* What the configuration asks for; a size of 0 reaches to the edge of the screen. */
static int32_t take_rectangle(wv_screen *screen, wv_error *error)
{
    int screen_width = screen->screen_width, screen_height = screen->screen_height;
    int x = screen->wanted_x, y = screen->wanted_y;
    if (x < 0 || y < 0 || x >= screen_width || y >= screen_height ||
        screen->wanted_width > (uint32_t)(screen_width - x) ||
        screen->wanted_height > (uint32_t)(screen_height - y)) {
        return wv_fail(error, WV_STATUS_INVALID, "region %ux%u+%d+%d is not on the screen %dx%d",
                       screen->wanted_width, screen->wanted_height, x, y, screen_width,
                       screen_height);
    }
    screen->x = x;
    screen->y = y;
    screen->width = screen->wanted_width > 0 ? (int)screen->wanted_width : screen_width - x;
    screen->height = screen->wanted_height > 0 ? (int)screen->wanted_height : screen_height - y;
    return WV_STATUS_OK;
}

int32_t wv_screen_take_region(wv_screen *screen, wv_error *error)
{
    bool named = screen->monitor[0] != 0;
    int32_t status = named ? take_monitor(screen, error) : take_rectangle(screen, error);
    if (status != WV_STATUS_OK) return status;
    screen->width &= ~1;
    screen->height &= ~1;
    if (screen->width < SIDE_MIN || screen->height < SIDE_MIN) {
        return wv_fail(error, WV_STATUS_INVALID, "region %dx%d is smaller than %dx%d",
                       screen->width, screen->height, SIDE_MIN, SIDE_MIN);
    }
    return WV_STATUS_OK;
}

/* Waits until the layout has been quiet for a moment; false when the server went away. */
static bool settle(wv_screen *screen)
{
    uint64_t give_up = wv_now_us() + QUIET_US_MAX, quiet_at = wv_now_us() + QUIET_US;
    while (!screen->display.lost && wv_now_us() < quiet_at && quiet_at < give_up) {
        struct pollfd wait = {.fd = ConnectionNumber(screen->display.x), .events = POLLIN};
        poll(&wait, 1, (int)((quiet_at - wv_now_us()) / 1000) + 1);
        screen->layout_changed = false;
        wv_screen_read_events(screen);
        if (screen->layout_changed) quiet_at = wv_now_us() + QUIET_US;
    }
    screen->layout_changed = false;
    return !screen->display.lost;
}

int32_t wv_screen_follow(wv_screen *screen, wv_error *error)
{
    int x = screen->x, y = screen->y, width = screen->width, height = screen->height;
    int screen_width = screen->screen_width, screen_height = screen->screen_height;
    if (!settle(screen) || !wv_monitors_screen_size(&screen->display, &screen->screen_width,
                                                    &screen->screen_height)) {
        return wv_fail(error, WV_STATUS_DISPLAY_LOST, "the display went away");
    }
    int32_t status = wv_screen_take_region(screen, error);
    if (status != WV_STATUS_OK) return status;
    return x != screen->x || y != screen->y || width != screen->width ||
           height != screen->height || screen_width != screen->screen_width ||
           screen_height != screen->screen_height;
}
