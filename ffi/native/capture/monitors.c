/*
 * Monitors, read anew at each change: RandR's notices tell that something changed, and some changes
 * come as three of them.
 */
#include "monitors.h"

#include <X11/extensions/Xrandr.h>
#include <string.h>

/* Whatever a name holds, it must be shown, typed and written into JSON. */
static void copy_name(char *out, const char *from)
{
    size_t at = 0;
    for (; from != NULL && *from != 0 && at + 1 < WV_MONITOR_NAME_BYTES; from++) {
        bool plain = *from >= ' ' && *from < 127 && *from != '"' && *from != '\\';
        out[at++] = plain ? *from : '?';
    }
    out[at] = 0;
}

static bool has_monitors(wv_display *display)
{
    int event, error, major = 1, minor = 5;
    return XRRQueryExtension(display->x, &event, &error) &&
           XRRQueryVersion(display->x, &major, &minor) && (major > 1 || minor >= 5);
}

static uint32_t refresh_of_mode(const XRRScreenResources *resources, RRMode mode)
{
    for (int i = 0; i < resources->nmode; i++) {
        const XRRModeInfo *info = &resources->modes[i];
        uint64_t pixels = (uint64_t)info->hTotal * info->vTotal;
        if (info->id != mode || pixels == 0) continue;
        return (uint32_t)(((uint64_t)info->dotClock * 1000u + pixels / 2) / pixels);
    }
    return 0;
}

/* Rate at which an output is refreshed; 0 where it is off or made up. */
static uint32_t refresh_of(wv_display *display, XRRScreenResources *resources, RROutput output)
{
    uint32_t refresh = 0;
    XRROutputInfo *info = XRRGetOutputInfo(display->x, resources, output);
    if (info != NULL && info->crtc != None) {
        XRRCrtcInfo *crtc = XRRGetCrtcInfo(display->x, resources, info->crtc);
        if (crtc != NULL) refresh = refresh_of_mode(resources, crtc->mode);
        if (crtc != NULL) XRRFreeCrtcInfo(crtc);
    }
    if (info != NULL) XRRFreeOutputInfo(info);
    return refresh;
}

int wv_monitors_read(wv_display *display, wv_monitor *monitors, bool with_refresh)
{
    if (display->lost || !has_monitors(display)) return 0;
    int count = 0;
    XRRMonitorInfo *list = XRRGetMonitors(display->x, display->root, True, &count);
    if (list == NULL || count < 0) return 0;
    if (count > WV_MONITORS_MAX) count = WV_MONITORS_MAX;
    XRRScreenResources *resources =
        with_refresh ? XRRGetScreenResourcesCurrent(display->x, display->root) : NULL;
    for (int i = 0; i < count; i++) {
        wv_monitor *monitor = &monitors[i];
        *monitor = (wv_monitor){.x = list[i].x,
                                .y = list[i].y,
                                .width = list[i].width,
                                .height = list[i].height,
                                .primary = list[i].primary != 0};
        char *name = XGetAtomName(display->x, list[i].name);
        copy_name(monitor->name, name);
        if (name != NULL) XFree(name);
        if (resources != NULL && list[i].noutput > 0) {
            monitor->refresh_millihz = refresh_of(display, resources, list[i].outputs[0]);
        }
    }
    if (resources != NULL) XRRFreeScreenResources(resources);
    XRRFreeMonitors(list);
    wv_display_forget_errors();
    return display->lost ? 0 : count;
}

bool wv_monitors_screen_size(wv_display *display, int *width, int *height)
{
    Window root;
    int x, y;
    unsigned w, h, border, depth;
    if (display->lost) return false;
    Status got =
        XGetGeometry(display->x, display->root, &root, &x, &y, &w, &h, &border, &depth);
    if (!got || display->lost) return false;
    *width = (int)w;
    *height = (int)h;
    return true;
}

int wv_monitors_watch(wv_display *display)
{
    int first, error;
    XSelectInput(display->x, display->root, StructureNotifyMask);
    if (!XRRQueryExtension(display->x, &first, &error)) return -1;
    XRRSelectInput(display->x, display->root,
                   RRScreenChangeNotifyMask | RRCrtcChangeNotifyMask | RROutputChangeNotifyMask);
    return first;
}

bool wv_monitors_changed(const wv_display *display, int first_event, XEvent *event)
{
    if (event->type == ConfigureNotify && event->xconfigure.window == display->root) return true;
    if (first_event < 0) return false;
    bool screen = event->type == first_event + RRScreenChangeNotify;
    if (screen) XRRUpdateConfiguration(event);
    return screen || event->type == first_event + RRNotify;
}
