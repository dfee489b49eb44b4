/*
 * uinput_devices: input through devices of a real kernel, read back as programs read it: what each
 * device can report, every event of it, and rumble on its way back. Needs /dev/uinput and, for the
 * devices that come of it, /dev/input.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../input/input.h"
#include "check.h"

#define WIDTH 1920
#define HEIGHT 1080
#define WAIT_MS 3000
#define NAME_BYTES 80
#define REPORT_MAX 32

static void pause_ms(int ms)
{
    usleep((useconds_t)ms * 1000);
}

/* The reading end of a device by its name; waits until it is there. -1 when it does not come. */
static int open_reader(const char *name)
{
    for (int waited = 0; waited < WAIT_MS; waited += 10, pause_ms(10)) {
        DIR *folder = opendir("/dev/input");
        if (folder == NULL) continue;
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            char path[300], found[NAME_BYTES] = "";
            if (strncmp(entry->d_name, "event", 5) != 0) continue;
            snprintf(path, sizeof path, "/dev/input/%s", entry->d_name);
            int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
            if (fd < 0) continue;
            ioctl(fd, EVIOCGNAME(sizeof found), found);
            if (strcmp(found, name) == 0) {
                closedir(folder);
                return fd;
            }
            close(fd);
        }
        closedir(folder);
    }
    return -1;
}

/* One report as text, "type:code=value ..." without its end; "" when none comes. */
static const char *next_report(int fd)
{
    static char text[REPORT_MAX * 32];
    size_t used = 0;
    text[0] = 0;
    for (int waited = 0; waited < WAIT_MS;) {
        struct input_event event;
        if (read(fd, &event, sizeof event) != sizeof event) {
            pause_ms(2);
            waited += 2;
            continue;
        }
        if (event.type == EV_FF) continue; /* what this program played itself */
        if (event.type == EV_SYN && event.code == SYN_REPORT) {
            if (used > 0) return text;
            continue;
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u:%u=%d", used ? " " : "",
                                 event.type, event.code, event.value);
    }
    return text;
}

static void check_report(int fd, const char *expected, const char *what)
{
    const char *report = next_report(fd);
    CHECK(strcmp(report, expected) == 0, "%s: %s, expected %s", what, report, expected);
}

static void check_absinfo(int fd, unsigned code, int minimum, int maximum, const char *what)
{
    struct input_absinfo info = {0};
    int status = ioctl(fd, EVIOCGABS(code), &info);
    CHECK(status == 0 && info.minimum == minimum && info.maximum == maximum, "%s is %d to %d", what,
          info.minimum, info.maximum);
}

static bool has_property(int fd, unsigned property)
{
    uint8_t bits[4] = {0};
    ioctl(fd, EVIOCGPROP(sizeof bits), bits);
    return (bits[property / 8] >> property % 8 & 1) != 0;
}

static void check_keys(wv_input *input)
{
    int keyboard = open_reader("Wavry keyboard");
    CHECK(keyboard >= 0, "a keyboard");
    /* The console of the machine would answer lock keys with lights of its own. */
    ioctl(keyboard, EVIOCGRAB, 1);
    wv_input_key(input, KEY_A, 1);
    check_report(keyboard, "1:30=1", "A goes down");
    wv_input_key(input, KEY_A, 0);
    check_report(keyboard, "1:30=0", "and up");
    int wrong = 0;
    for (uint32_t code = 1; code <= 247; code++) {
        char expected[32];
        wv_input_key(input, code, 1);
        snprintf(expected, sizeof expected, "1:%u=1", code);
        wrong += strcmp(next_report(keyboard), expected) != 0;
        wv_input_key(input, code, 0);
        snprintf(expected, sizeof expected, "1:%u=0", code);
        wrong += strcmp(next_report(keyboard), expected) != 0;
    }
    CHECK(wrong == 0, "247 keys go down and up, %d wrong", wrong);

    /* A display shows the state of its lock keys by the lights of every keyboard. */
    wv_input_locks(input, 1, 7);
    check_report(keyboard, "1:58=1", "Caps Lock is pressed to lock");
    check_report(keyboard, "1:58=0", "and released");
    struct input_event light[2] = {{.type = EV_LED, .code = LED_CAPSL, .value = 1},
                                   {.type = EV_SYN, .code = SYN_REPORT}};
    CHECK(write(keyboard, light, sizeof light) == sizeof light, "the display lights it");
    check_report(keyboard, "17:1=1", "as its readers see");
    wv_input_locks(input, 1, 7);
    wv_input_locks(input, 3, 3);
    check_report(keyboard, "1:69=1", "only Num Lock is pressed then");
    check_report(keyboard, "1:69=0", "and released");
    wv_input_key(input, KEY_B, 1);
    check_report(keyboard, "1:48=1", "B is held");
    CHECK(wv_input_release_all(input) == 1, "one key was held");
    check_report(keyboard, "1:48=0", "a release lets it go");
    close(keyboard);
}

static void check_pointer(wv_input *input)
{
    int mouse = open_reader("Wavry mouse"), tablet = open_reader("Wavry absolute pointer");
    CHECK(mouse >= 0 && tablet >= 0, "a mouse and an absolute pointer");
    check_absinfo(tablet, ABS_X, 0, 65535, "ABS_X");
    wv_input_pointer_relative(input, -7, 9);
    check_report(mouse, "2:0=-7 2:1=9", "relative motion");
    wv_input_button(input, 1, 1);
    check_report(mouse, "1:272=1", "the left button");
    wv_input_button(input, 9, 1);
    check_report(mouse, "1:276=1", "the forward button");
    CHECK(wv_input_release_all(input) == 2, "two buttons were held");
    check_report(mouse, "1:272=0", "left up");
    check_report(mouse, "1:276=0", "forward up");
    wv_input_wheel(input, 0, 30);
    check_report(mouse, "2:11=-30", "a quarter notch down");
    wv_input_wheel(input, 0, 90);
    check_report(mouse, "2:11=-90 2:8=-1", "the rest of it completes the notch");
    wv_input_wheel(input, 240, 0);
    check_report(mouse, "2:12=240 2:6=2", "two notches to the right");
    wv_input_pointer_absolute(input, WIDTH - 1, 0);
    check_report(tablet, "3:0=65535", "the last column; row 0 is where it was");
    wv_input_pointer_absolute(input, 0, HEIGHT - 1);
    check_report(tablet, "3:0=0 3:1=65535", "the last row");
    wv_input_set_screen(input, 101, 101);
    wv_input_pointer_absolute(input, 50, 100);
    check_report(tablet, "3:0=32768", "the middle of a smaller screen");
    wv_input_set_screen(input, WIDTH, HEIGHT);
    close(mouse);
    close(tablet);
}

static void check_touch(wv_input *input)
{
    /* The device is made by the first touch, which nobody can read. */
    wv_input_touch(input, 0, WV_TOUCH_DOWN, 5, 5, 100);
    wv_input_touch(input, 0, WV_TOUCH_UP, 5, 5, 0);
    int screen = open_reader("Wavry touch screen");
    CHECK(screen >= 0, "a touch screen");
    CHECK(has_property(screen, INPUT_PROP_DIRECT), "fingers point where they touch");
    check_absinfo(screen, ABS_MT_SLOT, 0, 9, "ABS_MT_SLOT");
    wv_input_touch(input, 0, WV_TOUCH_DOWN, 0, HEIGHT - 1, 4095);
    check_report(screen, "3:57=1 3:53=0 3:54=65535 3:58=4095 1:330=1 3:0=0 3:1=65535 3:24=4095",
                 "a finger");
    wv_input_touch(input, 3, WV_TOUCH_DOWN, WIDTH - 1, 0, 50);
    check_report(screen, "3:47=3 3:57=2 3:53=65535 3:58=50", "a second one");
    wv_input_touch(input, 3, WV_TOUCH_CANCEL, 0, 0, 0);
    check_report(screen, "3:55=2", "cancelled: it was a palm");
    check_report(screen, "3:57=-1", "and is gone");
    CHECK(wv_input_release_all(input) == 1, "the first one was held");
    check_report(screen, "3:47=0 3:55=2", "it is cancelled too");
    check_report(screen, "3:57=-1 1:330=0", "and nothing touches any more");
    close(screen);
}

static void check_pen(wv_input *input)
{
    wv_input_pen(input, WV_PEN_NEAR, 0, 0, 0, 0, 0);
    wv_input_pen(input, 0, 0, 0, 0, 0, 0);
    int pen = open_reader("Wavry pen");
    CHECK(pen >= 0, "a pen");
    check_absinfo(pen, ABS_PRESSURE, 0, 4095, "ABS_PRESSURE");
    check_absinfo(pen, ABS_TILT_X, -90, 90, "ABS_TILT_X");
    wv_input_pen(input, WV_PEN_NEAR, WIDTH - 1, 0, 0, -30, 45);
    check_report(pen, "3:0=65535 3:26=-30 3:27=45 1:320=1", "it comes near");
    wv_input_pen(input, WV_PEN_NEAR | WV_PEN_DOWN | WV_PEN_BUTTON_LOWER, WIDTH - 1, HEIGHT - 1, 2000,
                 -30, 45);
    check_report(pen, "3:1=65535 3:24=2000 1:330=1 1:331=1", "it touches, with a button");
    wv_input_pen(input, WV_PEN_NEAR | WV_PEN_ERASER, WIDTH - 1, HEIGHT - 1, 0, -30, 45);
    check_report(pen, "3:24=0 1:320=0 1:321=1 1:330=0 1:331=0", "it is turned round");
    CHECK(wv_input_release_all(input) == 1, "it was near");
    check_report(pen, "1:321=0", "a release takes it away");
    close(pen);
}

typedef struct {
    int fd, effect, status;
} rumble_request;

/* As a game does: stores an effect, which waits for an answer, and plays it twice. */
static void *play_effect(void *argument)
{
    rumble_request *request = argument;
    struct ff_effect effect = {
        .type = FF_RUMBLE,
        .id = -1,
        .replay = {.length = 250},
        .u.rumble = {.strong_magnitude = 0xc000, .weak_magnitude = 0x4000},
    };
    request->status = ioctl(request->fd, EVIOCSFF, &effect);
    request->effect = effect.id;
    struct input_event play = {.type = EV_FF, .code = (uint16_t)effect.id, .value = 2};
    if (write(request->fd, &play, sizeof play) != sizeof play) request->status = -2;
    return NULL;
}

static uint32_t wait_rumble(wv_input *input, wv_rumble_data *rumble)
{
    for (int waited = 0; waited < WAIT_MS; waited += 5, pause_ms(5)) {
        if (wv_input_take_rumbles(input, rumble, 1) == 1) return 1;
    }
    return 0;
}

static void check_rumble(wv_input *input, int pad)
{
    rumble_request request = {.fd = pad};
    wv_rumble_data rumble = {0};
    pthread_t game;
    pthread_create(&game, NULL, play_effect, &request);
    uint32_t count = wait_rumble(input, &rumble);
    pthread_join(game, NULL);
    CHECK(request.status == 0, "a game stores and plays an effect");
    CHECK(count == 1 && rumble.slot == 2 && rumble.strong == 0xc000 && rumble.weak == 0x4000 &&
              rumble.duration_ms == 500,
          "rumble of slot %u: %u %u for %u ms", rumble.slot, rumble.strong, rumble.weak,
          rumble.duration_ms);
    struct input_event stop = {.type = EV_FF, .code = (uint16_t)request.effect, .value = 0};
    CHECK(write(pad, &stop, sizeof stop) == sizeof stop, "it ends the effect");
    count = wait_rumble(input, &rumble);
    CHECK(count == 1 && rumble.strong == 0 && rumble.weak == 0, "which is told as well");
}

static void check_pad(wv_input *input)
{
    CHECK(wv_input_pad_axis(input, 2, 0, 5) == WV_STATUS_OK, "an axis of no pad is nothing");
    wv_input_pad(input, 2, 1, 0);
    int pad = open_reader("Microsoft X-Box 360 pad");
    CHECK(pad >= 0, "a gamepad");
    struct input_id id = {0};
    ioctl(pad, EVIOCGID, &id);
    CHECK(id.vendor == 0x045e && id.product == 0x028e, "that every game knows");
    wv_input_pad(input, 2, 1, 1u << WV_PAD_SOUTH | 1u << WV_PAD_WEST | 1u << WV_PAD_LEFT);
    check_report(pad, "1:304=1 1:307=1 3:16=-1", "A, X and the cross to the left");
    wv_input_pad(input, 2, 1, 1u << WV_PAD_GUIDE | 1u << WV_PAD_UP);
    check_report(pad, "1:304=0 1:307=0 1:316=1 3:16=0 3:17=-1", "guide and up instead");
    wv_input_pad_axis(input, 2, WV_PAD_LEFT_X, -WV_PAD_SCALE);
    check_report(pad, "3:0=-32767", "the left stick to the left");
    wv_input_pad_axis(input, 2, WV_PAD_RIGHT_TRIGGER_AXIS, WV_PAD_SCALE);
    check_report(pad, "3:5=255", "the right trigger pressed home");
    check_rumble(input, pad);
    CHECK(wv_input_release_all(input) == 1, "one pad was not at rest");
    check_report(pad, "1:316=0 3:17=0", "buttons up");
    check_report(pad, "3:0=0", "stick at rest");
    check_report(pad, "3:5=0", "trigger too");
    wv_input_pad(input, 2, 0, 0);
    struct input_event event;
    pause_ms(50);
    CHECK(read(pad, &event, sizeof event) < 0 && errno == ENODEV, "pulled out, it is gone");
    close(pad);
}

int main(void)
{
    char error[256] = "", text[4096] = "";
    wv_input *input = wv_input_open((const uint8_t *)"", WV_INPUT_UINPUT, WIDTH, HEIGHT, error,
                                    sizeof error);
    CHECK(input != NULL, "uinput opens %s", error);
    if (input == NULL) return checks_end();
    wv_input_describe(input, (uint8_t *)text, sizeof text);
    CHECK(strstr(text, "{\"name\":\"pads\",\"state\":\"full\",\"device\":\"uinput\"") != NULL,
          "pads are its own");
    CHECK(strstr(text, "{\"name\":\"text\",\"state\":\"none\"") != NULL, "text is not");
    CHECK(wv_input_text(input, 'a') == WV_STATUS_UNSUPPORTED, "so it refuses text");
    check_keys(input);
    check_pointer(input);
    check_touch(input);
    check_pen(input);
    check_pad(input);
    wv_input_close(input);
    pause_ms(50);
    int left = 0;
    DIR *folder = opendir("/dev/input");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        left += strncmp(entry->d_name, "event", 5) == 0;
    }
    if (folder != NULL) closedir(folder);
    printf("# %d devices of the machine itself\n", left);
    return checks_end();
}
