/*
 * Resize, in the order that X servers want: the screen must hold what its output shows at every step,
 * so it grows first, then the output changes, then it shrinks. The server is grabbed meanwhile.
 */
#include "resize.h"

#include <X11/extensions/Xrandr.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define OWN_MODE "wavry-" /* modes that were made here; one at a time is kept */

typedef struct {
    wv_display *display;
    XRRScreenResources *resources;
    XRROutputInfo *output;
    RROutput output_id;
    int width, height, dpi;
} resizing;

static int millimetres(int pixels, int dpi)
{
    return (pixels * 254 + dpi * 5) / (dpi * 10);
}

/* Finds the one output that is on; false where there are several or none. */
static bool find_output(resizing *self)
{
    int on = 0;
    for (int i = 0; i < self->resources->noutput; i++) {
        RROutput id = self->resources->outputs[i];
        XRROutputInfo *info = XRRGetOutputInfo(self->display->x, self->resources, id);
        if (info == NULL) continue;
        bool is_on = info->crtc != None;
        on += is_on;
        if (is_on && self->output == NULL) {
            self->output = info;
            self->output_id = id;
        } else {
            XRRFreeOutputInfo(info);
        }
    }
    return on == 1;
}

static const XRRModeInfo *mode_info(const resizing *self, RRMode id)
{
    for (int i = 0; i < self->resources->nmode; i++) {
        if (self->resources->modes[i].id == id) return &self->resources->modes[i];
    }
    return NULL;
}

/* A mode of that size which the output has already, or None. */
static RRMode find_mode(const resizing *self)
{
    for (int i = 0; i < self->output->nmode; i++) {
        const XRRModeInfo *info = mode_info(self, self->output->modes[i]);
        if (info == NULL) continue;
        if ((int)info->width == self->width && (int)info->height == self->height) return info->id;
    }
    return None;
}

/* Makes a mode of 60 Hz without blanking, which no cable will carry. */
static RRMode make_mode(resizing *self)
{
    char name[48];
    snprintf(name, sizeof name, OWN_MODE "%dx%d", self->width, self->height);
    unsigned width = (unsigned)self->width, height = (unsigned)self->height;
    XRRModeInfo info = {.width = width,
                        .height = height,
                        .dotClock = (unsigned long)width * height * 60,
                        .hSyncStart = width,
                        .hSyncEnd = width,
                        .hTotal = width,
                        .vSyncStart = height,
                        .vSyncEnd = height,
                        .vTotal = height,
                        .name = name,
                        .nameLength = (unsigned)strlen(name)};
    RRMode mode = XRRCreateMode(self->display->x, self->display->root, &info);
    if (wv_display_sync(self->display) != 0 || mode == None) return None;
    XRRAddOutputMode(self->display->x, self->output_id, mode);
    if (wv_display_sync(self->display) == 0) return mode;
    XRRDestroyMode(self->display->x, mode);
    wv_display_sync(self->display);
    return None;
}

static void set_screen(resizing *self, int width, int height)
{
    XRRSetScreenSize(self->display->x, self->display->root, width, height,
                     millimetres(width, self->dpi), millimetres(height, self->dpi));
}

/* True when the output shows mode and the screen has its size. */
static bool switch_to(resizing *self, RRMode mode)
{
    int before[2] = {DisplayWidth(self->display->x, DefaultScreen(self->display->x)),
                     DisplayHeight(self->display->x, DefaultScreen(self->display->x))};
    Window root;
    int x, y;
    unsigned w, h, border, depth;
    Display *display = self->display->x;
    if (XGetGeometry(display, self->display->root, &root, &x, &y, &w, &h, &border, &depth)) {
        before[0] = (int)w;
        before[1] = (int)h;
    }
    int wide = before[0] > self->width ? before[0] : self->width;
    int high = before[1] > self->height ? before[1] : self->height;
    if (wide != before[0] || high != before[1]) set_screen(self, wide, high);
    if (wv_display_sync(self->display) != 0) return false;
    Status status = XRRSetCrtcConfig(display, self->resources, self->output->crtc, CurrentTime, 0,
                                     0, mode, RR_Rotate_0, &self->output_id, 1);
    bool shown = wv_display_sync(self->display) == 0 && status == RRSetConfigSuccess;
    /* Where the output refused, the screen goes back to what it was. */
    set_screen(self, shown ? self->width : before[0], shown ? self->height : before[1]);
    return wv_display_sync(self->display) == 0 && shown;
}

/* Removes modes that were made here for other sizes. */
static void forget_modes(resizing *self, RRMode kept)
{
    for (int i = 0; i < self->output->nmode; i++) {
        const XRRModeInfo *info = mode_info(self, self->output->modes[i]);
        if (info == NULL || info->id == kept) continue;
        if (strncmp(info->name, OWN_MODE, strlen(OWN_MODE)) != 0) continue;
        XRRDeleteOutputMode(self->display->x, self->output_id, info->id);
        XRRDestroyMode(self->display->x, info->id);
    }
    wv_display_sync(self->display);
}

static int32_t resize(resizing *self, wv_error *error)
{
    int low[2], high[2];
    if (!find_output(self)) {
        return wv_fail(error, WV_STATUS_UNSUPPORTED, "the display has not exactly one output on");
    }
    if (!XRRGetScreenSizeRange(self->display->x, self->display->root, &low[0], &low[1], &high[0],
                               &high[1]) ||
        self->width < low[0] || self->height < low[1] || self->width > high[0] ||
        self->height > high[1]) {
        return wv_fail(error, WV_STATUS_TOO_LARGE, "the X server does not go to %dx%d", self->width,
                       self->height);
    }
    RRMode mode = find_mode(self);
    if (mode == None) mode = make_mode(self);
    if (mode == None) {
        return wv_fail(error, WV_STATUS_UNSUPPORTED, "the X server takes no mode of %dx%d",
                       self->width, self->height);
    }
    if (!switch_to(self, mode)) {
        return wv_fail(error, WV_STATUS_FAILED, "the X server refused %dx%d", self->width,
                       self->height);
    }
    forget_modes(self, mode);
    return WV_STATUS_OK;
}

int32_t wv_resize_screen(wv_display *display, int width, int height, int dpi, wv_error *error)
{
    int event, code, major = 1, minor = 3;
    if (!XRRQueryExtension(display->x, &event, &code) ||
        !XRRQueryVersion(display->x, &major, &minor) || (major == 1 && minor < 3)) {
        return wv_fail(error, WV_STATUS_UNAVAILABLE, "the X server lacks RandR 1.3");
    }
    resizing self = {.display = display, .width = width, .height = height, .dpi = dpi};
    self.resources = XRRGetScreenResourcesCurrent(display->x, display->root);
    if (self.resources == NULL) {
        return wv_fail(error, WV_STATUS_FAILED, "the X server tells no outputs");
    }
    XGrabServer(display->x);
    int32_t status = resize(&self, error);
    XUngrabServer(display->x);
    wv_display_sync(display);
    if (self.output != NULL) XRRFreeOutputInfo(self.output);
    XRRFreeScreenResources(self.resources);
    return status;
}
