/*
 * uinput_records: what is written to /dev/uinput, byte for byte, on a machine without it: the calls
 * that reach the system are taken here, all others go on to it. What a kernel makes of them is
 * uinput_devices' part.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../input/input.h"
#include "../input/uinput_node.h"
#include "check.h"

#define DEVICES_MAX 8
#define CODES_MAX 1024

typedef struct {
    int write_end, read_end;
    char name[UINPUT_MAX_NAME_SIZE];
    struct input_id id;
    uint32_t effects;
    bool keys[CODES_MAX];
    struct input_absinfo axes[ABS_CNT];
    bool is_created, is_destroyed;
} device;

static device devices[DEVICES_MAX];
static int device_count;
static bool is_refused;

static device *device_of(int fd)
{
    for (int i = 0; i < device_count; i++) {
        if (devices[i].write_end == fd && !devices[i].is_destroyed) return &devices[i];
    }
    return NULL;
}

static int take_access(const char *path, int mode)
{
    if (strcmp(path, WV_UINPUT_PATH) != 0) return (int)syscall(SYS_access, path, mode);
    if (!is_refused) return 0;
    errno = EACCES;
    return -1;
}

static int take_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = va_arg(arguments, int);
    va_end(arguments);
    if (strcmp(path, WV_UINPUT_PATH) != 0) {
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    }
    int ends[2];
    if (device_count == DEVICES_MAX || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
    devices[device_count++] = (device){.read_end = ends[0], .write_end = ends[1]};
    return ends[1];
}

static int take_ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    device *at = device_of(fd);
    if (at == NULL) return (int)syscall(SYS_ioctl, fd, request, argument);
    if (request == UI_SET_KEYBIT) at->keys[(intptr_t)argument % CODES_MAX] = true;
    if (request == UI_ABS_SETUP) {
        const struct uinput_abs_setup *setup = argument;
        at->axes[setup->code % ABS_CNT] = setup->absinfo;
    }
    if (request == UI_DEV_SETUP) {
        const struct uinput_setup *setup = argument;
        memcpy(at->name, setup->name, sizeof at->name);
        at->id = setup->id;
        at->effects = setup->ff_effects_max;
    }
    if (request == UI_DEV_CREATE) at->is_created = true;
    if (request == UI_DEV_DESTROY) at->is_destroyed = true;
    return 0;
}

/* The library's calls come here instead of the C library. */
extern __typeof__(access) access __attribute__((alias("take_access")));
extern __typeof__(open) open __attribute__((alias("take_open")));
extern __typeof__(ioctl) ioctl __attribute__((alias("take_ioctl")));

static device *named(const char *name)
{
    for (int i = 0; i < device_count; i++) {
        if (strcmp(devices[i].name, name) == 0) return &devices[i];
    }
    return NULL;
}

/* Every report since the last call, each ended by "|". */
static void check_reports(const char *name, const char *expected)
{
    static char text[1024];
    struct input_event event;
    device *from = named(name);
    size_t used = 0;
    text[0] = 0;
    while (from != NULL && read(from->read_end, &event, sizeof event) == sizeof event) {
        if (used + 32 > sizeof text) break;
        if (event.type == EV_SYN) used += (size_t)snprintf(text + used, sizeof text - used, "|");
        else {
            used += (size_t)snprintf(text + used, sizeof text - used, " %u:%u=%d", event.type,
                                     event.code, event.value);
        }
    }
    CHECK(from != NULL && strcmp(text, expected) == 0, "%s:%s", name, text);
}

int main(void)
{
    char error[256] = "";
    wv_error why;
    is_refused = true;
    CHECK(wv_input_uinput.probe(&why) == WV_STATUS_UNAVAILABLE &&
              strcmp(why.text, "/dev/uinput: Permission denied") == 0,
          "without the right it says so: %s", why.text);
    CHECK(wv_input_open((const uint8_t *)"", WV_INPUT_UINPUT, 100, 100, error, sizeof error) == NULL,
          "and does not open: %s", error);
    is_refused = false;
    wv_input *input =
        wv_input_open((const uint8_t *)"", WV_INPUT_UINPUT, 1001, 501, error, sizeof error);
    CHECK(input != NULL && device_count == 3, "keyboard, mouse and absolute pointer at once");
    if (input == NULL) return checks_end();
    const device *keyboard = named("Wavry keyboard");
    CHECK(keyboard != NULL && keyboard->is_created && keyboard->keys[1] && keyboard->keys[247] &&
              !keyboard->keys[BTN_LEFT],
          "a keyboard has keys and no buttons");

    wv_input_key(input, KEY_LEFTSHIFT, 1);
    wv_input_key(input, KEY_LEFTSHIFT, 0);
    check_reports("Wavry keyboard", " 1:42=1| 1:42=0|");
    wv_input_locks(input, 5, 7);
    wv_input_locks(input, 5, 7);
    check_reports("Wavry keyboard", " 1:58=1| 1:58=0| 1:70=1| 1:70=0|");
    wv_input_wheel(input, -60, 180);
    check_reports("Wavry mouse", " 2:11=-180 2:12=-60 2:8=-1|");
    wv_input_pointer_relative(input, 3, 0);
    wv_input_button(input, 3, 1);
    check_reports("Wavry mouse", " 2:0=3| 1:273=1|");
    wv_input_pointer_absolute(input, 500, 500);
    check_reports("Wavry absolute pointer", " 3:0=32768 3:1=65535|");

    wv_input_touch(input, 9, WV_TOUCH_DOWN, 0, 250, 4095);
    wv_input_touch(input, 9, WV_TOUCH_UP, 0, 250, 0);
    check_reports("Wavry touch screen",
                  " 3:47=9 3:57=0 3:55=0 3:53=0 3:54=32768 3:58=4095 1:330=1 3:0=0 3:1=32768 "
                  "3:24=4095| 3:47=9 3:57=-1 1:330=0|");
    wv_input_pen(input, WV_PEN_NEAR | WV_PEN_DOWN | WV_PEN_ERASER, 1000, 0, 9, 90, -90);
    check_reports("Wavry pen", " 3:0=65535 3:1=0 3:24=9 3:26=90 3:27=-90 1:321=1 1:330=1|");
    const device *pen = named("Wavry pen");
    CHECK(pen != NULL && pen->axes[ABS_TILT_X].minimum == -90 &&
              pen->axes[ABS_PRESSURE].maximum == 4095,
          "a pen has pressure and tilt");

    wv_input_pad(input, 0, 1, 1u << WV_PAD_NORTH | 1u << WV_PAD_RIGHT | 1u << WV_PAD_DOWN);
    wv_input_pad_axis(input, 0, WV_PAD_RIGHT_Y, 12345);
    wv_input_pad_axis(input, 0, WV_PAD_RIGHT_Y, 12345);
    check_reports("Microsoft X-Box 360 pad", " 1:308=1 3:16=1 3:17=1| 3:4=12345|");
    const device *pad = named("Microsoft X-Box 360 pad");
    CHECK(pad != NULL && pad->id.vendor == 0x045e && pad->effects == 16, "a pad takes effects");
    CHECK(wv_input_release_all(input) == 3, "a button, the pen and the pad were held");
    check_reports("Wavry mouse", " 1:273=0|");
    check_reports("Wavry pen", " 3:24=0 1:321=0 1:330=0|");
    check_reports("Microsoft X-Box 360 pad", " 1:308=0 3:16=0 3:17=0| 3:4=0|");
    wv_input_close(input);
    int left = 0;
    for (int i = 0; i < device_count; i++) left += devices[i].is_created && !devices[i].is_destroyed;
    CHECK(left == 0, "every device is gone after the end");
    for (int i = 0; i < device_count; i++) close(devices[i].read_end);
    return checks_end();
}
