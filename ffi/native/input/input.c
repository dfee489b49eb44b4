/*
 * Input handle: checks what comes from a viewer, gives each kind of it to the back-end that does it
 * best, and remembers what is held. One thread at a time.
 */
#include "input.h"

#include <string.h>

#include "../memory.h"

#define CODE_MAX 247u /* the highest evdev code with an X keycode */
#define BUTTON_MAX 9u
#define COORDINATE_MAX 32767 /* what the X protocol carries */
#define PRESSURE_MAX 4095u
#define TILT_MAX 90
#define NOTCHES_MAX 20 /* at once; more is a broken device or a hostile peer */
#define SCREEN_MAX 32767

/* The display's own way first: where both do a thing equally well, it asks nobody for a right. */
const wv_input_ops *const WV_INPUT_CANDIDATES[WV_INPUTS] = {&wv_input_xtest, &wv_input_uinput};

static const char *const ABILITY_NAMES[WV_ABILITIES] = {
    "keyboard", "pointer", "wheel", "touch", "pen", "pads", "text", "locks",
};
static const char *const STATE_NAMES[] = {"none", "emulated", "full"};

typedef struct {
    const wv_input_ops *ops;
    wv_input_device *device;
    char reason[160]; /* why it did not open */
} backend;

typedef struct {
    bool present;
    uint32_t buttons;
    int32_t axes[WV_PAD_AXES];
} pad_state;

struct wv_input {
    backend backends[WV_INPUTS];
    backend *routes[WV_ABILITIES]; /* NULL: nobody does it */
    wv_ability_report reports[WV_ABILITIES];
    bool keys[CODE_MAX + 1];
    bool buttons[BUTTON_MAX + 1];
    wv_touch touches[WV_TOUCHES]; /* those with `down` are held */
    wv_pen pen;
    pad_state pads[WV_PADS];
};

int32_t wv_wheel_notches(int32_t *rest, int32_t parts)
{
    if ((parts > 0 && *rest < 0) || (parts < 0 && *rest > 0)) *rest = 0; /* turned round */
    *rest += parts;
    int32_t notches = *rest / WV_WHEEL_NOTCH;
    *rest -= notches * WV_WHEEL_NOTCH;
    return notches;
}

/* For each ability the back-end that does it best; the first one where they are equal. */
static void find_routes(wv_input *input)
{
    wv_ability_report reports[WV_INPUTS][WV_ABILITIES] = {0};
    for (size_t i = 0; i < WV_INPUTS; i++) {
        backend *candidate = &input->backends[i];
        if (candidate->device != NULL) candidate->ops->describe(candidate->device, reports[i]);
    }
    for (size_t ability = 0; ability < WV_ABILITIES; ability++) {
        wv_ability_report *best = &input->reports[ability];
        for (size_t i = 0; i < WV_INPUTS; i++) {
            backend *candidate = &input->backends[i];
            wv_ability_report *report = &reports[i][ability];
            if (candidate->device == NULL) {
                memcpy(report->reason, candidate->reason, sizeof report->reason);
            }
            /* The last reason is what would have to change for more. */
            if (best->state == WV_ABILITY_NONE && report->reason[0] != 0) {
                memcpy(best->reason, report->reason, sizeof best->reason);
            }
            if (report->state <= best->state) continue;
            *best = *report;
            input->routes[ability] = candidate;
        }
    }
}

static void open_backend(backend *candidate, const wv_input_ops *ops, const wv_input_target *target,
                         wv_error *error)
{
    candidate->ops = ops;
    if (ops->open(target, &candidate->device, error) == WV_STATUS_OK) return;
    candidate->device = NULL;
    snprintf(candidate->reason, sizeof candidate->reason, "%s: %.140s", ops->name, error->text);
}

wv_input *wv_input_open(const uint8_t *display, uint32_t choice, uint32_t width, uint32_t height,
                        char *error_text, uint32_t error_bytes)
{
    wv_error error = {.status = WV_STATUS_INVALID, .text = "no display or device was named"};
    wv_input *input = wv_memory_new(WV_MEMORY_INPUT, sizeof *input);
    bool is_open = false;
    if (input != NULL && display != NULL && choice <= WV_INPUT_UINPUT && width <= SCREEN_MAX &&
        height <= SCREEN_MAX) {
        wv_input_target target = {(const char *)display, (int32_t)width, (int32_t)height,
                                  choice != WV_INPUT_AUTO};
        wv_error first = {0};
        for (size_t i = 0; i < WV_INPUTS; i++) {
            backend *candidate = &input->backends[i];
            if (choice != WV_INPUT_AUTO && choice != i + 1) {
                candidate->ops = WV_INPUT_CANDIDATES[i];
                snprintf(candidate->reason, sizeof candidate->reason, "%s: not chosen",
                         candidate->ops->name);
                continue;
            }
            open_backend(candidate, WV_INPUT_CANDIDATES[i], &target, &error);
            if (candidate->device != NULL) is_open = true;
            else if (first.status == 0) first = error;
        }
        if (!is_open) error = first;
    }
    if (is_open) {
        find_routes(input);
        return input;
    }
    wv_memory_free(WV_MEMORY_INPUT, input, sizeof *input);
    if (error_text != NULL) snprintf(error_text, error_bytes, "%d %s", error.status, error.text);
    return NULL;
}

int32_t wv_input_describe(wv_input *input, uint8_t *json, uint32_t bytes)
{
    if (input == NULL || json == NULL) return WV_STATUS_INVALID;
    size_t used = 0;
    for (size_t ability = 0; ability < WV_ABILITIES; ability++) {
        const wv_ability_report *report = &input->reports[ability];
        const backend *route = input->routes[ability];
        char reason[sizeof report->reason];
        size_t at = 0;
        for (const char *from = report->reason; *from != 0; from++) {
            reason[at++] = *from == '"' || *from == '\\' || *from < ' ' ? '\'' : *from;
        }
        reason[at] = 0;
        int written = snprintf((char *)json + used, bytes - used,
                               "%s{\"name\":\"%s\",\"state\":\"%s\",\"device\":\"%s\","
                               "\"reason\":\"%s\"}%s",
                               ability == 0 ? "[" : ",", ABILITY_NAMES[ability],
                               STATE_NAMES[report->state], route == NULL ? "" : route->ops->name,
                               report->state == WV_ABILITY_FULL ? "" : reason,
                               ability + 1 == WV_ABILITIES ? "]" : "");
        if (written < 0 || used + (size_t)written >= bytes) return WV_STATUS_TOO_LARGE;
        used += (size_t)written;
    }
    return (int32_t)used;
}

int32_t wv_input_set_screen(wv_input *input, uint32_t width, uint32_t height)
{
    if (input == NULL || width > SCREEN_MAX || height > SCREEN_MAX) return WV_STATUS_INVALID;
    for (size_t i = 0; i < WV_INPUTS; i++) {
        backend *candidate = &input->backends[i];
        if (candidate->device == NULL) continue;
        candidate->ops->set_screen(candidate->device, (int32_t)width, (int32_t)height);
    }
    return WV_STATUS_OK;
}

/* Who does it; NULL when nobody. */
static backend *route_of(wv_input *input, enum wv_ability ability)
{
    return input == NULL ? NULL : input->routes[ability];
}

static int32_t flush(backend *route, int32_t status)
{
    return status == WV_STATUS_OK ? route->ops->flush(route->device) : status;
}

int32_t wv_input_key(wv_input *input, uint32_t code, uint8_t down)
{
    if (input == NULL || code == 0 || code > CODE_MAX) return WV_STATUS_INVALID;
    backend *route = route_of(input, WV_ABILITY_KEYBOARD);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    int32_t status = route->ops->key(route->device, code, down != 0);
    if (status == WV_STATUS_OK) input->keys[code] = down != 0;
    return flush(route, status);
}

int32_t wv_input_pointer_absolute(wv_input *input, int32_t x, int32_t y)
{
    if (input == NULL) return WV_STATUS_INVALID;
    backend *route = route_of(input, WV_ABILITY_POINTER);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    return flush(route, route->ops->absolute(route->device,
                                             wv_clamp(x, -COORDINATE_MAX, COORDINATE_MAX),
                                             wv_clamp(y, -COORDINATE_MAX, COORDINATE_MAX)));
}

int32_t wv_input_pointer_relative(wv_input *input, int32_t dx, int32_t dy)
{
    if (input == NULL) return WV_STATUS_INVALID;
    backend *route = route_of(input, WV_ABILITY_POINTER);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    return flush(route, route->ops->relative(route->device,
                                             wv_clamp(dx, -COORDINATE_MAX, COORDINATE_MAX),
                                             wv_clamp(dy, -COORDINATE_MAX, COORDINATE_MAX)));
}

int32_t wv_input_button(wv_input *input, uint32_t button, uint8_t down)
{
    if (input == NULL || button == 0 || button > BUTTON_MAX) return WV_STATUS_INVALID;
    backend *route = route_of(input, WV_ABILITY_POINTER);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    int32_t status = route->ops->button(route->device, button, down != 0);
    if (status == WV_STATUS_OK) input->buttons[button] = down != 0;
    return flush(route, status);
}

int32_t wv_input_wheel(wv_input *input, int32_t dx120, int32_t dy120)
{
    if (input == NULL) return WV_STATUS_INVALID;
    backend *route = route_of(input, WV_ABILITY_WHEEL);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    const int32_t limit = NOTCHES_MAX * WV_WHEEL_NOTCH;
    return flush(route, route->ops->wheel(route->device, wv_clamp(dx120, -limit, limit),
                                          wv_clamp(dy120, -limit, limit)));
}

int32_t wv_input_touch(wv_input *input, uint32_t id, uint32_t phase, int32_t x, int32_t y,
                       uint32_t pressure)
{
    if (input == NULL || id >= WV_TOUCHES || phase > WV_TOUCH_CANCEL || pressure > PRESSURE_MAX) {
        return WV_STATUS_INVALID;
    }
    backend *route = route_of(input, WV_ABILITY_TOUCH);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    wv_touch *held = &input->touches[id];
    wv_touch touch = {id, phase == WV_TOUCH_DOWN, phase == WV_TOUCH_CANCEL, x, y, pressure};
    if (!touch.down && !held->down) return WV_STATUS_OK;
    /* It ends where it was. */
    if (touch.cancelled) touch.x = held->x, touch.y = held->y;
    int32_t status = route->ops->touch(route->device, &touch);
    if (status == WV_STATUS_OK) *held = touch;
    return flush(route, status);
}

int32_t wv_input_pen(wv_input *input, uint32_t flags, int32_t x, int32_t y, uint32_t pressure,
                     int32_t tilt_x, int32_t tilt_y)
{
    if (input == NULL || flags > WV_PEN_ALL || pressure > PRESSURE_MAX || tilt_x < -TILT_MAX ||
        tilt_x > TILT_MAX || tilt_y < -TILT_MAX || tilt_y > TILT_MAX) {
        return WV_STATUS_INVALID;
    }
    backend *route = route_of(input, WV_ABILITY_PEN);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    bool near = (flags & WV_PEN_NEAR) != 0;
    wv_pen pen = {
        .near = near,
        .down = near && (flags & WV_PEN_DOWN) != 0,
        .eraser = (flags & WV_PEN_ERASER) != 0,
        .buttons = near ? flags >> WV_PEN_BUTTON_SHIFT : 0,
        .x = x,
        .y = y,
        .pressure = pressure,
        .tilt_x = tilt_x,
        .tilt_y = tilt_y,
    };
    if (!pen.near) {
        if (!input->pen.near) return WV_STATUS_OK;
        pen.x = input->pen.x, pen.y = input->pen.y, pen.pressure = 0;
    }
    int32_t status = route->ops->pen(route->device, &pen);
    if (status == WV_STATUS_OK) input->pen = pen;
    return flush(route, status);
}

int32_t wv_input_pad(wv_input *input, uint32_t slot, uint8_t present, uint32_t buttons)
{
    if (input == NULL || slot >= WV_PADS || buttons >= 1u << WV_PAD_BUTTONS) {
        return WV_STATUS_INVALID;
    }
    backend *route = route_of(input, WV_ABILITY_PADS);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    pad_state *pad = &input->pads[slot];
    if (!present && !pad->present) return WV_STATUS_OK;
    int32_t status = route->ops->pad(route->device, slot, present != 0, present ? buttons : 0);
    if (status != WV_STATUS_OK) return status;
    if (!present) memset(pad, 0, sizeof *pad);
    else pad->present = true, pad->buttons = buttons;
    return flush(route, status);
}

int32_t wv_input_pad_axis(wv_input *input, uint32_t slot, uint32_t axis, int32_t value)
{
    if (input == NULL || slot >= WV_PADS || axis >= WV_PAD_AXES || value > WV_PAD_SCALE ||
        value < (axis >= WV_PAD_LEFT_TRIGGER_AXIS ? 0 : -WV_PAD_SCALE)) {
        return WV_STATUS_INVALID;
    }
    backend *route = route_of(input, WV_ABILITY_PADS);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    pad_state *pad = &input->pads[slot];
    /* Datagrams may come before the record that plugs it in, and after it is out. */
    if (!pad->present || pad->axes[axis] == value) return WV_STATUS_OK;
    int32_t status = route->ops->pad_axis(route->device, slot, axis, value);
    if (status == WV_STATUS_OK) pad->axes[axis] = value;
    return flush(route, status);
}

int32_t wv_input_text(wv_input *input, uint32_t code_point)
{
    if (input == NULL || code_point == 0 || code_point > 0x10ffff) return WV_STATUS_INVALID;
    backend *route = route_of(input, WV_ABILITY_TEXT);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    return flush(route, route->ops->text(route->device, code_point));
}

int32_t wv_input_locks(wv_input *input, uint32_t on, uint32_t known)
{
    if (input == NULL || on > 7 || known > 7) return WV_STATUS_INVALID;
    backend *route = route_of(input, WV_ABILITY_LOCKS);
    if (route == NULL) return WV_STATUS_UNSUPPORTED;
    return flush(route, route->ops->locks(route->device, on & known, known));
}

int32_t wv_input_take_rumbles(wv_input *input, wv_rumble_data *rumbles, uint32_t capacity)
{
    if (input == NULL || rumbles == NULL) return WV_STATUS_INVALID;
    backend *route = route_of(input, WV_ABILITY_PADS);
    return route == NULL ? 0 : route->ops->take_rumbles(route->device, rumbles, capacity);
}

static bool rest_pad(wv_input *input, uint32_t slot)
{
    pad_state *pad = &input->pads[slot];
    bool held = pad->buttons != 0;
    for (uint32_t axis = 0; axis < WV_PAD_AXES; axis++) held = held || pad->axes[axis] != 0;
    if (!pad->present || !held) return false;
    wv_input_pad(input, slot, 1, 0);
    for (uint32_t axis = 0; axis < WV_PAD_AXES; axis++) wv_input_pad_axis(input, slot, axis, 0);
    return true;
}

/* Fingers, pen and pads; gives how many of them were held. */
static int32_t release_others(wv_input *input)
{
    int32_t released = 0;
    for (uint32_t id = 0; id < WV_TOUCHES; id++) {
        if (!input->touches[id].down) continue;
        wv_input_touch(input, id, WV_TOUCH_CANCEL, 0, 0, 0);
        released++;
    }
    if (input->pen.near) {
        wv_input_pen(input, 0, 0, 0, 0, 0, 0);
        released++;
    }
    for (uint32_t slot = 0; slot < WV_PADS; slot++) released += rest_pad(input, slot);
    return released;
}

int32_t wv_input_release_all(wv_input *input)
{
    if (input == NULL) return WV_STATUS_INVALID;
    int32_t released = 0, status = WV_STATUS_OK;
    for (uint32_t code = 1; code <= CODE_MAX && status == WV_STATUS_OK; code++) {
        if (!input->keys[code]) continue;
        status = wv_input_key(input, code, 0);
        input->keys[code] = false;
        released++;
    }
    for (uint32_t button = 1; button <= BUTTON_MAX && status == WV_STATUS_OK; button++) {
        if (!input->buttons[button]) continue;
        status = wv_input_button(input, button, 0);
        input->buttons[button] = false;
        released++;
    }
    released += release_others(input);
    return status == WV_STATUS_OK ? released : status;
}

void wv_input_close(wv_input *input)
{
    if (input == NULL) return;
    wv_input_release_all(input);
    for (size_t i = 0; i < WV_INPUTS; i++) {
        backend *candidate = &input->backends[i];
        if (candidate->device != NULL) candidate->ops->close(candidate->device);
    }
    wv_memory_free(WV_MEMORY_INPUT, input, sizeof *input);
}
