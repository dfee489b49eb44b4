/*
 * Input through XTEST on its own connection, so that it never queues behind a grab. Keycodes are
 * the evdev codes plus 8, as in every X server of Linux. X has no touch, pen or pad to give: a finger
 * or a pen moves the pointer and presses its first button.
 */
#include "xtest.h"

#include <X11/XKBlib.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>

#include "../memory.h"

#define KEYCODE_OFFSET 8
#define KEYCODE_MAX 255
#define NO_TOUCH UINT32_MAX

enum { BUTTON_LEFT = 1, BUTTON_MIDDLE = 2, BUTTON_RIGHT = 3 };
enum { WHEEL_UP = 4, WHEEL_DOWN = 5, WHEEL_LEFT = 6, WHEEL_RIGHT = 7 };

/* A device of its own type, behind the name that all back-ends share. */
struct wv_input_device {
    wv_display display;
    wv_xtest_text text;
    int32_t wheel_x, wheel_y; /* 1/120 notches not sent yet */
    uint32_t touch;           /* the finger that moves the pointer */
    wv_pen pen;
};

static int32_t probe(wv_error *error)
{
    wv_fail(error, WV_STATUS_OK, "built in");
    return WV_STATUS_OK;
}

static void xtest_close(wv_input_device *device)
{
    if (device->display.x != NULL) wv_xtest_text_end(&device->text, &device->display);
    wv_display_close(&device->display);
    wv_memory_free(WV_MEMORY_INPUT, device, sizeof *device);
}

static int32_t xtest_open(const wv_input_target *target, wv_input_device **device, wv_error *error)
{
    int event, code, major, minor;
    const char *name = target->display;
    wv_input_device *self = wv_memory_new(WV_MEMORY_INPUT, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for input");
    self->touch = NO_TOUCH;
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

static void xtest_describe(wv_input_device *device, wv_ability_report reports[WV_ABILITIES])
{
    (void)device;
    reports[WV_ABILITY_KEYBOARD].state = WV_ABILITY_FULL;
    reports[WV_ABILITY_POINTER].state = WV_ABILITY_FULL;
    reports[WV_ABILITY_TEXT].state = WV_ABILITY_FULL;
    reports[WV_ABILITY_LOCKS].state = WV_ABILITY_FULL;
    reports[WV_ABILITY_WHEEL] =
        (wv_ability_report){WV_ABILITY_EMULATED, "xtest: whole notches only"};
    reports[WV_ABILITY_TOUCH] =
        (wv_ability_report){WV_ABILITY_EMULATED, "xtest: the first finger moves the pointer"};
    reports[WV_ABILITY_PEN] =
        (wv_ability_report){WV_ABILITY_EMULATED, "xtest: the pen moves the pointer"};
    reports[WV_ABILITY_PADS] =
        (wv_ability_report){WV_ABILITY_NONE, "xtest: an X display has no gamepads"};
}

static void xtest_set_screen(wv_input_device *device, int32_t width, int32_t height)
{
    (void)device, (void)width, (void)height; /* positions are pixels already */
}

static int32_t status_of(const wv_input_device *device)
{
    return device->display.lost ? WV_STATUS_DISPLAY_LOST : WV_STATUS_OK;
}

static int32_t xtest_key(wv_input_device *device, uint32_t evdev_code, bool down)
{
    if (device->display.lost) return WV_STATUS_DISPLAY_LOST;
    if (evdev_code + KEYCODE_OFFSET > KEYCODE_MAX) return WV_STATUS_INVALID;
    /* A key without a meaning must not type what it stands for just now. */
    if (wv_xtest_is_spare(&device->text, evdev_code + KEYCODE_OFFSET)) return WV_STATUS_OK;
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

static int32_t turn(wv_input_device *device, int32_t notches, uint32_t less, uint32_t more)
{
    uint32_t button = notches > 0 ? more : less;
    for (int32_t left = notches < 0 ? -notches : notches; left > 0; left--) {
        xtest_button(device, button, true);
        xtest_button(device, button, false);
    }
    return status_of(device);
}

static int32_t xtest_wheel(wv_input_device *device, int32_t dx120, int32_t dy120)
{
    turn(device, wv_wheel_notches(&device->wheel_x, dx120), WHEEL_LEFT, WHEEL_RIGHT);
    return turn(device, wv_wheel_notches(&device->wheel_y, dy120), WHEEL_UP, WHEEL_DOWN);
}

static int32_t xtest_touch(wv_input_device *device, const wv_touch *touch)
{
    if (touch->down && device->touch == NO_TOUCH) {
        device->touch = touch->id;
        xtest_absolute(device, touch->x, touch->y);
        return xtest_button(device, BUTTON_LEFT, true);
    }
    if (touch->id != device->touch) return status_of(device);
    xtest_absolute(device, touch->x, touch->y);
    if (touch->down) return status_of(device);
    device->touch = NO_TOUCH;
    return xtest_button(device, BUTTON_LEFT, false);
}

static int32_t xtest_pen(wv_input_device *device, const wv_pen *pen)
{
    const wv_pen before = device->pen;
    device->pen = *pen;
    if (pen->near) xtest_absolute(device, pen->x, pen->y);
    if (pen->down != before.down) xtest_button(device, BUTTON_LEFT, pen->down);
    uint32_t changed = pen->buttons ^ before.buttons;
    if (changed & 1u) xtest_button(device, BUTTON_RIGHT, (pen->buttons & 1u) != 0);
    if (changed & 2u) xtest_button(device, BUTTON_MIDDLE, (pen->buttons & 2u) != 0);
    return status_of(device);
}

static int32_t xtest_pad(wv_input_device *device, uint32_t slot, bool present, uint32_t buttons)
{
    (void)device, (void)slot, (void)present, (void)buttons;
    return WV_STATUS_UNSUPPORTED;
}

static int32_t xtest_pad_axis(wv_input_device *device, uint32_t slot, uint32_t axis, int32_t value)
{
    (void)device, (void)slot, (void)axis, (void)value;
    return WV_STATUS_UNSUPPORTED;
}

static int32_t xtest_take_rumbles(wv_input_device *device, wv_rumble_data *rumbles,
                                  uint32_t capacity)
{
    (void)device, (void)rumbles, (void)capacity;
    return 0;
}

static int32_t xtest_text(wv_input_device *device, uint32_t code_point)
{
    return wv_xtest_type(&device->text, &device->display, code_point);
}

static int32_t xtest_locks(wv_input_device *device, uint32_t on, uint32_t known)
{
    static const KeySym SYMBOLS[] = {XK_Caps_Lock, XK_Num_Lock, XK_Scroll_Lock};
    Display *x = device->display.x;
    unsigned wanted = 0, affected = 0;
    XkbStateRec state = {0};
    if (device->display.lost) return WV_STATUS_DISPLAY_LOST;
    for (unsigned lock = 0; lock < sizeof SYMBOLS / sizeof *SYMBOLS; lock++) {
        if (!(known & (1u << lock))) continue;
        /* A layout without such a key has made something else of it. */
        unsigned mask = XkbKeysymToModifiers(x, SYMBOLS[lock]);
        affected |= mask;
        if (on & (1u << lock)) wanted |= mask;
    }
    if (device->display.lost || XkbGetState(x, XkbUseCoreKbd, &state) != Success) {
        return status_of(device) == WV_STATUS_OK ? WV_STATUS_FAILED : WV_STATUS_DISPLAY_LOST;
    }
    if ((state.locked_mods & affected) != wanted) {
        XkbLockModifiers(x, XkbUseCoreKbd, affected, wanted);
    }
    return status_of(device);
}

static int32_t xtest_flush(wv_input_device *device)
{
    /* Reads what the server sent (mapping notices), which would otherwise pile up. */
    while (!device->display.lost && XEventsQueued(device->display.x, QueuedAfterFlush) > 0) {
        XEvent event;
        XNextEvent(device->display.x, &event);
        if (event.type != MappingNotify) continue;
        XRefreshKeyboardMapping(&event.xmapping);
        wv_xtest_text_changed(&device->text);
    }
    wv_display_forget_errors();
    return status_of(device);
}

const wv_input_ops wv_input_xtest = {
    .name = "xtest",
    .probe = probe,
    .open = xtest_open,
    .describe = xtest_describe,
    .set_screen = xtest_set_screen,
    .key = xtest_key,
    .button = xtest_button,
    .absolute = xtest_absolute,
    .relative = xtest_relative,
    .wheel = xtest_wheel,
    .touch = xtest_touch,
    .pen = xtest_pen,
    .pad = xtest_pad,
    .pad_axis = xtest_pad_axis,
    .text = xtest_text,
    .locks = xtest_locks,
    .take_rumbles = xtest_take_rumbles,
    .flush = xtest_flush,
    .close = xtest_close,
};
