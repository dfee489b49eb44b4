/*
 * wavry_screen DISPLAY: tells the monitors of one X display and sets its size, apart from both
 * processes of a host: the server opens no X display, and the media process only while it captures.
 * Each line that comes is `size WIDTH HEIGHT DPI`; each that leaves is one JSON object. It ends with
 * its standard input, or with the display.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../capture/monitors.h"
#include "resize.h"

#define LINE_MAX_BYTES 128
#define SIDE_MIN 16
#define SIDE_MAX 8192
#define DPI_MIN 48
#define DPI_MAX 480
#define QUIET_MS 30 /* one change comes as several notices */

typedef struct {
    wv_display display;
    int randr_event;
    char line[LINE_MAX_BYTES];
    size_t line_bytes;
    bool line_too_long;
    char told[4096]; /* the newest line about monitors, not to say the same twice */
} program;

/* Names that RandR gives need no escape; texts of our own have none. */
static void tell_monitors(program *self)
{
    wv_monitor monitors[WV_MONITORS_MAX];
    int width = 0, height = 0;
    if (!wv_monitors_screen_size(&self->display, &width, &height)) return;
    int count = wv_monitors_read(&self->display, monitors, true);
    char text[sizeof self->told];
    int used = snprintf(text, sizeof text, "{\"type\":\"monitors\",\"width\":%d,\"height\":%d,"
                        "\"monitors\":[", width, height);
    for (int i = 0; i < count; i++) {
        const wv_monitor *monitor = &monitors[i];
        used += snprintf(text + used, sizeof text - (size_t)used,
                         "%s{\"name\":\"%s\",\"x\":%d,\"y\":%d,\"width\":%d,\"height\":%d,"
                         "\"primary\":%s,\"refreshMilliHz\":%u}",
                         i > 0 ? "," : "", monitor->name, monitor->x, monitor->y, monitor->width,
                         monitor->height, monitor->primary ? "true" : "false",
                         monitor->refresh_millihz);
    }
    snprintf(text + used, sizeof text - (size_t)used, "]}");
    if (strcmp(text, self->told) == 0) return;
    strcpy(self->told, text);
    puts(text);
    fflush(stdout);
}

static void answer(int width, int height, const wv_error *error)
{
    char text[sizeof error->text];
    size_t at = 0;
    for (const char *from = error->text; *from != 0 && at + 1 < sizeof text; from++) {
        text[at++] = *from == '"' || *from == '\\' || *from < ' ' ? '\'' : *from;
    }
    text[at] = 0;
    printf("{\"type\":\"resized\",\"width\":%d,\"height\":%d,\"isDone\":%s,\"why\":\"%s\"}\n", width,
           height, error->status == WV_STATUS_OK ? "true" : "false", text);
    fflush(stdout);
}

static bool between(int value, int low, int high)
{
    return value >= low && value <= high;
}

static void take_line(program *self)
{
    int width, height, dpi;
    char rest;
    wv_error error = {.status = WV_STATUS_OK, .text = ""};
    if (self->line_too_long ||
        sscanf(self->line, "size %d %d %d%c", &width, &height, &dpi, &rest) != 3 ||
        !between(width, SIDE_MIN, SIDE_MAX) || !between(height, SIDE_MIN, SIDE_MAX) ||
        !between(dpi, DPI_MIN, DPI_MAX)) {
        wv_fail(&error, WV_STATUS_INVALID, "the line is no size");
        answer(0, 0, &error);
        return;
    }
    wv_resize_screen(&self->display, width, height, dpi, &error);
    if (!self->display.lost) answer(width, height, &error);
}

/* Takes what standard input has; false at its end. */
static bool read_lines(program *self)
{
    char bytes[256];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) return false;
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            self->line[self->line_bytes] = 0;
            take_line(self);
            self->line_bytes = 0;
            self->line_too_long = false;
        } else if (self->line_bytes + 1 < sizeof self->line) {
            self->line[self->line_bytes++] = bytes[i];
        } else {
            self->line_too_long = true;
        }
    }
    return true;
}

/* True when the layout may have changed. */
static bool read_events(program *self)
{
    bool changed = false;
    XEvent event;
    while (!self->display.lost && XPending(self->display.x) > 0) {
        XNextEvent(self->display.x, &event);
        if (self->display.lost) break;
        changed = wv_monitors_changed(&self->display, self->randr_event, &event) || changed;
    }
    return changed;
}

static int run(program *self)
{
    bool due = true;
    for (;;) {
        due = read_events(self) || due;
        if (self->display.lost) return EXIT_FAILURE;
        struct pollfd wait[2] = {{.fd = ConnectionNumber(self->display.x), .events = POLLIN},
                                 {.fd = STDIN_FILENO, .events = POLLIN}};
        int ready = poll(wait, 2, due ? QUIET_MS : -1);
        if (ready < 0 && errno != EINTR) return EXIT_FAILURE;
        if (ready == 0 && due) {
            tell_monitors(self);
            due = false;
        }
        if (wait[1].revents != 0 && !read_lines(self)) return EXIT_SUCCESS;
    }
}

int main(int count, char **words)
{
    static program self;
    wv_error error;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* of a terminal; the server decides when this ends */
    if (count != 2) {
        fprintf(stderr, "usage: wavry_screen DISPLAY\n");
        return 2;
    }
    if (wv_display_open(&self.display, words[1], &error) != WV_STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        return EXIT_FAILURE;
    }
    self.randr_event = wv_monitors_watch(&self.display);
    int code = run(&self);
    wv_display_close(&self.display);
    return code;
}
