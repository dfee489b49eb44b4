/*
 * Input through devices of the kernel, for whoever reads them: an X server or compositor that drives
 * real hardware, and games, which read gamepads themselves. On a virtual display they reach nobody,
 * or somebody else's screen, so only pads are offered there. Pads, touch screen and pen appear when
 * they are first used.
 */
#include <errno.h>
#include <linux/input.h>
#include <string.h>
#include <unistd.h>

#include "../memory.h"
#include "../x11_display.h"
#include "input.h"
#include "uinput_node.h"
#include "uinput_pad.h"

#define POSITION_MAX 65535
#define PRESSURE_MAX 4095
#define TILT_MAX 90
/* Units a millimetre and a radian: a screen has no true size here, but readers want one. */
#define POSITION_RESOLUTION 200
#define TILT_RESOLUTION 57
#define KEYBOARD_LAST 247
#define VENDOR 0x1209 /* the one for open projects */

#define COUNT(list) (sizeof(list) / sizeof *(list))

struct wv_input_device {
    int32_t width, height;
    bool is_all; /* the display takes everything, not pads alone */
    bool has_touch, has_pen;
    wv_uinput_node keyboard, mouse, tablet, screen, pen;
    wv_uinput_pad pads[WV_PADS];
    uint32_t lights;          /* lock keys as the display shows them, bits as in locks() */
    int32_t wheel_x, wheel_y; /* 1/120 notches without a whole one yet */
    uint32_t touches;         /* fingers that are down, by bit */
    int32_t next_touch;
    wv_pen pen_state;
};

static const wv_uinput_range KEYBOARD_KEYS[] = {{KEY_ESC, KEYBOARD_LAST}};
static const wv_uinput_spec KEYBOARD = {
    .name = "Wavry keyboard", .bus = BUS_VIRTUAL, .vendor = VENDOR, .product = 1, .version = 1,
    .keys = KEYBOARD_KEYS, .key_ranges = COUNT(KEYBOARD_KEYS),
    .property = -1, .has_lights = true, .has_repeat = true,
};

static const wv_uinput_range MOUSE_KEYS[] = {{BTN_LEFT, BTN_TASK}};
static const uint16_t MOUSE_RELATIVES[] = {
    REL_X, REL_Y, REL_WHEEL, REL_HWHEEL, REL_WHEEL_HI_RES, REL_HWHEEL_HI_RES,
};
static const wv_uinput_spec MOUSE = {
    .name = "Wavry mouse", .bus = BUS_VIRTUAL, .vendor = VENDOR, .product = 2, .version = 1,
    .keys = MOUSE_KEYS, .key_ranges = COUNT(MOUSE_KEYS),
    .relatives = MOUSE_RELATIVES, .relative_count = COUNT(MOUSE_RELATIVES),
    .property = INPUT_PROP_POINTER,
};

static const wv_uinput_range TABLET_KEYS[] = {{BTN_LEFT, BTN_MIDDLE}};
static const wv_uinput_axis TABLET_AXES[] = {
    {ABS_X, 0, POSITION_MAX, POSITION_RESOLUTION, 0, 0},
    {ABS_Y, 0, POSITION_MAX, POSITION_RESOLUTION, 0, 0},
};
static const wv_uinput_spec TABLET = {
    .name = "Wavry absolute pointer", .bus = BUS_VIRTUAL, .vendor = VENDOR, .product = 3,
    .version = 1, .keys = TABLET_KEYS, .key_ranges = COUNT(TABLET_KEYS),
    .axes = TABLET_AXES, .axis_count = COUNT(TABLET_AXES), .property = INPUT_PROP_POINTER,
};

static const wv_uinput_range SCREEN_KEYS[] = {{BTN_TOUCH, BTN_TOUCH}};
static const wv_uinput_axis SCREEN_AXES[] = {
    {ABS_X, 0, POSITION_MAX, POSITION_RESOLUTION, 0, 0},
    {ABS_Y, 0, POSITION_MAX, POSITION_RESOLUTION, 0, 0},
    {ABS_PRESSURE, 0, PRESSURE_MAX, 0, 0, 0},
    {ABS_MT_SLOT, 0, WV_TOUCHES - 1, 0, 0, 0},
    {ABS_MT_TRACKING_ID, 0, POSITION_MAX, 0, 0, 0},
    {ABS_MT_POSITION_X, 0, POSITION_MAX, POSITION_RESOLUTION, 0, 0},
    {ABS_MT_POSITION_Y, 0, POSITION_MAX, POSITION_RESOLUTION, 0, 0},
    {ABS_MT_PRESSURE, 0, PRESSURE_MAX, 0, 0, 0},
    {ABS_MT_TOOL_TYPE, 0, MT_TOOL_PALM, 0, 0, 0},
};
static const wv_uinput_spec SCREEN = {
    .name = "Wavry touch screen", .bus = BUS_VIRTUAL, .vendor = VENDOR, .product = 4,
    .version = 1, .keys = SCREEN_KEYS, .key_ranges = COUNT(SCREEN_KEYS),
    .axes = SCREEN_AXES, .axis_count = COUNT(SCREEN_AXES), .property = INPUT_PROP_DIRECT,
};

static const wv_uinput_range PEN_KEYS[] = {
    {BTN_TOOL_PEN, BTN_TOOL_RUBBER}, {BTN_TOUCH, BTN_STYLUS2},
};
static const wv_uinput_axis PEN_AXES[] = {
    {ABS_X, 0, POSITION_MAX, POSITION_RESOLUTION, 0, 0},
    {ABS_Y, 0, POSITION_MAX, POSITION_RESOLUTION, 0, 0},
    {ABS_PRESSURE, 0, PRESSURE_MAX, 0, 0, 0},
    {ABS_TILT_X, -TILT_MAX, TILT_MAX, TILT_RESOLUTION, 0, 0},
    {ABS_TILT_Y, -TILT_MAX, TILT_MAX, TILT_RESOLUTION, 0, 0},
};
static const wv_uinput_spec PEN = {
    .name = "Wavry pen", .bus = BUS_VIRTUAL, .vendor = VENDOR, .product = 5, .version = 1,
    .keys = PEN_KEYS, .key_ranges = COUNT(PEN_KEYS),
    .axes = PEN_AXES, .axis_count = COUNT(PEN_AXES), .property = INPUT_PROP_DIRECT,
};

static int32_t uinput_probe(wv_error *error)
{
    if (access(WV_UINPUT_PATH, R_OK | W_OK) == 0) return wv_fail(error, WV_STATUS_OK, WV_UINPUT_PATH);
    return wv_fail(error, WV_STATUS_UNAVAILABLE, "%s: %s", WV_UINPUT_PATH, strerror(errno));
}

static void uinput_close(wv_input_device *device)
{
    wv_uinput_close(&device->keyboard);
    wv_uinput_close(&device->mouse);
    wv_uinput_close(&device->tablet);
    wv_uinput_close(&device->screen);
    wv_uinput_close(&device->pen);
    for (size_t slot = 0; slot < WV_PADS; slot++) wv_uinput_pad_close(&device->pads[slot]);
    wv_memory_free(WV_MEMORY_INPUT, device, sizeof *device);
}

/* Only a server with a graphics card reads devices of the kernel. */
static bool takes_kernel_devices(const char *name)
{
    wv_display display;
    wv_error error;
    int opcode, event, code;
    if (wv_display_open(&display, name, &error) != WV_STATUS_OK) return false;
    bool takes = XQueryExtension(display.x, "XFree86-VidModeExtension", &opcode, &event, &code);
    wv_display_close(&display);
    return takes;
}

static int32_t uinput_open(const wv_input_target *target, wv_input_device **device, wv_error *error)
{
    if (uinput_probe(error) != WV_STATUS_OK) return error->status;
    wv_input_device *self = wv_memory_new(WV_MEMORY_INPUT, sizeof *self);
    if (self == NULL) return wv_fail(error, WV_STATUS_OUT_OF_MEMORY, "no memory for input");
    self->keyboard.fd = self->mouse.fd = self->tablet.fd = self->screen.fd = self->pen.fd = -1;
    for (size_t slot = 0; slot < WV_PADS; slot++) self->pads[slot].node.fd = -1;
    self->width = target->width;
    self->height = target->height;
    self->is_all = target->is_only || takes_kernel_devices(target->display);
    if (self->is_all && (wv_uinput_open(&self->keyboard, &KEYBOARD, error) != WV_STATUS_OK ||
                         wv_uinput_open(&self->mouse, &MOUSE, error) != WV_STATUS_OK ||
                         wv_uinput_open(&self->tablet, &TABLET, error) != WV_STATUS_OK)) {
        uinput_close(self);
        return error->status;
    }
    *device = self;
    return WV_STATUS_OK;
}

static void uinput_describe(wv_input_device *device, wv_ability_report reports[WV_ABILITIES])
{
    for (size_t ability = 0; ability < WV_ABILITIES; ability++) {
        reports[ability] = (wv_ability_report){WV_ABILITY_FULL, ""};
        if (device->is_all || ability == WV_ABILITY_PADS) continue;
        reports[ability] = (wv_ability_report){
            WV_ABILITY_NONE, "uinput: this display does not read devices of the kernel"};
    }
    reports[WV_ABILITY_TEXT] = (wv_ability_report){
        WV_ABILITY_NONE, "uinput: a keyboard has only the characters of its layout"};
}

static void uinput_set_screen(wv_input_device *device, int32_t width, int32_t height)
{
    device->width = width;
    device->height = height;
}

static int32_t uinput_key(wv_input_device *device, uint32_t evdev_code, bool down)
{
    wv_uinput_put(&device->keyboard, EV_KEY, (uint16_t)evdev_code, down);
    return wv_uinput_report(&device->keyboard);
}

static int32_t uinput_button(wv_input_device *device, uint32_t button, bool down)
{
    /* X's numbers; 4 to 7 are the wheel there. */
    static const uint16_t CODES[] = {0, BTN_LEFT, BTN_MIDDLE, BTN_RIGHT, 0, 0, 0, 0,
                                     BTN_SIDE, BTN_EXTRA};
    if (button >= COUNT(CODES) || CODES[button] == 0) return WV_STATUS_INVALID;
    wv_uinput_put(&device->mouse, EV_KEY, CODES[button], down);
    return wv_uinput_report(&device->mouse);
}

static int32_t scale(int32_t pixel, int32_t pixels)
{
    if (pixels < 2) return 0;
    int64_t scaled = ((int64_t)pixel * POSITION_MAX + (pixels - 1) / 2) / (pixels - 1);
    return scaled < 0 ? 0 : scaled > POSITION_MAX ? POSITION_MAX : (int32_t)scaled;
}

static int32_t uinput_absolute(wv_input_device *device, int32_t x, int32_t y)
{
    wv_uinput_put(&device->tablet, EV_ABS, ABS_X, scale(x, device->width));
    wv_uinput_put(&device->tablet, EV_ABS, ABS_Y, scale(y, device->height));
    return wv_uinput_report(&device->tablet);
}

static int32_t uinput_relative(wv_input_device *device, int32_t dx, int32_t dy)
{
    if (dx != 0) wv_uinput_put(&device->mouse, EV_REL, REL_X, dx);
    if (dy != 0) wv_uinput_put(&device->mouse, EV_REL, REL_Y, dy);
    return wv_uinput_report(&device->mouse);
}

static int32_t uinput_wheel(wv_input_device *device, int32_t dx120, int32_t dy120)
{
    wv_uinput_node *mouse = &device->mouse;
    /* The kernel counts up and right as positive. */
    if (dy120 != 0) wv_uinput_put(mouse, EV_REL, REL_WHEEL_HI_RES, -dy120);
    if (dx120 != 0) wv_uinput_put(mouse, EV_REL, REL_HWHEEL_HI_RES, dx120);
    int32_t down = wv_wheel_notches(&device->wheel_y, dy120);
    int32_t right = wv_wheel_notches(&device->wheel_x, dx120);
    if (down != 0) wv_uinput_put(mouse, EV_REL, REL_WHEEL, -down);
    if (right != 0) wv_uinput_put(mouse, EV_REL, REL_HWHEEL, right);
    return wv_uinput_report(mouse);
}

/* Makes a device on its first use. */
static int32_t need(wv_uinput_node *node, const wv_uinput_spec *spec)
{
    wv_error error;
    return node->fd >= 0 ? WV_STATUS_OK : wv_uinput_open(node, spec, &error);
}

static void put_place(wv_uinput_node *node, int32_t x, int32_t y, uint32_t pressure)
{
    wv_uinput_put(node, EV_ABS, ABS_X, x);
    wv_uinput_put(node, EV_ABS, ABS_Y, y);
    wv_uinput_put(node, EV_ABS, ABS_PRESSURE, (int32_t)pressure);
}

static int32_t uinput_touch(wv_input_device *device, const wv_touch *touch)
{
    wv_uinput_node *screen = &device->screen;
    int32_t status = need(screen, &SCREEN);
    if (status != WV_STATUS_OK) return status;
    uint32_t before = device->touches, bit = 1u << touch->id;
    int32_t x = scale(touch->x, device->width), y = scale(touch->y, device->height);
    wv_uinput_put(screen, EV_ABS, ABS_MT_SLOT, (int32_t)touch->id);
    if (touch->down) {
        device->touches |= bit;
        if (!(before & bit)) {
            wv_uinput_put(screen, EV_ABS, ABS_MT_TRACKING_ID, device->next_touch);
            wv_uinput_put(screen, EV_ABS, ABS_MT_TOOL_TYPE, MT_TOOL_FINGER);
            device->next_touch = (device->next_touch + 1) & POSITION_MAX;
        }
        wv_uinput_put(screen, EV_ABS, ABS_MT_POSITION_X, x);
        wv_uinput_put(screen, EV_ABS, ABS_MT_POSITION_Y, y);
        wv_uinput_put(screen, EV_ABS, ABS_MT_PRESSURE, (int32_t)touch->pressure);
    } else {
        device->touches &= ~bit;
        /* What becomes a palm was no touch. */
        if (touch->cancelled) {
            wv_uinput_put(screen, EV_ABS, ABS_MT_TOOL_TYPE, MT_TOOL_PALM);
            status = wv_uinput_report(screen);
        }
        wv_uinput_put(screen, EV_ABS, ABS_MT_TRACKING_ID, -1);
    }
    if ((before == 0) != (device->touches == 0)) {
        wv_uinput_put(screen, EV_KEY, BTN_TOUCH, device->touches != 0);
    }
    /* For readers of one finger: the lowest one that is down. */
    if (touch->down && (device->touches & (bit - 1)) == 0) {
        put_place(screen, x, y, touch->pressure);
    }
    int32_t last = wv_uinput_report(screen);
    return status == WV_STATUS_OK ? last : status;
}

static int32_t uinput_pen(wv_input_device *device, const wv_pen *pen)
{
    wv_uinput_node *node = &device->pen;
    int32_t status = need(node, &PEN);
    if (status != WV_STATUS_OK) return status;
    const wv_pen before = device->pen_state;
    uint16_t tool = pen->eraser ? BTN_TOOL_RUBBER : BTN_TOOL_PEN;
    uint16_t tool_before = before.eraser ? BTN_TOOL_RUBBER : BTN_TOOL_PEN;
    if (pen->near) {
        put_place(node, scale(pen->x, device->width), scale(pen->y, device->height),
                  pen->down ? pen->pressure : 0);
        wv_uinput_put(node, EV_ABS, ABS_TILT_X, pen->tilt_x);
        wv_uinput_put(node, EV_ABS, ABS_TILT_Y, pen->tilt_y);
    } else {
        wv_uinput_put(node, EV_ABS, ABS_PRESSURE, 0);
    }
    if (before.near && (!pen->near || tool != tool_before)) {
        wv_uinput_put(node, EV_KEY, tool_before, 0);
    }
    if (pen->near && (!before.near || tool != tool_before)) wv_uinput_put(node, EV_KEY, tool, 1);
    if (pen->down != before.down) wv_uinput_put(node, EV_KEY, BTN_TOUCH, pen->down);
    uint32_t changed = pen->buttons ^ before.buttons;
    if (changed & 1u) wv_uinput_put(node, EV_KEY, BTN_STYLUS, (pen->buttons & 1u) != 0);
    if (changed & 2u) wv_uinput_put(node, EV_KEY, BTN_STYLUS2, (pen->buttons & 2u) != 0);
    device->pen_state = *pen;
    return wv_uinput_report(node);
}

static int32_t uinput_pad(wv_input_device *device, uint32_t slot, bool present, uint32_t buttons)
{
    wv_uinput_pad *pad = &device->pads[slot];
    wv_error error;
    if (!present) {
        wv_uinput_pad_close(pad);
        return WV_STATUS_OK;
    }
    if (pad->node.fd < 0 && wv_uinput_pad_open(pad, &error) != WV_STATUS_OK) return error.status;
    return wv_uinput_pad_buttons(pad, buttons);
}

static int32_t uinput_pad_axis(wv_input_device *device, uint32_t slot, uint32_t axis, int32_t value)
{
    wv_uinput_pad *pad = &device->pads[slot];
    return pad->node.fd < 0 ? WV_STATUS_OK : wv_uinput_pad_axis(pad, axis, value);
}

static int32_t uinput_text(wv_input_device *device, uint32_t code_point)
{
    (void)device, (void)code_point;
    return WV_STATUS_UNSUPPORTED;
}

/* What the display shows: it sets the lights of every keyboard. */
static void read_lights(wv_input_device *device)
{
    struct input_event event;
    while (wv_uinput_take(&device->keyboard, &event)) {
        if (event.type != EV_LED) continue;
        uint32_t bit = event.code == LED_CAPSL     ? 1
                       : event.code == LED_NUML    ? 2
                       : event.code == LED_SCROLLL ? 4
                                                   : 0;
        device->lights = event.value ? device->lights | bit : device->lights & ~bit;
    }
}

static int32_t uinput_locks(wv_input_device *device, uint32_t on, uint32_t known)
{
    static const uint16_t CODES[] = {KEY_CAPSLOCK, KEY_NUMLOCK, KEY_SCROLLLOCK};
    int32_t status = WV_STATUS_OK;
    read_lights(device);
    uint32_t changed = (device->lights ^ on) & known;
    for (uint32_t lock = 0; lock < COUNT(CODES) && status == WV_STATUS_OK; lock++) {
        if (!(changed >> lock & 1u)) continue;
        status = uinput_key(device, CODES[lock], true);
        if (status == WV_STATUS_OK) status = uinput_key(device, CODES[lock], false);
    }
    /* Until the display says otherwise: a second call must not turn them back. */
    device->lights ^= changed;
    return status;
}

static int32_t uinput_take_rumbles(wv_input_device *device, wv_rumble_data *rumbles,
                                   uint32_t capacity)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < WV_PADS; slot++) {
        count += wv_uinput_pad_take(&device->pads[slot], slot, rumbles + count, capacity - count);
    }
    return (int32_t)count;
}

static int32_t uinput_flush(wv_input_device *device)
{
    /* Lights pile up otherwise. */
    read_lights(device);
    return WV_STATUS_OK;
}

const wv_input_ops wv_input_uinput = {
    .name = "uinput",
    .probe = uinput_probe,
    .open = uinput_open,
    .describe = uinput_describe,
    .set_screen = uinput_set_screen,
    .key = uinput_key,
    .button = uinput_button,
    .absolute = uinput_absolute,
    .relative = uinput_relative,
    .wheel = uinput_wheel,
    .touch = uinput_touch,
    .pen = uinput_pen,
    .pad = uinput_pad,
    .pad_axis = uinput_pad_axis,
    .text = uinput_text,
    .locks = uinput_locks,
    .take_rumbles = uinput_take_rumbles,
    .flush = uinput_flush,
    .close = uinput_close,
};
