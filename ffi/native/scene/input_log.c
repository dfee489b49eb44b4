/*
 * Input log: how the lines look. X names keys ("a", "Return", "Control_L") and counts buttons from
 * 1; buttons 4 to 7 are the wheel, whose steps are given as +1 and -1, down and right positive.
 */
#include "input_log.h"

#include <X11/XKBlib.h>

void wv_log_ready(FILE *file, uint64_t time_us, int width, int height)
{
    if (!file) return;
    fprintf(file, "{\"type\":\"ready\",\"timeUs\":%llu,\"width\":%d,\"height\":%d}\n",
            (unsigned long long)time_us, width, height);
    fflush(file);
}

/* Two bytes for each of `text`, and a zero, are enough but for control characters. */
static void escape(char *out, size_t room, const char *text)
{
    size_t at = 0;
    for (; *text != 0 && at + 7 < room; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < ' ' || byte == 0x7f) at += (size_t)snprintf(out + at, room - at, "\\u%04x", byte);
        else if (byte == '"' || byte == '\\') out[at++] = '\\', out[at++] = (char)byte;
        else out[at++] = (char)byte;
    }
    out[at] = 0;
}

void wv_log_key(FILE *file, uint64_t time_us, const XKeyEvent *event, int repeat,
                const char *typed)
{
    if (!file) return;
    KeySym symbol = XkbKeycodeToKeysym(event->display, (KeyCode)event->keycode, 0, 0);
    const char *name = XKeysymToString(symbol);
    char text[256];
    escape(text, sizeof text, typed);
    fprintf(file,
            "{\"type\":\"key\",\"timeUs\":%llu,\"down\":%s,\"keycode\":%u,\"name\":\"%s\","
            "\"state\":%u,\"repeat\":%s,\"text\":\"%s\"}\n",
            (unsigned long long)time_us, event->type == KeyPress ? "true" : "false",
            event->keycode, name ? name : "", event->state, repeat ? "true" : "false", text);
    fflush(file);
}

void wv_log_button(FILE *file, uint64_t time_us, const XButtonEvent *event)
{
    if (!file) return;
    int down = event->type == ButtonPress;
    if (event->button >= 4 && event->button <= 7) {
        if (!down) return;
        int step = event->button % 2 ? 1 : -1;
        fprintf(file,
                "{\"type\":\"wheel\",\"timeUs\":%llu,\"dx\":%d,\"dy\":%d,\"x\":%d,\"y\":%d}\n",
                (unsigned long long)time_us, event->button >= 6 ? step : 0,
                event->button >= 6 ? 0 : step, event->x, event->y);
    } else {
        fprintf(file,
                "{\"type\":\"button\",\"timeUs\":%llu,\"down\":%s,\"button\":%u,\"x\":%d,"
                "\"y\":%d}\n",
                (unsigned long long)time_us, down ? "true" : "false", event->button, event->x,
                event->y);
    }
    fflush(file);
}

void wv_log_motion(FILE *file, uint64_t time_us, const XMotionEvent *event)
{
    if (!file) return;
    fprintf(file, "{\"type\":\"motion\",\"timeUs\":%llu,\"x\":%d,\"y\":%d}\n",
            (unsigned long long)time_us, event->x, event->y);
    fflush(file);
}

void wv_log_end(FILE *file, uint64_t time_us, uint32_t frames, uint32_t missed)
{
    if (!file) return;
    fprintf(file, "{\"type\":\"end\",\"timeUs\":%llu,\"frames\":%u,\"missed\":%u}\n",
            (unsigned long long)time_us, frames, missed);
    fflush(file);
}
