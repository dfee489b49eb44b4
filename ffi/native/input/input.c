/*
 * Input handle: checks what comes from a viewer, remembers what is held, and turns parts of wheel
 * notches into whole ones. One thread at a time.
 */
#include "input.h"

#include <string.h>

#include "../memory.h"

#define CODE_MAX 247u /* the highest evdev code with an X keycode */
#define BUTTON_MAX 9u
#define NOTCH 120
#define NOTCHES_MAX 20 /* at once; more is a broken device or a hostile peer */
#define COORDINATE_MAX 32767 /* what the X protocol carries */

enum { WHEEL_UP = 4, WHEEL_DOWN = 5, WHEEL_LEFT = 6, WHEEL_RIGHT = 7 };

struct wv_input {
    const wv_input_ops *ops;
    wv_input_device *device;
    bool keys[CODE_MAX + 1];
    bool buttons[BUTTON_MAX + 1];
    int32_t wheel_x, wheel_y; /* 1/120 notches not sent yet */
};

wv_input *wv_input_open(const uint8_t *display, char *error_text, uint32_t error_bytes)
{
    wv_error error = {.status = WV_STATUS_INVALID, .text = "no display was named"};
    wv_input *input = wv_memory_new(WV_MEMORY_INPUT, sizeof *input);
    if (input != NULL && display != NULL) {
        input->ops = &wv_input_xtest;
        if (input->ops->open((const char *)display, &input->device, &error) == WV_STATUS_OK) {
            return input;
        }
    }
    wv_memory_free(WV_MEMORY_INPUT, input, sizeof *input);
    if (error_text != NULL) snprintf(error_text, error_bytes, "%d %s", error.status, error.text);
    return NULL;
}

int32_t wv_input_key(wv_input *input, uint32_t code, uint8_t down)
{
    if (input == NULL || code == 0 || code > CODE_MAX) return WV_STATUS_INVALID;
    int32_t status = input->ops->key(input->device, code, down != 0);
    if (status != WV_STATUS_OK) return status;
    input->keys[code] = down != 0;
    return input->ops->flush(input->device);
}

static int32_t clamp(int32_t value, int32_t limit)
{
    return value < -limit ? -limit : value > limit ? limit : value;
}

int32_t wv_input_pointer_absolute(wv_input *input, int32_t x, int32_t y)
{
    if (input == NULL) return WV_STATUS_INVALID;
    int32_t status = input->ops->absolute(input->device, clamp(x, COORDINATE_MAX),
                                          clamp(y, COORDINATE_MAX));
    return status == WV_STATUS_OK ? input->ops->flush(input->device) : status;
}

int32_t wv_input_pointer_relative(wv_input *input, int32_t dx, int32_t dy)
{
    if (input == NULL) return WV_STATUS_INVALID;
    int32_t status = input->ops->relative(input->device, clamp(dx, COORDINATE_MAX),
                                          clamp(dy, COORDINATE_MAX));
    return status == WV_STATUS_OK ? input->ops->flush(input->device) : status;
}

int32_t wv_input_button(wv_input *input, uint32_t button, uint8_t down)
{
    if (input == NULL || button == 0 || button > BUTTON_MAX) return WV_STATUS_INVALID;
    int32_t status = input->ops->button(input->device, button, down != 0);
    if (status != WV_STATUS_OK) return status;
    input->buttons[button] = down != 0;
    return input->ops->flush(input->device);
}

/* Adds parts to *sum and clicks once for each full notch. */
static int32_t turn(wv_input *input, int32_t *sum, int32_t parts, uint32_t less, uint32_t more)
{
    parts = clamp(parts, NOTCHES_MAX * NOTCH);
    if ((parts > 0 && *sum < 0) || (parts < 0 && *sum > 0)) *sum = 0; /* turned round */
    *sum += parts;
    int32_t status = WV_STATUS_OK;
    while (status == WV_STATUS_OK && (*sum >= NOTCH || *sum <= -NOTCH)) {
        uint32_t button = *sum > 0 ? more : less;
        *sum -= *sum > 0 ? NOTCH : -NOTCH;
        status = input->ops->button(input->device, button, true);
        if (status == WV_STATUS_OK) status = input->ops->button(input->device, button, false);
    }
    return status;
}

int32_t wv_input_wheel(wv_input *input, int32_t dx120, int32_t dy120)
{
    if (input == NULL) return WV_STATUS_INVALID;
    int32_t status = turn(input, &input->wheel_x, dx120, WHEEL_LEFT, WHEEL_RIGHT);
    if (status == WV_STATUS_OK) {
        status = turn(input, &input->wheel_y, dy120, WHEEL_UP, WHEEL_DOWN);
    }
    return status == WV_STATUS_OK ? input->ops->flush(input->device) : status;
}

int32_t wv_input_release_all(wv_input *input)
{
    if (input == NULL) return WV_STATUS_INVALID;
    int32_t released = 0, status = WV_STATUS_OK;
    for (uint32_t code = 1; code <= CODE_MAX && status == WV_STATUS_OK; code++) {
        if (!input->keys[code]) continue;
        status = input->ops->key(input->device, code, false);
        input->keys[code] = false;
        released++;
    }
    for (uint32_t button = 1; button <= BUTTON_MAX && status == WV_STATUS_OK; button++) {
        if (!input->buttons[button]) continue;
        status = input->ops->button(input->device, button, false);
        input->buttons[button] = false;
        released++;
    }
    input->wheel_x = input->wheel_y = 0;
    if (status == WV_STATUS_OK) status = input->ops->flush(input->device);
    return status == WV_STATUS_OK ? released : status;
}

void wv_input_close(wv_input *input)
{
    if (input == NULL) return;
    wv_input_release_all(input);
    input->ops->close(input->device);
    wv_memory_free(WV_MEMORY_INPUT, input, sizeof *input);
}
