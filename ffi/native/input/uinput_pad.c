/*
 * Gamepad of the kernel. A program that stores an effect waits until it is answered here; playing one
 * is only told. Names and numbers are those of the wired pad of 2005, whose mapping no game lacks.
 */
#include "uinput_pad.h"

#include <linux/uinput.h>
#include <sys/ioctl.h>

#define STICK_MAX 32767
#define TRIGGER_MAX 255
#define STICK_FUZZ 16
#define STICK_FLAT 128
#define GAIN_MAX 0xffffu
#define DURATION_MAX 0xffffu

static const wv_uinput_range KEYS[] = {
    {BTN_SOUTH, BTN_EAST}, {BTN_NORTH, BTN_WEST},    {BTN_TL, BTN_TR},
    {BTN_SELECT, BTN_MODE}, {BTN_THUMBL, BTN_THUMBR},
};

static const wv_uinput_axis AXES[] = {
    {ABS_X, -STICK_MAX - 1, STICK_MAX, 0, STICK_FUZZ, STICK_FLAT},
    {ABS_Y, -STICK_MAX - 1, STICK_MAX, 0, STICK_FUZZ, STICK_FLAT},
    {ABS_RX, -STICK_MAX - 1, STICK_MAX, 0, STICK_FUZZ, STICK_FLAT},
    {ABS_RY, -STICK_MAX - 1, STICK_MAX, 0, STICK_FUZZ, STICK_FLAT},
    {ABS_Z, 0, TRIGGER_MAX, 0, 0, 0},
    {ABS_RZ, 0, TRIGGER_MAX, 0, 0, 0},
    {ABS_HAT0X, -1, 1, 0, 0, 0},
    {ABS_HAT0Y, -1, 1, 0, 0, 0},
};

static const wv_uinput_spec SPEC = {
    .name = "Microsoft X-Box 360 pad",
    .bus = BUS_USB,
    .vendor = 0x045e,
    .product = 0x028e,
    .version = 0x0110,
    .keys = KEYS,
    .key_ranges = sizeof KEYS / sizeof *KEYS,
    .axes = AXES,
    .axis_count = sizeof AXES / sizeof *AXES,
    .effects = WV_PAD_EFFECTS,
    .property = -1,
};

/*
 * By wv_pad_button; 0 is none: the triggers are axes, the cross is a hat. The left button is BTN_X and
 * the upper one BTN_Y, as the driver of the real pad has it, whatever their other names say.
 */
static const uint16_t BUTTONS[WV_PAD_BUTTONS] = {
    [WV_PAD_SOUTH] = BTN_A,          [WV_PAD_EAST] = BTN_B,
    [WV_PAD_WEST] = BTN_X,           [WV_PAD_NORTH] = BTN_Y,
    [WV_PAD_LEFT_SHOULDER] = BTN_TL, [WV_PAD_RIGHT_SHOULDER] = BTN_TR,
    [WV_PAD_SELECT] = BTN_SELECT,    [WV_PAD_START] = BTN_START,
    [WV_PAD_LEFT_STICK] = BTN_THUMBL, [WV_PAD_RIGHT_STICK] = BTN_THUMBR,
    [WV_PAD_GUIDE] = BTN_MODE,
};

static const uint16_t AXIS_CODES[WV_PAD_AXES] = {ABS_X, ABS_Y, ABS_RX, ABS_RY, ABS_Z, ABS_RZ};

int32_t wv_uinput_pad_open(wv_uinput_pad *pad, wv_error *error)
{
    pad->buttons = 0;
    pad->gain = GAIN_MAX;
    return wv_uinput_open(&pad->node, &SPEC, error);
}

static bool is_down(uint32_t buttons, uint32_t button)
{
    return (buttons >> button & 1u) != 0;
}

static void put_hat(wv_uinput_pad *pad, uint32_t buttons, uint16_t code, uint32_t less,
                    uint32_t more)
{
    int before = is_down(pad->buttons, more) - is_down(pad->buttons, less);
    int after = is_down(buttons, more) - is_down(buttons, less);
    if (before != after) wv_uinput_put(&pad->node, EV_ABS, code, after);
}

int32_t wv_uinput_pad_buttons(wv_uinput_pad *pad, uint32_t buttons)
{
    uint32_t changed = pad->buttons ^ buttons;
    for (uint32_t button = 0; button < WV_PAD_BUTTONS; button++) {
        if (!is_down(changed, button) || BUTTONS[button] == 0) continue;
        wv_uinput_put(&pad->node, EV_KEY, BUTTONS[button], is_down(buttons, button));
    }
    put_hat(pad, buttons, ABS_HAT0X, WV_PAD_LEFT, WV_PAD_RIGHT);
    put_hat(pad, buttons, ABS_HAT0Y, WV_PAD_UP, WV_PAD_DOWN);
    pad->buttons = buttons;
    return wv_uinput_report(&pad->node);
}

int32_t wv_uinput_pad_axis(wv_uinput_pad *pad, uint32_t axis, int32_t value)
{
    bool is_trigger = axis >= WV_PAD_LEFT_TRIGGER_AXIS;
    int32_t scaled = is_trigger ? value * TRIGGER_MAX / WV_PAD_SCALE : value;
    wv_uinput_put(&pad->node, EV_ABS, AXIS_CODES[axis], scaled);
    return wv_uinput_report(&pad->node);
}

static void store(wv_uinput_pad *pad, uint32_t request)
{
    struct uinput_ff_upload upload = {.request_id = request};
    if (ioctl(pad->node.fd, UI_BEGIN_FF_UPLOAD, &upload) != 0) return;
    const struct ff_effect *effect = &upload.effect;
    bool fits = effect->id >= 0 && effect->id < WV_PAD_EFFECTS && effect->type == FF_RUMBLE;
    if (fits) {
        pad->effects[effect->id] = (wv_uinput_effect){
            effect->u.rumble.strong_magnitude,
            effect->u.rumble.weak_magnitude,
            effect->replay.length,
        };
    }
    upload.retval = fits ? 0 : -1;
    ioctl(pad->node.fd, UI_END_FF_UPLOAD, &upload);
}

static void forget(wv_uinput_pad *pad, uint32_t request)
{
    struct uinput_ff_erase erase = {.request_id = request};
    if (ioctl(pad->node.fd, UI_BEGIN_FF_ERASE, &erase) != 0) return;
    if (erase.effect_id < WV_PAD_EFFECTS) {
        pad->effects[erase.effect_id] = (wv_uinput_effect){0, 0, 0};
    }
    erase.retval = 0;
    ioctl(pad->node.fd, UI_END_FF_ERASE, &erase);
}

/* `plays` 0 ends the effect. */
static wv_rumble_data play(const wv_uinput_pad *pad, uint32_t slot, uint32_t effect, int32_t plays)
{
    const wv_uinput_effect *stored = &pad->effects[effect];
    if (plays <= 0) return (wv_rumble_data){slot, 0, 0, 0};
    /* A length of 0 lasts until it is ended. */
    uint64_t duration = stored->duration_ms == 0 ? DURATION_MAX
                                                 : (uint64_t)stored->duration_ms * (uint32_t)plays;
    return (wv_rumble_data){
        .slot = slot,
        .strong = stored->strong * pad->gain / GAIN_MAX,
        .weak = stored->weak * pad->gain / GAIN_MAX,
        .duration_ms = duration > DURATION_MAX ? DURATION_MAX : (uint32_t)duration,
    };
}

uint32_t wv_uinput_pad_take(wv_uinput_pad *pad, uint32_t slot, wv_rumble_data *rumbles,
                            uint32_t capacity)
{
    struct input_event event;
    uint32_t count = 0;
    while (count < capacity && wv_uinput_take(&pad->node, &event)) {
        if (event.type == EV_UINPUT && event.code == UI_FF_UPLOAD) {
            store(pad, (uint32_t)event.value);
        } else if (event.type == EV_UINPUT && event.code == UI_FF_ERASE) {
            forget(pad, (uint32_t)event.value);
        } else if (event.type == EV_FF && event.code == FF_GAIN) {
            pad->gain = (uint32_t)wv_clamp(event.value, 0, GAIN_MAX);
        } else if (event.type == EV_FF && event.code < WV_PAD_EFFECTS) {
            rumbles[count++] = play(pad, slot, event.code, event.value);
        }
    }
    return count;
}

void wv_uinput_pad_close(wv_uinput_pad *pad)
{
    wv_uinput_close(&pad->node);
}
