/*
 * The parts of the C interface that belong to no step: its version, and what this machine offers.
 */
#include "native.h"

#include <X11/Xlib.h>
#include <X11/extensions/XShm.h>
#include <X11/extensions/XTest.h>
#include <X11/extensions/Xdamage.h>
#include <X11/extensions/Xfixes.h>
#include <X11/extensions/Xrandr.h>

#include "audio/opus_library.h"
#include "audio/pulse_library.h"
#include "capture/capture.h"
#include "convert/convert.h"
#include "encode/encode.h"
#include "input/input.h"
#include "x11_display.h"

uint32_t wv_abi_version(void)
{
    return WV_ABI_VERSION;
}

uint64_t wv_monotonic_us(void)
{
    return wv_now_us();
}

/* Refresh rate in thousandths of a hertz; 0 where RandR does not tell. */
static uint32_t refresh_of(wv_display *display)
{
    int event, error;
    if (!XRRQueryExtension(display->x, &event, &error)) return 0;
    XRRScreenConfiguration *screen = XRRGetScreenInfo(display->x, display->root);
    if (screen == NULL) return 0;
    short rate = XRRConfigCurrentRate(screen);
    XRRFreeScreenConfigInfo(screen);
    return rate > 0 ? (uint32_t)rate * 1000u : 0;
}

int32_t wv_display_info(const uint8_t *name, wv_display_info_data *info)
{
    wv_display display;
    wv_error error;
    int event, code, major, minor;
    if (name == NULL || info == NULL) return WV_STATUS_INVALID;
    if (wv_display_open(&display, (const char *)name, &error) != WV_STATUS_OK) return error.status;
    int screen = DefaultScreen(display.x);
    *info = (wv_display_info_data){
        .width = (uint32_t)DisplayWidth(display.x, screen),
        .height = (uint32_t)DisplayHeight(display.x, screen),
        .refresh_millihz = refresh_of(&display),
        .depth = (uint32_t)DefaultDepth(display.x, screen),
        .has_shm = XShmQueryExtension(display.x) != 0,
        .has_damage = XDamageQueryExtension(display.x, &event, &code) != 0,
        .has_fixes = XFixesQueryExtension(display.x, &event, &code) != 0,
        .has_test = XTestQueryExtension(display.x, &event, &code, &major, &minor) != 0,
    };
    int32_t status = display.lost ? WV_STATUS_DISPLAY_LOST : WV_STATUS_OK;
    wv_display_close(&display);
    return status;
}

typedef struct {
    char *text;
    size_t bytes, used;
} json_list;

/* Appends one candidate; texts of this library need no escape but the quotation mark. */
static void append(json_list *list, const char *kind, const char *name, const wv_error *error)
{
    char detail[sizeof error->text];
    size_t at = 0;
    for (const char *from = error->text; *from != 0 && at + 1 < sizeof detail; from++) {
        detail[at++] = *from == '"' || *from == '\\' || *from < ' ' ? '\'' : *from;
    }
    detail[at] = 0;
    if (list->used >= list->bytes) return;
    int written = snprintf(
        list->text + list->used, list->bytes - list->used,
        "%s{\"kind\":\"%s\",\"name\":\"%s\",\"usable\":%s,\"detail\":\"%s\"}",
        list->used > 1 ? "," : "", kind, name, error->status == WV_STATUS_OK ? "true" : "false",
        detail);
    list->used += written > 0 ? (size_t)written : 0;
}

int32_t wv_candidates(uint8_t *json, uint32_t bytes)
{
    if (json == NULL || bytes < 3) return WV_STATUS_INVALID;
    json_list list = {.text = (char *)json, .bytes = bytes};
    wv_error error;
    list.used = (size_t)snprintf(list.text, bytes, "[");
    for (size_t i = 0; i < WV_CAPTURES; i++) {
        wv_fail(&error, WV_STATUS_OK, "built in");
        append(&list, "capture", WV_CAPTURE_CANDIDATES[i]->name, &error);
    }
    for (size_t i = 0; i < WV_CONVERTERS; i++) {
        WV_CONVERT_CANDIDATES[i]->probe(&error);
        append(&list, "convert", WV_CONVERT_CANDIDATES[i]->name, &error);
    }
    for (size_t i = 0; i < WV_ENCODERS; i++) {
        WV_ENCODER_CANDIDATES[i]->probe(&error);
        append(&list, "encode", WV_ENCODER_CANDIDATES[i]->name, &error);
    }
    for (size_t i = 0; i < WV_INPUTS; i++) {
        WV_INPUT_CANDIDATES[i]->probe(&error);
        append(&list, "input", WV_INPUT_CANDIDATES[i]->name, &error);
    }
    wv_opus_probe(&error);
    append(&list, "sound", "opus", &error);
    wv_pulse_probe(&error);
    append(&list, "sound", "pulse", &error);
    if (list.used + 2 > bytes) return WV_STATUS_TOO_LARGE;
    list.used += (size_t)snprintf(list.text + list.used, bytes - list.used, "]");
    return (int32_t)list.used;
}
