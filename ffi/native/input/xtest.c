/*
 * Input through XTEST on its own connection, so that it never queues behind a grab. Keycodes are
 * the evdev codes plus 8, as in every X server of Linux.
 */
#include <X11/extensions/XTest.h>

#include "../memory.h"
#include "../x11_display.h"
#include "input.h"

#define KEYCODE_OFFSET 8
#define KEYCODE_MAX 255

struct wv_input_device {
    wv_display display;
};

static int32_t probe(wv_error *error)
{
    wv_fail(error, WV_STATUS_OK, "built in");
    return WV_STATUS_OK;
}

static void xtest_close(wv_input_device *device)
{
    wv_display_close(&device->display);
    wv_memory_free(WV_MEMORY_INPUT, device, sizeof *device);
}

static int32_t xtest_open(const char *name, wv_input_device **device, wv_error *error)
{
    int event, code, major, minor;
    wv_input_device *self = wv_memory_new(WV_MEMORY_INPUT, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for input");
    if (wv_display_open(&self->display, name, error) != WV_STATUS_OK) {
        xtest_close(self);
        return error->status;
    }
    if (!XTestQueryExtension(self->display.x, &event, &code, &major, &minor)) {
        xtest_close(self);
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "display \"%s\" lacks the XTEST extension",
                       name);
    }
    /* A client that grabs the server must not hold input back. */
    XTestGrabControl(self->display.x, True);
    wv_display_sync(&self->display);
    *device = self;
    return WV_STATUS_OK;
}

static int32_t status_of(const wv_input_device *device)
{
    return device->display.lost ? WV_STATUS_DISPLAY_LOST : WV_STATUS_OK;
}

static int32_t xtest_key(wv_input_device *device, uint32_t evdev_code, bool down)
{
    if (device->display.lost) return WV_STATUS_DISPLAY_LOST;
    if (evdev_code + KEYCODE_OFFSET > KEYCODE_MAX) return WV_STATUS_INVALID;
    XTestFakeKeyEvent(device->display.x, evdev_code + KEYCODE_OFFSET, down, CurrentTime);
    return status_of(device);
}

static int32_t xtest_button(wv_input_device *device, uint32_t button, bool down)
{
    if (device->display.lost) return WV_STATUS_DISPLAY_LOST;
    XTestFakeButtonEvent(device->display.x, button, down, CurrentTime);
    return status_of(device);
}

static int32_t xtest_absolute(wv_input_device *device, int32_t x, int32_t y)
{
    if (device->display.lost) return WV_STATUS_DISPLAY_LOST;
    XTestFakeMotionEvent(device->display.x, -1, x, y, CurrentTime);
    return status_of(device);
}

static int32_t xtest_relative(wv_input_device *device, int32_t dx, int32_t dy)
{
    if (device->display.lost) return WV_STATUS_DISPLAY_LOST;
    XTestFakeRelativeMotionEvent(device->display.x, dx, dy, CurrentTime);
    return status_of(device);
}

static int32_t xtest_flush(wv_input_device *device)
{
    /* Reads what the server sent (mapping notices), which would otherwise pile up. */
    while (!device->display.lost && XEventsQueued(device->display.x, QueuedAfterFlush) > 0) {
        XEvent event;
        XNextEvent(device->display.x, &event);
    }
    wv_display_forget_errors();
    return status_of(device);
}

const wv_input_ops wv_input_xtest = {
    .name = "xtest",
    .probe = probe,
    .open = xtest_open,
    .key = xtest_key,
    .button = xtest_button,
    .absolute = xtest_absolute,
    .relative = xtest_relative,
    .flush = xtest_flush,
    .close = xtest_close,
};
