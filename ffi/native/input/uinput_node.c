/*
 * Device of the kernel: creation, reports and what comes back. A report that the kernel does not take
 * whole is an error: half of one would leave keys down.
 */
#include "uinput_node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const uint16_t LIGHTS[] = {LED_NUML, LED_CAPSL, LED_SCROLLL};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* True when every call was taken. */
static bool declare(int fd, const wv_uinput_spec *spec)
{
    bool good = ioctl(fd, UI_SET_EVBIT, EV_SYN) == 0;
    if (spec->key_ranges > 0) good = good && ioctl(fd, UI_SET_EVBIT, EV_KEY) == 0;
    for (size_t i = 0; i < spec->key_ranges; i++) {
        for (int code = spec->keys[i].first; code <= spec->keys[i].last; code++) {
            good = good && ioctl(fd, UI_SET_KEYBIT, code) == 0;
        }
    }
    if (spec->relative_count > 0) good = good && ioctl(fd, UI_SET_EVBIT, EV_REL) == 0;
    for (size_t i = 0; i < spec->relative_count; i++) {
        good = good && ioctl(fd, UI_SET_RELBIT, spec->relatives[i]) == 0;
    }
    if (spec->axis_count > 0) good = good && ioctl(fd, UI_SET_EVBIT, EV_ABS) == 0;
    for (size_t i = 0; i < spec->axis_count; i++) {
        const wv_uinput_axis *axis = &spec->axes[i];
        struct uinput_abs_setup setup = {
            .code = axis->code,
            .absinfo = {.minimum = axis->minimum, .maximum = axis->maximum, .fuzz = axis->fuzz,
                        .flat = axis->flat, .resolution = axis->resolution},
        };
        good = good && ioctl(fd, UI_ABS_SETUP, &setup) == 0;
    }
    if (spec->effects > 0) {
        good = good && ioctl(fd, UI_SET_EVBIT, EV_FF) == 0 &&
               ioctl(fd, UI_SET_FFBIT, FF_RUMBLE) == 0 && ioctl(fd, UI_SET_FFBIT, FF_GAIN) == 0;
    }
    if (spec->property >= 0) good = good && ioctl(fd, UI_SET_PROPBIT, spec->property) == 0;
    if (spec->has_repeat) good = good && ioctl(fd, UI_SET_EVBIT, EV_REP) == 0;
    if (spec->has_lights) {
        good = good && ioctl(fd, UI_SET_EVBIT, EV_LED) == 0;
        for (size_t i = 0; i < COUNT(LIGHTS); i++) {
            good = good && ioctl(fd, UI_SET_LEDBIT, LIGHTS[i]) == 0;
        }
    }
    return good;
}

int32_t wv_uinput_open(wv_uinput_node *node, const wv_uinput_spec *spec, wv_error *error)
{
    node->count = 0;
    node->fd = open(WV_UINPUT_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (node->fd < 0) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "%s: %s", WV_UINPUT_PATH, strerror(errno));
    }
    struct uinput_setup setup = {
        .id = {.bustype = spec->bus, .vendor = spec->vendor, .product = spec->product,
               .version = spec->version},
        .ff_effects_max = spec->effects,
    };
    snprintf(setup.name, sizeof setup.name, "%s", spec->name);
    if (!declare(node->fd, spec) || ioctl(node->fd, UI_DEV_SETUP, &setup) != 0 ||
        ioctl(node->fd, UI_DEV_CREATE) != 0) {
        wv_fail(error, WV_STATUS_FAILED, "device \"%s\": %s", spec->name, strerror(errno));
        close(node->fd);
        node->fd = -1;
        return error->status;
    }
    return WV_STATUS_OK;
}

void wv_uinput_put(wv_uinput_node *node, uint16_t type, uint16_t code, int32_t value)
{
    /* One place stays for the end of the report. */
    if (node->count + 1 >= WV_UINPUT_BATCH) return;
    node->events[node->count++] = (struct input_event){.type = type, .code = code, .value = value};
}

int32_t wv_uinput_report(wv_uinput_node *node)
{
    if (node->count == 0) return WV_STATUS_OK;
    node->events[node->count++] = (struct input_event){.type = EV_SYN, .code = SYN_REPORT};
    size_t bytes = node->count * sizeof *node->events;
    ssize_t written;
    do written = write(node->fd, node->events, bytes);
    while (written < 0 && errno == EINTR);
    node->count = 0;
    return written == (ssize_t)bytes ? WV_STATUS_OK : WV_STATUS_FAILED;
}

bool wv_uinput_take(wv_uinput_node *node, struct input_event *event)
{
    if (node->fd < 0) return false;
    return read(node->fd, event, sizeof *event) == (ssize_t)sizeof *event;
}

void wv_uinput_close(wv_uinput_node *node)
{
    if (node->fd < 0) return;
    ioctl(node->fd, UI_DEV_DESTROY);
    close(node->fd);
    node->fd = -1;
}
