/*
 * Input, the way back: what hands do, into a display or into devices of the kernel. Every back-end
 * fills every entry; one that cannot do a thing says WV_STATUS_UNSUPPORTED. What is held down is
 * tracked above them, so that all of it can be released.
 */
#ifndef WV_INPUT_H
#define WV_INPUT_H

#include <stdbool.h>

#include "../common.h"

#define WV_TOUCHES 10
#define WV_PADS 4
#define WV_PAD_AXES 6
#define WV_WHEEL_NOTCH 120
/* Full deflection of a stick and a trigger pressed home. */
#define WV_PAD_SCALE 32767

typedef struct wv_input_device wv_input_device;

/* Order as in input.c and src/wire/input_messages.ts. */
enum wv_ability {
    WV_ABILITY_KEYBOARD,
    WV_ABILITY_POINTER,
    WV_ABILITY_WHEEL,
    WV_ABILITY_TOUCH,
    WV_ABILITY_PEN,
    WV_ABILITY_PADS,
    WV_ABILITY_TEXT,
    WV_ABILITY_LOCKS,
    WV_ABILITIES,
};

enum wv_ability_state { WV_ABILITY_NONE, WV_ABILITY_EMULATED, WV_ABILITY_FULL };

typedef struct wv_ability_report {
    enum wv_ability_state state;
    char reason[160]; /* why it is not full */
} wv_ability_report;

/* Order of buttons in wv_input_pad: the standard layout of the Gamepad API. */
enum wv_pad_button {
    WV_PAD_SOUTH, WV_PAD_EAST, WV_PAD_WEST, WV_PAD_NORTH,
    WV_PAD_LEFT_SHOULDER, WV_PAD_RIGHT_SHOULDER, WV_PAD_LEFT_TRIGGER, WV_PAD_RIGHT_TRIGGER,
    WV_PAD_SELECT, WV_PAD_START, WV_PAD_LEFT_STICK, WV_PAD_RIGHT_STICK,
    WV_PAD_UP, WV_PAD_DOWN, WV_PAD_LEFT, WV_PAD_RIGHT, WV_PAD_GUIDE,
    WV_PAD_BUTTONS,
};

enum wv_pad_axis {
    WV_PAD_LEFT_X, WV_PAD_LEFT_Y, WV_PAD_RIGHT_X, WV_PAD_RIGHT_Y,
    WV_PAD_LEFT_TRIGGER_AXIS, WV_PAD_RIGHT_TRIGGER_AXIS,
};

typedef struct wv_touch {
    uint32_t id;      /* below WV_TOUCHES */
    bool down;        /* false: lifted */
    bool cancelled;   /* with down false: it means nothing */
    int32_t x, y;     /* pixels of the screen */
    uint32_t pressure; /* 0 to 4095 */
} wv_touch;

typedef struct wv_pen {
    bool near, down, eraser;
    uint32_t buttons; /* bit 0 the lower one, bit 1 the upper one */
    int32_t x, y;
    uint32_t pressure;       /* 0 to 4095 */
    int32_t tilt_x, tilt_y;  /* degrees */
} wv_pen;

typedef struct wv_input_target {
    const char *display;
    int32_t width, height; /* of the screen, which absolute devices of the kernel need */
    bool is_only;          /* no other back-end is to do anything */
} wv_input_target;

typedef struct wv_input_ops {
    const char *name;
    /* Tells whether this machine has what the back-end needs. */
    int32_t (*probe)(wv_error *error);
    int32_t (*open)(const wv_input_target *target, wv_input_device **device, wv_error *error);
    /* What it can do on this display. */
    void (*describe)(wv_input_device *device, wv_ability_report reports[WV_ABILITIES]);
    void (*set_screen)(wv_input_device *device, int32_t width, int32_t height);
    int32_t (*key)(wv_input_device *device, uint32_t evdev_code, bool down);
    int32_t (*button)(wv_input_device *device, uint32_t button, bool down);
    int32_t (*absolute)(wv_input_device *device, int32_t x, int32_t y);
    int32_t (*relative)(wv_input_device *device, int32_t dx, int32_t dy);
    /* 1/120 notches, right and down positive. */
    int32_t (*wheel)(wv_input_device *device, int32_t dx120, int32_t dy120);
    int32_t (*touch)(wv_input_device *device, const wv_touch *touch);
    int32_t (*pen)(wv_input_device *device, const wv_pen *pen);
    /* Plugs a pad in or out and sets all its buttons. */
    int32_t (*pad)(wv_input_device *device, uint32_t slot, bool present, uint32_t buttons);
    int32_t (*pad_axis)(wv_input_device *device, uint32_t slot, uint32_t axis, int32_t value);
    /* Types a character; positive: not yet, ask again after so many microseconds. */
    int32_t (*text)(wv_input_device *device, uint32_t code_point);
    /* Bits 0 to 2 are Caps, Num and Scroll Lock; those not in known stay as they are. */
    int32_t (*locks)(wv_input_device *device, uint32_t on, uint32_t known);
    /* What programs ask of pads since the last call; gives how many. Never waits. */
    int32_t (*take_rumbles)(wv_input_device *device, wv_rumble_data *rumbles, uint32_t capacity);
    /* Sends what the calls before have queued. */
    int32_t (*flush)(wv_input_device *device);
    void (*close)(wv_input_device *device);
} wv_input_ops;

extern const wv_input_ops wv_input_xtest, wv_input_uinput;

#define WV_INPUTS 2
extern const wv_input_ops *const WV_INPUT_CANDIDATES[WV_INPUTS];

/* Parts of wheel notches until they are whole; gives the whole ones. */
int32_t wv_wheel_notches(int32_t *rest, int32_t parts);

static inline int32_t wv_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
