/*
 * capture_pixels DISPLAY [SHMID]: draws known pixels on an X screen by ordinary requests and
 * compares what each capture back-end sees with them, with the pointer in the middle of it.
 */
#include <X11/Xutil.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../capture/capture.h"
#include "../x11_display.h"
#include "check.h"

#define SIDE 256

static wv_display display;
static uint32_t pixels[SIDE * SIDE];

/* Fills an area of the root window with noise that depends on seed. */
static void draw(uint32_t seed)
{
    Display *x = display.x;
    int screen = DefaultScreen(x);
    for (int i = 0; i < SIDE * SIDE; i++) {
        seed = seed * 1664525u + 1013904223u;
        pixels[i] = seed >> 8;
    }
    XImage *image = XCreateImage(x, DefaultVisual(x, screen), (unsigned)DefaultDepth(x, screen),
                                 ZPixmap, 0, (char *)pixels, SIDE, SIDE, 32, 0);
    GC gc = XCreateGC(x, display.root, 0, NULL);
    XPutImage(x, display.root, gc, image, 0, 0, 0, 0, SIDE, SIDE);
    image->data = NULL;
    XDestroyImage(image);
    XFreeGC(x, gc);
    XSync(x, False);
}

/* Pixels of the picture that differ from what was drawn; the picture begins at (x, y) of it. */
static int differences(const wv_picture *picture, int x, int y)
{
    int different = 0;
    for (int row = 0; row < picture->height && row + y < SIDE; row++) {
        for (int column = 0; column < picture->width && column + x < SIDE; column++) {
            const uint8_t *seen = picture->pixels + (long)row * picture->stride + column * 4;
            uint32_t drawn = pixels[(row + y) * SIDE + column + x];
            different += seen[0] != (drawn & 255) || seen[1] != (drawn >> 8 & 255) ||
                         seen[2] != (drawn >> 16 & 255);
        }
    }
    return different;
}

static void check_region(const wv_capture_ops *ops, const wv_stream_config *config, uint32_t seed)
{
    wv_capture *capture;
    wv_picture picture;
    wv_error error = {.text = ""};
    int32_t opened = ops->open(config, &capture, &error);
    CHECK(opened == 0, "%s opens %ux%u+%d+%d %s", ops->name, config->width, config->height,
          config->x, config->y, error.text);
    if (opened != 0) return;
    draw(seed);
    XWarpPointer(display.x, None, display.root, 0, 0, 0, 0, SIDE / 2, SIDE / 2);
    XSync(display.x, False);
    usleep(20000);
    int32_t grabbed = ops->grab(capture, &picture);
    CHECK(grabbed == 0, "%s grabs", ops->name);
    CHECK(picture.width == capture->width && picture.height == capture->height,
          "%s gives %dx%d", ops->name, picture.width, picture.height);
    int different = differences(&picture, config->x, config->y);
    CHECK(different == 0, "%s sees what was drawn, without the pointer: %d pixels differ",
          ops->name, different);
    ops->close(capture);
}

/* Damage comes when something is drawn, and only then. */
static void check_damage(const wv_capture_ops *ops, const wv_stream_config *config)
{
    wv_capture *capture;
    wv_picture picture;
    wv_error error;
    int wake_fd = eventfd(0, EFD_CLOEXEC);
    if (ops->open(config, &capture, &error) != 0) return;
    draw(1);
    ops->wait(capture, wake_fd, wv_now_us() + 500000);
    ops->grab(capture, &picture);
    while (ops->wait(capture, wake_fd, wv_now_us() + 50000) > 0) {
    }
    uint64_t before = wv_now_us();
    int32_t events = ops->wait(capture, wake_fd, before + 300000);
    CHECK(events == 0 && wv_now_us() - before >= 300000, "%s: no event on a still screen",
          ops->name);
    draw(2);
    before = wv_now_us();
    events = ops->wait(capture, wake_fd, before + 2000000);
    CHECK(events == WV_EVENT_DAMAGE && wv_now_us() - before < 1900000,
          "%s: drawing gives damage", ops->name);
    ops->grab(capture, &picture);
    CHECK(differences(&picture, 0, 0) == 0, "%s: and the new picture", ops->name);
    CHECK(ops->overtaken(capture) == 0, "%s: a picture of a still screen is whole", ops->name);
    draw(3);
    CHECK(ops->overtaken(capture) == (ops == &wv_capture_framebuffer),
          "%s: drawing after the grab can only touch a shared framebuffer", ops->name);
    CHECK(ops->wait(capture, wake_fd, wv_now_us() + 2000000) == WV_EVENT_DAMAGE,
          "%s: and its damage still comes", ops->name);
    ops->grab(capture, &picture);
    uint64_t one = 1;
    CHECK(write(wake_fd, &one, sizeof one) == sizeof one, "wake");
    before = wv_now_us();
    events = ops->wait(capture, wake_fd, before + 2000000);
    CHECK(events == 0 && wv_now_us() - before < 1900000, "%s: a wake ends the wait", ops->name);
    ops->close(capture);
    close(wake_fd);
}

/* Makes the pointer a red square of that size, with its hotspot at 3/8 and 5/8 of it. */
static Cursor define_square(unsigned int side)
{
    Pixmap blank = XCreatePixmap(display.x, display.root, side, side, 1);
    GC gc = XCreateGC(display.x, blank, 0, NULL);
    XSetForeground(display.x, gc, 1);
    XFillRectangle(display.x, blank, gc, 0, 0, side, side);
    XColor red = {.red = 65535}, white = {.red = 65535, .green = 65535, .blue = 65535};
    Cursor square =
        XCreatePixmapCursor(display.x, blank, blank, &red, &white, side * 3 / 8, side * 5 / 8);
    XDefineCursor(display.x, display.root, square);
    XFreeGC(display.x, gc);
    XFreePixmap(display.x, blank);
    XSync(display.x, False);
    usleep(20000);
    return square;
}

static void check_cursor(const wv_capture_ops *ops, const wv_stream_config *config)
{
    static wv_cursor cursor;
    wv_capture *capture;
    wv_error error;
    if (ops->open(config, &capture, &error) != 0) return;
    for (int shrunk = 1; shrunk <= 2; shrunk++) {
        int side = shrunk == 1 ? 8 : 200, shown = side / shrunk;
        Cursor square = define_square((unsigned int)side);
        CHECK(ops->cursor(capture, &cursor) == 0, "%s gives the pointer image", ops->name);
        CHECK(cursor.width == shown && cursor.height == shown && cursor.shrunk == shrunk &&
                  cursor.hotspot_x == shown * 3 / 8 && cursor.hotspot_y == shown * 5 / 8 &&
                  cursor.visible,
              "%s: %d pixels of %d with the hotspot at 3/8,5/8, not %dx%d of %d at %d,%d",
              ops->name, shown, shrunk, cursor.width, cursor.height, cursor.shrunk,
              cursor.hotspot_x, cursor.hotspot_y);
        CHECK(memcmp(cursor.pixels, (uint8_t[]){255, 0, 0, 255}, 4) == 0, "%s: red in RGBA",
              ops->name);
        XUndefineCursor(display.x, display.root);
        XFreeCursor(display.x, square);
    }
    /* The server shows nobody the pointer of a program that is gone. */
    Display *other = XOpenDisplay(DisplayString(display.x));
    XDefineCursor(other, display.root, XCreateFontCursor(other, 34));
    XCloseDisplay(other);
    int32_t read = 0;
    /* The server takes note of the end when it gets to it. */
    for (int wait = 0; wait < 100; wait++) {
        usleep(20000);
        read = ops->cursor(capture, &cursor);
        if (read != 0 || cursor.width == 12) break;
    }
    CHECK(read == 0 && cursor.width == 12 && cursor.height == 18 && cursor.visible &&
              cursor.hotspot_x == 0 && cursor.hotspot_y == 0,
          "%s: an arrow stands for a pointer that cannot be read", ops->name);
    CHECK(memcmp(cursor.pixels + 12 * 4 * 3, (uint8_t[]){255, 255, 255, 255, 0, 0, 0, 255}, 8) == 0,
          "%s: black with a white edge", ops->name);
    XUndefineCursor(display.x, display.root);
    XSync(display.x, False);
    ops->close(capture);
}

int main(int count, char **words)
{
    wv_error error;
    if (count < 2 || wv_display_open(&display, words[1], &error) != 0) return 2;
    wv_stream_config config = {
        .source_kind = WV_SOURCE_X11, .flags = 0, .framebuffer_shm_id = -1, .fps_max = 60};
    snprintf(config.display, sizeof config.display, "%s", words[1]);
    for (int i = 0; i < 2; i++) {
        const wv_capture_ops *ops = i == 0 ? &wv_capture_shm : &wv_capture_framebuffer;
        if (i == 1 && count < 3) break;
        config.framebuffer_shm_id = i == 1 ? atoi(words[2]) : -1;
        wv_stream_config region = config;
        check_region(ops, &region, 7);
        region.x = 17;
        region.y = 33;
        region.width = 200;
        region.height = 101; /* cut to 100 */
        check_region(ops, &region, 8);
        check_damage(ops, &config);
        check_cursor(ops, &config);
        region.width = 100000;
        wv_capture *capture;
        CHECK(ops->open(&region, &capture, &error) == WV_STATUS_INVALID,
              "%s refuses a region off the screen: %s", ops->name, error.text);
    }
    wv_display_close(&display);
    return checks_end();
}
