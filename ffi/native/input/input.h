/*
 * Input, the way back: keys, buttons, wheel and motion into a display. Every back-end fills every
 * entry; what is held down is tracked above them, so that all of it can be released.
 */
#ifndef WV_INPUT_H
#define WV_INPUT_H

#include <stdbool.h>

#include "../common.h"

typedef struct wv_input_device wv_input_device;

typedef struct wv_input_ops {
    const char *name;
    /* Tells whether this library was built with the back-end. */
    int32_t (*probe)(wv_error *error);
    int32_t (*open)(const char *display, wv_input_device **device, wv_error *error);
    int32_t (*key)(wv_input_device *device, uint32_t evdev_code, bool down);
    int32_t (*button)(wv_input_device *device, uint32_t button, bool down);
    int32_t (*absolute)(wv_input_device *device, int32_t x, int32_t y);
    int32_t (*relative)(wv_input_device *device, int32_t dx, int32_t dy);
    /* Sends what the calls before have queued. */
    int32_t (*flush)(wv_input_device *device);
    void (*close)(wv_input_device *device);
} wv_input_ops;

extern const wv_input_ops wv_input_xtest;

#endif
